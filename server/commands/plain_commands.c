/* Small commands: migrate, routes, config, healthcheck, version. */
#include <curl/curl.h>
#include <stdio.h>

#include "base/json_write.h"
#include "commands/command.h"
#include "router.h"
#include "store/migrate.h"

enum { OUTPUT_BYTES_MAX = 1 << 20 };

static const char healthcheck_usage[] = "healthcheck [--listen ADDRESS]";

static const char config_usage[] = "config [--markdown]";

static const char migrate_usage[] = "migrate [--database-url URL | --data-dir DIR]";

/* A command without options that is to work whatever the settings are. False: return *ret_status.
 */
static bool takes_nothing(int argc, char **argv, int *ret_status)
{
    if (argc == 1) {
        return true;
    }
    const bool is_help_asked = argc == 2 && strcmp(argv[1], "--help") == 0;
    if (!is_help_asked) {
        (void)fprintf(stderr, "relais %s: \"%s\" is one word too many\n", argv[0],
                      argv[strcmp(argv[1], "--help") == 0 ? 2 : 1]);
    }
    (void)fprintf(is_help_asked ? stdout : stderr, "Usage: relais %s\n", argv[0]);
    *ret_status = is_help_asked ? EXIT_OK : EXIT_USAGE;
    return false;
}

int command_version(int argc, char **argv)
{
    int status;
    if (!takes_nothing(argc, argv, &status)) {
        return status;
    }
    (void)printf("relais %s (schema %d)\n", RELAIS_VERSION, migrate_version());
    return EXIT_OK;
}

int command_migrate(int argc, char **argv)
{
    struct config config = {0};
    int status;
    if (!command_config(&config, CONFIG_DATABASE, NULL, 0, argc, argv, migrate_usage, &status) ||
        !command_takes_no_words(&config, argv, migrate_usage, &status)) {
        return status;
    }
    struct err err;
    struct embedded *embedded = NULL;
    const char *url = NULL;
    struct migrate_report report;
    enum err_code code = command_database(&config, &embedded, &url, &err);
    code = code != OK ? code : migrate(url, &report, &err);
    if (code == OK) {
        (void)printf("schema %d -> %d\n", report.from_version, report.to_version);
    }
    status = code == OK ? EXIT_OK : command_fail("migrate", &err, EXIT_DATABASE);
    embedded_free(embedded);
    config_done(&config);
    return status;
}

/* "sales", or "marketing|sales" where either is enough. */
static void write_scope(struct json_writer *json, unsigned scope)
{
    CLEANUP(buf_done) struct buf names;
    buf_init(&names, OUTPUT_BYTES_MAX);
    for (unsigned bit = 0; scope_names[bit] != NULL; bit++) {
        if ((scope & 1U << bit) != 0) {
            buf_printf(&names, "%s%s", names.len > 0 ? "|" : "", scope_names[bit]);
        }
    }
    json_text(json, names.len > 0 ? buf_str(&names).data : "none");
}

static void write_required(struct json_writer *json, const struct schema *schema)
{
    json_key(json, "required");
    json_array_begin(json);
    for (size_t i = 0; i < schema->count; i++) {
        if ((schema->fields[i].flags & FIELD_REQUIRED) != 0) {
            json_text(json, schema->fields[i].name);
        }
    }
    json_array_end(json);
}

static void write_route(struct json_writer *json, const struct route *route)
{
    json_object_begin(json);
    JSON_FIELD(json, "method", json_text, router_method_names[route->method]);
    JSON_FIELD(json, "path", json_text, route->path);
    JSON_FIELD(json, "operation_id", json_text, route->operation_id);
    JSON_FIELD(json, "scope", write_scope, route->scope);
    JSON_FIELD(json, "body_limit", json_int, (int64_t)route->body_bytes_max);
    if (route->schema != NULL) {
        write_required(json, route->schema);
    }
    json_object_end(json);
}

int command_routes(int argc, char **argv)
{
    int status;
    if (!takes_nothing(argc, argv, &status)) {
        return status;
    }
    for (size_t i = 0; i < routes_count; i++) {
        CLEANUP(buf_done) struct buf line;
        buf_init(&line, OUTPUT_BYTES_MAX);
        struct json_writer json;
        json_writer_init(&json, &line);
        write_route(&json, &routes[i]);
        (void)printf("%s\n", buf_str(&line).data);
    }
    return EXIT_OK;
}

int command_config_show(int argc, char **argv)
{
    struct config config = {0};
    struct config_flag markdown = {"markdown", NULL, "as the README's table", NULL};
    int status;
    if (!command_config(&config, CONFIG_PLAIN, &markdown, 1, argc, argv, config_usage, &status) ||
        !command_takes_no_words(&config, argv, config_usage, &status)) {
        return status;
    }
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, OUTPUT_BYTES_MAX);
    if (markdown.value != NULL) {
        config_write_markdown(&out);
    } else {
        config_write(&out, &config);
    }
    (void)fputs(buf_str(&out).data, stdout);
    config_done(&config);
    return EXIT_OK;
}

static size_t swallow(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

/* Asks the running service; for container health checks, where there is no curl. */
static int ask(const struct config *config, const char *path)
{
    char url[256];
    (void)snprintf(url, sizeof url, "http://%s%s", config->listen.text, path);
    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    if (curl == NULL) {
        return EXIT_FAILED;
    }
    long status = 0;
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 5L);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
    const CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    if (code != CURLE_OK || status != 200) {
        (void)fprintf(stderr, "relais healthcheck: %s answers %ld (%s)\n", url, status,
                      curl_easy_strerror(code));
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

int command_healthcheck(int argc, char **argv)
{
    struct config config = {0};
    int status;
    if (!command_config(&config, CONFIG_HEALTHCHECK, NULL, 0, argc, argv, healthcheck_usage,
                        &status) ||
        !command_takes_no_words(&config, argv, healthcheck_usage, &status)) {
        return status;
    }
    status = ask(&config, "/readyz");
    config_done(&config);
    return status;
}

/*
 * The configuration: which source wins, what is refused and with which words, that a typo is
 * noticed and answered with a suggestion, and that a secret never shows.
 */
#include "testing_directory.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "config.h"

enum { WORDS_MAX = 40 };

/* A call of config_load: words and variables end with NULL. */
struct load {
    struct config config;
    struct err err;
    enum err_code code;
};

static struct load load_with(enum config_command command, struct config_flag *flags,
                             size_t flag_count, const char *const *words,
                             const char *const *variables)
{
    struct load load = {.code = OK};
    char *argv[WORDS_MAX + 1];
    char *envp[WORDS_MAX + 1];
    size_t argc = 0;
    size_t envc = 0;
    while (words[argc] != NULL) {
        assert_true(argc < WORDS_MAX);
        argv[argc] = (char *)(uintptr_t)words[argc];
        argc++;
    }
    while (variables[envc] != NULL) {
        envp[envc] = (char *)(uintptr_t)variables[envc];
        envc++;
    }
    envp[envc] = NULL;
    load.code = config_load(&load.config, command, flags, flag_count, argc, argv, envp, &load.err);
    return load;
}

#define WORDS(...)     ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define VARIABLES(...) ((const char *const[]){"HOME=/home/x", __VA_ARGS__ __VA_OPT__(, ) NULL})

static struct load load_serve(const char *const *words, const char *const *variables)
{
    return load_with(CONFIG_SERVE, /* flags= */ NULL, 0, words, variables);
}

static void assert_fails(const char *const *words, const char *const *variables, enum err_code code,
                         const char *part)
{
    struct load load = load_serve(words, variables);
    if (load.code != code || strstr(load.err.detail, part) == NULL) {
        fail_msg("code %s (%s), expected %s with \"%s\"", err_name(load.code), load.err.detail,
                 err_name(code), part);
    }
    config_done(&load.config);
}

static void test_defaults(void **state)
{
    (void)state;
    struct load load = load_serve(WORDS(), VARIABLES());
    const struct config *config = &load.config;
    assert_int_equal(load.code, OK);
    assert_string_equal(config->listen.text, "127.0.0.1:8080");
    assert_int_equal(config->listen.storage.ss_family, AF_INET);
    assert_null(config->database_url);
    assert_null(config->base_url);
    assert_null(config->pg_bin);
    assert_string_equal(config->data_dir,
                        geteuid() == 0 ? "/var/lib/relais" : "/home/x/.local/share/relais");
    assert_int_equal(config->http_threads, 2);
    assert_int_equal(config->connections_max, 16384);
    assert_int_equal(config->ingest_writers, 2);
    assert_int_equal(config->bulk_writers, 3);
    assert_int_equal(config->write_writers, 1);
    assert_int_equal(config->readers, 2);
    assert_int_equal(config->queue_items, 4096);
    assert_int_equal(config->batch_items, 256);
    assert_int_equal(config->body_form_bytes_max, 65536);
    assert_int_equal(config->body_batch_bytes_max, 8 * 1024 * 1024);
    assert_int_equal(config->bodies_in_flight_bytes_max, 16 * 1024 * 1024);
    assert_int_equal(config->header_timeout_us, 5 * US_PER_SECOND);
    assert_int_equal(config->body_timeout_us, 10 * US_PER_SECOND);
    assert_int_equal(config->operation_timeout_us, 10 * US_PER_SECOND);
    assert_int_equal(config->drain_timeout_us, 15 * US_PER_SECOND);
    assert_int_equal(config->event_retention_us, 400 * US_PER_DAY);
    assert_int_equal(config->log_level, LOG_INFO);
    assert_int_equal(config->trusted_proxies.count, 0);
    assert_int_equal(config->forwarded_header, FORWARDED_X_FORWARDED_FOR);
    assert_int_equal(config->rate_limit_ip.requests, 0);
    assert_int_equal(config->rate_limit_key.requests, 0);
    config_done(&load.config);
}

static void test_option_beats_environment_beats_default(void **state)
{
    (void)state;
    struct load load = load_serve(WORDS("--listen", "[::1]:0", "--readers=7"),
                                  VARIABLES("RELAIS_LISTEN=10.0.0.1:80", "RELAIS_READERS=3",
                                            "RELAIS_BATCH_ITEMS=9",
                                            "RELAIS_QUEUE_ITEMS=", "PATH=/bin", "RELAISED=1"));
    assert_int_equal(load.code, OK);
    assert_string_equal(load.config.listen.text, "[::1]:0");
    assert_int_equal(load.config.listen.storage.ss_family, AF_INET6);
    assert_int_equal(load.config.readers, 7);
    assert_int_equal(load.config.batch_items, 9);
    assert_int_equal(load.config.queue_items, 4096); /* an empty variable is not set */
    config_done(&load.config);
}

static void test_values(void **state)
{
    (void)state;
    struct load load = load_serve(WORDS("--base-url", "https://relais.example.com/sales//",
                                        "--body-form-bytes-max", "32 KiB", "--body-batch-bytes-max",
                                        "1mib", "--header-timeout", "PT0.25S", "--log-level",
                                        "warn", "--listen", "localhost:1"),
                                  VARIABLES());
    assert_int_equal(load.code, OK);
    assert_string_equal(load.config.base_url, "https://relais.example.com/sales");
    assert_int_equal(load.config.body_form_bytes_max, 32768);
    assert_int_equal(load.config.body_batch_bytes_max, 1048576);
    assert_int_equal(load.config.header_timeout_us, 250000);
    assert_int_equal(load.config.log_level, LOG_WARN);
    struct sockaddr_in address;
    memcpy(&address, &load.config.listen.storage, sizeof address);
    assert_int_equal(ntohl(address.sin_addr.s_addr), INADDR_LOOPBACK);
    assert_int_equal(ntohs(address.sin_port), 1);
    config_done(&load.config);
}

static void test_bad_values_say_what_is_accepted(void **state)
{
    (void)state;
    assert_fails(WORDS("--readers", "0"), VARIABLES(), ERR_MALFORMED,
                 "--readers must be a whole number, 1 to 32");
    assert_fails(WORDS("--readers", "33"), VARIABLES(), ERR_MALFORMED, "1 to 32");
    assert_fails(WORDS("--readers", "two"), VARIABLES(), ERR_MALFORMED, "1 to 32");
    assert_fails(WORDS(), VARIABLES("RELAIS_READERS=99999999999999999999"), ERR_INVALID,
                 "RELAIS_READERS must be");
    assert_fails(WORDS(), VARIABLES("RELAIS_BODY_FORM_BYTES_MAX=9007199254740993 GiB"), ERR_INVALID,
                 "1 KiB to 512 KiB");
    assert_fails(WORDS(), VARIABLES("RELAIS_BODY_TIMEOUT=10"), ERR_INVALID, "such as PT5S");
    assert_fails(WORDS(), VARIABLES("RELAIS_BODY_TIMEOUT=PT0.05S"), ERR_INVALID,
                 "PT0.1S to PT3600S");
    assert_fails(WORDS(), VARIABLES("RELAIS_LOG_LEVEL=loud"), ERR_INVALID,
                 "debug, info, warn or error");
    assert_fails(WORDS(), VARIABLES("RELAIS_BASE_URL=relais.example.com"), ERR_INVALID,
                 "must be a URL");
    assert_fails(WORDS(), VARIABLES("RELAIS_BASE_URL=https://"), ERR_INVALID, "must be a URL");
    assert_fails(WORDS(), VARIABLES("RELAIS_BASE_URL=https://a b"), ERR_INVALID, "must be a URL");
    assert_fails(WORDS("--body-batch-bytes-max", "64 MiB"), VARIABLES(), ERR_INVALID,
                 "must not decrease");
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "8080",   ":8080",          "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",     "[::1]",
        "::1:80", "[127.0.0.1]:80", "1.2.3:80",  "[:::1]:80",  "127.0.0.1:65536", "example.com:80",
        "[]:80",  "127.0.0.1:-1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_fails(WORDS("--listen", bad[i]), VARIABLES(), ERR_MALFORMED,
                     "must be an address and a port");
    }
}

static void test_command_line_faults(void **state)
{
    (void)state;
    assert_fails(WORDS("--lisen", "x"), VARIABLES(), ERR_MALFORMED, "did you mean --listen?");
    assert_fails(WORDS("--lisen=x"), VARIABLES(), ERR_MALFORMED, "unknown option --lisen;");
    assert_fails(WORDS("--entirely-different"), VARIABLES(), ERR_MALFORMED, "--help lists them");
    assert_fails(WORDS("-l", "x"), VARIABLES(), ERR_MALFORMED, "two dashes");
    assert_fails(WORDS("--listen"), VARIABLES(), ERR_MALFORMED, "--listen needs a value");
    assert_fails(WORDS("--listen="), VARIABLES(), ERR_MALFORMED, "--listen needs a value");
    assert_fails(WORDS("--readers=1", "--readers=2"), VARIABLES(), ERR_MALFORMED, "given twice");
}

static void test_unknown_variable_is_fatal(void **state)
{
    (void)state;
    assert_fails(WORDS(), VARIABLES("RELAIS_LISTN=x"), ERR_INVALID, "did you mean RELAIS_LISTEN?");
    assert_fails(WORDS(), VARIABLES("RELAIS_DATABASE_URL=x"), ERR_INVALID,
                 "did you mean DATABASE_URL?");
    assert_fails(WORDS(), VARIABLES("RELAIS_LISTEN_FILE=x"), ERR_INVALID,
                 "unknown environment variable");
    assert_fails(WORDS(), VARIABLES("RELAIS_=x"), ERR_INVALID, "unknown environment variable");
}

static void test_flags_and_arguments(void **state)
{
    (void)state;
    struct config_flag flags[] = {
        {.name = "name", .value_name = "TEXT", .help = "how it is called"},
        {.name = "dry-run",              .help = "change nothing"                 },
    };
    struct load load =
        load_with(CONFIG_DATABASE, flags, ARRAY_LEN(flags),
                  WORDS("create", "--name", "--dry-run", "--dry-run", "-", "--", "--x"),
                  VARIABLES("RELAIS_HTTP_THREADS=4"));
    assert_int_equal(load.code, OK);
    assert_string_equal(flags[0].value, "--dry-run");
    assert_string_equal(flags[1].value, "");
    assert_int_equal(load.config.argument_count, 3);
    assert_string_equal(load.config.arguments[0], "create");
    assert_string_equal(load.config.arguments[1], "-");
    assert_string_equal(load.config.arguments[2], "--x");
    config_done(&load.config);

    /* a setting that is an option of another command only */
    flags[0].value = flags[1].value = NULL;
    load = load_with(CONFIG_DATABASE, flags, ARRAY_LEN(flags), WORDS("--http-threads", "2"),
                     VARIABLES());
    assert_int_equal(load.code, ERR_MALFORMED);
    config_done(&load.config);
    load = load_with(CONFIG_DATABASE, flags, ARRAY_LEN(flags), WORDS("--dry-run=yes"), VARIABLES());
    assert_int_equal(load.code, ERR_MALFORMED);
    assert_non_null(strstr(load.err.detail, "takes no value"));
    config_done(&load.config);
    load = load_with(CONFIG_DATABASE, flags, ARRAY_LEN(flags), WORDS("--dryrun"), VARIABLES());
    assert_non_null(strstr(load.err.detail, "did you mean --dry-run?"));
    config_done(&load.config);

    const char *many[CONFIG_ARGUMENTS_MAX + 2] = {NULL};
    for (size_t i = 0; i < CONFIG_ARGUMENTS_MAX + 1; i++) {
        many[i] = "x";
    }
    assert_fails(many, VARIABLES(), ERR_MALFORMED, "more than 32 arguments");
}

static void test_help_asks_for_nothing_else(void **state)
{
    (void)state;
    struct load load = load_serve(WORDS("--help"), VARIABLES("RELAIS_NONSENSE=1"));
    assert_int_equal(load.code, OK);
    assert_true(load.config.is_help_asked);
    config_done(&load.config);
    load = load_serve(WORDS("--", "-h"), VARIABLES());
    assert_false(load.config.is_help_asked);
    config_done(&load.config);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_secrets(void **state)
{
    (void)state;
    char directory[TESTING_PATH_BYTES];
    assert_true(testing_directory(directory));
    char path[2 * TESTING_PATH_BYTES];
    snprintf(path, sizeof path, "%s/secret", directory);
    char variable[3 * TESTING_PATH_BYTES];
    snprintf(variable, sizeof variable, "DATABASE_URL_FILE=%s", path);

    write_file(path, "postgresql://u:s3cret@h/d\n");
    struct load load = load_serve(WORDS(), VARIABLES(variable));
    assert_int_equal(load.code, OK);
    assert_string_equal(load.config.database_url, "postgresql://u:s3cret@h/d");

    struct buf out;
    buf_init(&out, CONFIG_OUTPUT_BYTES_MAX);
    config_write(&out, &load.config);
    assert_false(out.failed);
    assert_null(strstr(out.data, "s3cret"));
    assert_non_null(strstr(out.data, "DATABASE_URL=(set)  # file\n"));
    buf_done(&out);
    config_done(&load.config);

    assert_fails(WORDS(), VARIABLES(variable, "DATABASE_URL=y"), ERR_INVALID, "both set");
    write_file(path, "\n");
    assert_fails(WORDS(), VARIABLES(variable), ERR_INVALID, "must hold 1 to");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
    assert_fails(WORDS(), VARIABLES(variable), ERR_INVALID, "cannot read");
}

static bool trusts(const struct config *config, const char *text)
{
    struct address address;
    assert_true(address_parse(str_from(text), &address));
    for (size_t i = 0; i < config->trusted_proxies.count; i++) {
        if (address_network_holds(&config->trusted_proxies.items[i], &address)) {
            return true;
        }
    }
    return false;
}

static void test_trusted_proxies(void **state)
{
    (void)state;
    struct load load = load_serve(
        WORDS("--trusted-proxies", "10.0.0.0/8, 192.0.2.128/25,203.0.113.7,2001:db8::/33,::1"),
        VARIABLES());
    assert_int_equal(load.code, OK);
    const struct config *config = &load.config;
    assert_true(trusts(config, "10.255.1.2"));
    assert_true(trusts(config, "::ffff:10.0.0.1")); /* the same peer on a dual-stack socket */
    assert_false(trusts(config, "11.0.0.1"));
    assert_true(trusts(config, "192.0.2.128"));
    assert_false(trusts(config, "192.0.2.127"));
    assert_true(trusts(config, "203.0.113.7"));
    assert_false(trusts(config, "203.0.113.6"));
    assert_true(trusts(config, "2001:db8:7fff::1"));
    assert_false(trusts(config, "2001:db8:8000::1"));
    assert_true(trusts(config, "::1"));
    assert_false(trusts(config, "::2"));
    struct buf out;
    buf_init(&out, CONFIG_OUTPUT_BYTES_MAX);
    config_write(&out, config);
    assert_non_null(strstr(out.data, "RELAIS_TRUSTED_PROXIES=10.0.0.0/8,192.0.2.128/25,203.0.113.7/"
                                     "32,2001:db8::/33,::1/128  # option\n"));
    buf_done(&out);
    config_done(&load.config);

    static const char *const bad[] = {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "x",
                                      "1.2.3.4,",   "::/129",      ","};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_fails(WORDS("--trusted-proxies", bad[i]), VARIABLES(), ERR_MALFORMED,
                     "is not an address or network");
    }
    load = load_serve(WORDS("--trusted-proxies", "0.0.0.0/0"), VARIABLES());
    assert_true(trusts(&load.config, "8.8.8.8"));
    assert_false(trusts(&load.config, "::1"));
    config_done(&load.config);
}

static void test_limits_and_the_header_of_proxies(void **state)
{
    (void)state;
    struct load load =
        load_serve(WORDS("--rate-limit-ip", "10/60s burst 20"),
                   VARIABLES("RELAIS_RATE_LIMIT_KEY=100/1s", "RELAIS_FORWARDED_HEADER=Forwarded"));
    assert_int_equal(load.code, OK);
    assert_int_equal(load.config.rate_limit_ip.burst, 20);
    assert_int_equal(load.config.rate_limit_key.requests, 100);
    assert_int_equal(load.config.forwarded_header, FORWARDED_RFC7239);
    struct buf out;
    buf_init(&out, CONFIG_OUTPUT_BYTES_MAX);
    config_write(&out, &load.config);
    assert_non_null(strstr(out.data, "RELAIS_RATE_LIMIT_IP=10/1m burst 20  # option\n"));
    assert_non_null(strstr(out.data, "RELAIS_RATE_LIMIT_KEY=100/1s  # environment\n"));
    assert_non_null(strstr(out.data, "RELAIS_FORWARDED_HEADER=forwarded  # environment\n"));
    buf_done(&out);
    config_done(&load.config);
    assert_fails(WORDS("--rate-limit-ip", "10"), VARIABLES(), ERR_MALFORMED, "a rate such as");
    assert_fails(WORDS(), VARIABLES("RELAIS_FORWARDED_HEADER=via"), ERR_INVALID,
                 "x-forwarded-for or forwarded");
}

static void test_help_names_every_option_once(void **state)
{
    (void)state;
    struct buf help;
    struct buf markdown;
    struct buf values;
    buf_init(&help, CONFIG_OUTPUT_BYTES_MAX);
    buf_init(&markdown, CONFIG_OUTPUT_BYTES_MAX);
    buf_init(&values, CONFIG_OUTPUT_BYTES_MAX);
    struct config_flag flag = {.name = "follow", .value_name = "FILE", .help = "follow it"};
    config_write_help(&help, CONFIG_SERVE, &flag, 1);
    config_write_markdown(&markdown);
    struct load load = load_serve(WORDS(), VARIABLES());
    config_write(&values, &load.config);
    assert_false(help.failed || markdown.failed || values.failed);
    assert_non_null(strstr(help.data, "  --follow FILE "));
    assert_non_null(strstr(help.data, "--listen HOST:PORT"));
    assert_non_null(strstr(help.data, "DATABASE_URL or DATABASE_URL_FILE"));
    struct str rest = buf_str(&help);
    while (rest.data != NULL) {
        assert_true(str_cut(&rest, '\n').len <= 100);
    }
    /* what config_write prints is what each variable takes */
    rest = buf_str(&values);
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        char entry[512];
        const char *comment = memmem(line.data, line.len, "  # ", 4);
        assert_non_null(comment);
        snprintf(entry, sizeof entry, "%.*s", (int)(comment - line.data), line.data);
        struct load again = load_serve(WORDS(), VARIABLES(entry));
        assert_int_equal(again.code, OK);
        struct str text = str_from(entry);
        struct str name = str_cut(&text, '=');
        char cell[128];
        snprintf(cell, sizeof cell, "| `%.*s`", STR_ARGS(name));
        assert_non_null(strstr(markdown.data, cell));
        config_done(&again.config);
    }
    config_done(&load.config);
    buf_done(&help);
    buf_done(&markdown);
    buf_done(&values);
}

static bool load_once(void *context)
{
    (void)context;
    struct load load =
        load_serve(WORDS("--listen", "127.0.0.1:1", "--trusted-proxies", "::1", "--data-dir", "/d"),
                   VARIABLES("DATABASE_URL=postgresql://x"));
    assert_true(load.code == OK || load.code == ERR_NOMEM);
    config_done(&load.config);
    return load.code == OK;
}

static void test_every_failing_allocation(void **state)
{
    (void)state;
    assert_true(testing_fail_each_allocation(load_once, /* context= */ NULL) > 0);
    config_done(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_option_beats_environment_beats_default),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_bad_values_say_what_is_accepted),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_command_line_faults),
        cmocka_unit_test(test_unknown_variable_is_fatal),
        cmocka_unit_test(test_flags_and_arguments),
        cmocka_unit_test(test_help_asks_for_nothing_else),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_trusted_proxies),
        cmocka_unit_test(test_limits_and_the_header_of_proxies),
        cmocka_unit_test(test_help_names_every_option_once),
        cmocka_unit_test(test_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

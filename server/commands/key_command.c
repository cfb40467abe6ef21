/* relais key create: prints only the key, so that a script can take it. */
#include <stdio.h>

#include "auth.h"
#include "commands/command.h"
#include "handlers/keys.h"

static const char usage[] =
    "key create --name NAME --scope SCOPE[,SCOPE…] [--publishable] [--member ID] [--form SLUG]";

enum { FLAG_NAME, FLAG_SCOPE, FLAG_PUBLISHABLE, FLAG_MEMBER, FLAG_FORM, FLAG_COUNT };

/* The same body that POST /v1/keys takes. */
static json_t *body_of(const struct config_flag flags[FLAG_COUNT])
{
    json_t *body = json_object();
    json_t *scopes = json_array();
    struct str rest = str_from(flags[FLAG_SCOPE].value);
    while (rest.data != NULL) {
        const struct str scope = str_trim(str_cut(&rest, ','));
        (void)json_array_append_new(scopes, json_stringn(scope.data, scope.len));
    }
    (void)json_object_set_new(body, "name", json_string(flags[FLAG_NAME].value));
    (void)json_object_set_new(
        body, "kind",
        json_string(flags[FLAG_PUBLISHABLE].value != NULL ? "publishable" : "secret"));
    if (flags[FLAG_SCOPE].value != NULL) {
        (void)json_object_set_new(body, "scopes", scopes);
    } else {
        json_decref(scopes);
    }
    if (flags[FLAG_MEMBER].value != NULL) {
        (void)json_object_set_new(body, "member", json_string(flags[FLAG_MEMBER].value));
    }
    if (flags[FLAG_FORM].value != NULL) {
        (void)json_object_set_new(body, "form", json_string(flags[FLAG_FORM].value));
    }
    return body;
}

static int create(const struct config *config, const struct config_flag *flags, const char *url)
{
    struct err err;
    struct store *store = NULL;
    if (command_store(config, url, &store, &err) != OK) {
        return command_fail("key", &err, EXIT_DATABASE);
    }
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, 1 << 20);
    struct faults faults;
    faults_init(&faults, &arena);
    char text[KEY_TEXT_BYTES];
    json_auto_t *body = body_of(flags);
    json_auto_t *stored = key_body(body, text);
    struct setup_op op;
    setup_op_init(&op);
    op.action = SETUP_CREATE;
    op.entry_kind = CATALOG_KEY;
    op.body = stored;
    op.id = uuid_new(clock_wall_us());
    op.arena = &arena;
    op.faults = &faults;
    const enum err_code code = store_run(store, &op.op, &err);
    int status = EXIT_OK;
    if (code == OK) {
        (void)printf("%s\n", text);
    } else {
        for (size_t i = 0; i < faults.count; i++) {
            (void)fprintf(stderr, "relais key: %s: %s\n", faults.items[i].pointer,
                          faults.items[i].detail);
        }
        status = command_fail("key", &err, code == ERR_INVALID ? EXIT_USAGE : EXIT_DATABASE);
    }
    catalog_unref(op.snapshot);
    store_stop(store);
    return status;
}

int command_key(int argc, char **argv)
{
    struct config config = {0};
    struct config_flag flags[FLAG_COUNT] = {
        [FLAG_NAME] = {"name",        "NAME",   "what the key is for",                           NULL},
        [FLAG_SCOPE] = {"scope",       "SCOPES",
                       "submit, read, marketing, sales, admin; several with commas",             NULL},
        [FLAG_PUBLISHABLE] = {"publishable", NULL,     "a key for web pages: it may only submit forms",
                       NULL                                                                          },
        [FLAG_MEMBER] = {"member",      "ID",     "the member the key acts as",                    NULL},
        [FLAG_FORM] = {"form",        "SLUG",   "the only form a publishable key may post to",   NULL},
    };
    int status;
    if (!command_config(&config, CONFIG_DATABASE, flags, FLAG_COUNT, argc, argv, usage, &status)) {
        return status;
    }
    const bool is_create = config.argument_count == 1 &&
                           str_is(str_from(config.arguments[0]), "create");
    if (!is_create || flags[FLAG_NAME].value == NULL ||
        (flags[FLAG_SCOPE].value == NULL && flags[FLAG_PUBLISHABLE].value == NULL)) {
        (void)fprintf(stderr, "Usage: relais %s\n", usage);
        config_done(&config);
        return EXIT_USAGE;
    }
    struct err err;
    struct embedded *embedded = NULL;
    const char *url = NULL;
    if (command_database(&config, &embedded, &url, &err) != OK) {
        status = command_fail("key", &err, EXIT_DATABASE);
    } else {
        status = create(&config, flags, url);
    }
    embedded_free(embedded);
    config_done(&config);
    return status;
}

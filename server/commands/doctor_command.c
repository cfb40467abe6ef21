/* relais doctor: looks at everything that has to be right, and says what to do about what is not.
 */
#include <stdio.h>

#include "commands/command.h"
#include "privacy_key_file.h"
#include "store/feed_admin.h"

static const char usage[] = "doctor [--database-url URL | --data-dir DIR]";

static void report(const char *what, bool is_good, const char *detail)
{
    (void)printf("%-10s %s%s%s\n", what, is_good ? "ok" : "FAILED", detail[0] != '\0' ? ": " : "",
                 detail);
}

/* Whether the addresses of erased persons can be told. */
static bool check_privacy(const struct store *store, const struct store_config *config)
{
    char fingerprint[PRIVACY_FINGERPRINT_BYTES] = "none";
    char text[320];
    if (config->has_privacy_key) {
        (void)privacy_fingerprint(&config->privacy_key, fingerprint);
    }
    static const char *const words[] = {
        [PRIVACY_UNUSED] = "nobody was erased yet",
        [PRIVACY_READY] = "it is the one of this database's erasures",
        [PRIVACY_NO_KEY] =
            "erasures were made with one. Restore privacy.key in the data directory, "
            "or name it in RELAIS_PRIVACY_KEY_FILE.",
        [PRIVACY_MISMATCH] =
            "erasures were made with another one. Restore that: privacy.key in the "
            "data directory, or what RELAIS_PRIVACY_KEY_FILE names.",
    };
    const enum privacy_state state = store_privacy(store);
    const bool is_good = state == PRIVACY_UNUSED || state == PRIVACY_READY;
    (void)snprintf(text, sizeof text, "key %s; %s", fingerprint, words[state]);
    report("privacy", is_good, text);
    return is_good;
}

/* Reachable, set up so that it keeps its word, and of this program's schema. */
static bool check_database(const struct config *config, const char *url)
{
    struct store_config store_config = {
        .database_url = url,
        .writers = {1, 1, 1},
        .queue_items = 16,
        .batch_items = 16,
        .operation_timeout_us = config->operation_timeout_us
    };
    struct store *store = NULL;
    struct err err;
    struct err key_err;
    const bool has_readable_key = privacy_key_find(config, &store_config.privacy_key,
                                                   &store_config.has_privacy_key, &key_err) == OK;
    store_config.has_privacy_key = store_config.has_privacy_key && has_readable_key;
    const enum err_code code = store_start(&store_config, &store, &err);
    report("database", code != ERR_BUSY, code != ERR_BUSY ? "" : err.detail);
    if (code != ERR_BUSY) {
        report("schema", code == OK, code == OK ? "" : err.detail);
    }
    bool is_good = code == OK;
    if (!has_readable_key) {
        report("privacy", false, key_err.detail);
        is_good = false;
    } else if (code == OK) {
        is_good = check_privacy(store, &store_config);
    }
    store_stop(store);
    return is_good;
}

static bool check_feed(const char *url)
{
    struct feed_health feed;
    struct err err;
    if (feed_check(url, &feed, &err) != OK) {
        report("feed", false, err.detail);
        return false;
    }
    const bool is_whole = feed.gaps == 0 && feed.torn == 0;
    char text[256];
    (void)snprintf(text, sizeof text,
                   is_whole
                       ? "positions %lld to %lld, %lld gaps, %lld torn, %lld not numbered yet"
                       : "positions %lld to %lld, %lld gaps, %lld torn, %lld not numbered yet. "
                         "Rows are missing: restore a backup, then `relais epoch bump`.",
                   (long long)feed.first, (long long)feed.last, (long long)feed.gaps,
                   (long long)feed.torn, (long long)feed.pending);
    report("feed", is_whole, text);
    return is_whole;
}

int command_doctor(int argc, char **argv)
{
    struct config config = {0};
    int status;
    if (!command_config(&config, CONFIG_DATABASE, NULL, 0, argc, argv, usage, &status) ||
        !command_takes_no_words(&config, argv, usage, &status)) {
        return status;
    }
    struct err err;
    struct embedded *embedded = NULL;
    const char *url = NULL;
    bool is_good = command_database(&config, &embedded, &url, &err) == OK;
    if (!is_good) {
        report("database", false, err.detail);
    }
    is_good = is_good && check_database(&config, url) && check_feed(url);
    embedded_free(embedded);
    config_done(&config);
    return is_good ? EXIT_OK : EXIT_DATABASE;
}

/* relais doctor: looks at everything that has to be right, and says what to do about what is not.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "commands/command.h"
#include "delivery/notification_text.h"
#include "domain/email_address.h"
#include "mail_settings.h"
#include "privacy_key_file.h"
#include "spool/spool.h"
#include "store/feed_admin.h"

static const char usage[] = "doctor [--mail ADDRESS] [--database-url URL | --data-dir DIR]";

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

/* What one instance may hold at once: a thousand each for three lists and two batches of forms, the
 * background's and everybody's tables. */
enum { LOCKS_WANTED = 6000 };

struct lock_look {
    struct read_op op;
    int64_t room;
};

static void take_lock_room(struct op *op)
{
    struct lock_look *look =
        CONTAINER_OF(CONTAINER_OF(op, struct read_op, op), struct lock_look, op);
    if (op->err.code == OK) {
        look->room = row_bigint(look->op.queries[0].rows, 0, 0);
    }
}

/* A contact that is being changed has a lock each: PostgreSQL needs room for those of long lists.
 */
static bool check_locks(struct store *store)
{
    struct lock_look look = {.room = 0};
    read_op_init(&look.op);
    look.op.op.finish = take_lock_room;
    (void)read_op_query(&look.op, STATEMENT_LOCK_ROOM);
    struct err err;
    char text[ERR_DETAIL_BYTES_MAX];
    const enum err_code code = store_run(store, &look.op.op, &err);
    read_op_done(&look.op);
    const bool is_good = code == OK && look.room >= LOCKS_WANTED;
    if (code != OK) {
        (void)snprintf(text, sizeof text, "%s", err.detail);
    } else {
        (void)snprintf(text, sizeof text,
                       is_good ? "room for %lld"
                               : "room for %lld, lists of a thousand contacts may hold %d at once. "
                                 "Raise max_locks_per_transaction in postgresql.conf and restart "
                                 "PostgreSQL.",
                       (long long)look.room, LOCKS_WANTED);
    }
    report("locks", is_good, text);
    return is_good;
}

/* Reachable, set up so that it keeps its word, and of this program's schema. */
static bool check_database(const struct config *config, const char *url)
{
    struct store_config store_config = command_store_config(config, url);
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
        is_good = check_locks(store) && is_good;
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

/* What the spool of the data directory says, or "" when that is nothing. False: a person is needed.
 */
static bool describe_spool(const struct spool_stats *stats, const struct spool_found *found,
                           char *out, size_t size)
{
    char since[TIME_TEXT_BYTES];
    if (found->damaged_bytes > 0 || found->damaged_files > 0) {
        (void)snprintf(out, size,
                       "a part of it cannot be read. Keep the *.damaged files in its folder until "
                       "somebody has looked at them, then remove them.");
        return false;
    }
    if (stats->refused > 0) {
        (void)snprintf(out, size,
                       "%llu form posts were refused by the database; the log says why. They are "
                       "tried again at the next start.",
                       (unsigned long long)stats->refused);
        return false;
    }
    out[0] = '\0';
    if (stats->waiting > 0) {
        (void)snprintf(out, size, "%llu form post%s since %s for the database",
                       (unsigned long long)stats->waiting,
                       stats->waiting == 1 ? " waits" : "s wait",
                       time_format(stats->oldest_at_us, since));
    }
    return true;
}

static bool check_spool(const struct config *config)
{
    struct spool_stats stats;
    struct spool_found found;
    struct err err;
    char text[256];
    int fd;
    if (file_open_directory(config->data_dir, &fd, &err) != OK) {
        return true; /* no service ever ran here */
    }
    (void)close(fd);
    const bool is_read = spool_inspect(config->data_dir, &stats, &found, &err) == OK;
    const bool is_good = is_read && describe_spool(&stats, &found, text, sizeof text);
    report("spool", is_good, is_read ? text : err.detail);
    return is_good;
}

/* ---- mail ---- */

/* Sends it; what the server said last helps whoever has to set it up. */
static bool send_test(const struct mail_server *server, const struct email_address *to)
{
    struct notification_mail words = {.subject = {.data = NULL}};
    struct delivery_report result = {.outcome = DELIVERY_AGAIN, .error = "Out of memory."};
    if (notification_mail_write_test(&words)) {
        const struct mail mail = {
            .to_address = to->key,
            .subject = buf_str(&words.subject),
            .text = buf_str(&words.text),
            .html = buf_str(&words.html),
            .id = uuid_new(clock_wall_us()),
        };
        mail_send(server, &mail, &result);
    }
    notification_mail_done(&words);
    char text[DELIVERY_ERROR_BYTES * 2 + 64];
    const bool is_sent = result.outcome == DELIVERY_DONE;
    (void)snprintf(text, sizeof text, "%s%s%s%s",
                   is_sent ? "the server has taken it" : result.error,
                   result.answer[0] != '\0' ? " (it said: " : "", result.answer,
                   result.answer[0] != '\0' ? ")" : "");
    report("mail", is_sent, text);
    return is_sent;
}

static bool check_mail(const struct config *config, const char *address)
{
    struct arena arena;
    struct mail_server server;
    struct email_address to;
    struct err err;
    bool has_mail = false;
    arena_init(&arena, CONFIG_ARENA_BYTES_MAX);
    enum err_code code = mail_settings_read(config, &arena, &server, &has_mail, &err);
    if (code == OK && !has_mail) {
        code = err_set(&err, ERR_INVALID,
                       "No mail server is set. Set RELAIS_SMTP_URL and RELAIS_MAIL_FROM here as "
                       "for relais serve.");
    }
    code = code != OK ? code : email_address_parse(str_from(address), &arena, &to, &err);
    if (code == OK && !outgoing_start()) {
        code = err_set(&err, ERR_NOMEM, "libcurl cannot be started.");
    }
    bool is_good = false;
    if (code == OK) {
        server.outgoing = outgoing_settings(config, /* stop= */ NULL);
        is_good = send_test(&server, &to);
    } else {
        report("mail", false, err.detail);
    }
    arena_done(&arena);
    return is_good;
}

int command_doctor(int argc, char **argv)
{
    struct config config = {0};
    struct config_flag flags[] = {
        {.name = "mail", .value_name = "ADDRESS", .help = "also send a test mail to this address"},
    };
    int status;
    if (!command_config(&config, CONFIG_DATABASE, flags, ARRAY_LEN(flags), argc, argv, usage,
                        &status) ||
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
    is_good = check_spool(&config) && is_good;
    embedded_free(embedded);
    const bool is_mail_good = flags[0].value == NULL || check_mail(&config, flags[0].value);
    config_done(&config);
    return !is_good ? EXIT_DATABASE : is_mail_good ? EXIT_OK : EXIT_FAILED;
}

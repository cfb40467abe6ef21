/* The set-up from its rows, and the newest snapshot of this process. */
#include "store/calendar_rows.h"
#include "store/store_internal.h"

#include "domain/funnel.h"

enum { LOADS_MAX = 5 };

/* ---- calendars: rows of thousands of spans, most of which the snapshot before has ---- */

struct expansions {
    struct calendar_key *keys;
    const struct calendar **calendars; /* NULL: not expanded */
    size_t count;
    struct calendar_key *asked; /* those that have to be read, … */
    size_t *asked_for;          /* … and whose they are */
    size_t asked_count;
};

/* What the snapshot before has of the same version, expanded as far; or NULL. The organisation's
 * few rows are read each time. */
static const struct calendar *known_expansion(const struct catalog *before, struct calendar_key key,
                                              int64_t ends_at_us)
{
    const struct calendar *known = before != NULL ? catalog_calendar(before, key.id) : NULL;
    const bool is_same = known != NULL && known->version == key.version &&
                         known->zone.ends_at_us == ends_at_us;
    return is_same ? known : NULL;
}

static bool expansions_init(struct expansions *expansions, const struct rows *entries,
                            struct arena *arena)
{
    const size_t count = rows_count(entries);
    *expansions = (struct expansions){
        .keys = arena_array(arena, count, sizeof *expansions->keys),
        .calendars = arena_array(arena, count, sizeof(struct calendar *)),
        .asked = arena_array(arena, count, sizeof *expansions->asked),
        .asked_for = arena_array(arena, count, sizeof *expansions->asked_for),
    };
    if (expansions->keys == NULL || expansions->calendars == NULL || expansions->asked == NULL ||
        expansions->asked_for == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const int kind = name_index(catalog_kind_names, row_text(entries, i, 0));
        if (kind >= 0 && calendar_is_expanded((enum catalog_kind)kind)) {
            expansions->keys[expansions->count++] =
                (struct calendar_key){row_uuid(entries, i, 1), row_int(entries, i, 4)};
        }
    }
    return true;
}

/* How far each is expanded; *ret_is_whole: all are. What the snapshot before has need not be read
 * again. */
static enum err_code find_expansions(struct conn *conn, struct params *params,
                                     const struct catalog *before, struct expansions *expansions,
                                     bool *ret_is_whole, struct err *reterr)
{
    struct rows *reach = NULL;
    calendar_key_params(params, expansions->keys, expansions->count);
    const enum err_code code =
        conn_run(conn, STATEMENT_CALENDAR_REACH_ROWS, params, &reach, reterr);
    if (code != OK) {
        return code;
    }
    for (size_t r = 0; r < rows_count(reach); r++) {
        const size_t index = (size_t)row_int(reach, r, 0) - 1;
        const struct calendar_key key = expansions->keys[index];
        expansions->calendars[index] = known_expansion(before, key, row_time(reach, r, 2));
        if (expansions->calendars[index] == NULL) {
            expansions->asked[expansions->asked_count] = key;
            expansions->asked_for[expansions->asked_count++] = index;
        }
    }
    *ret_is_whole = rows_count(reach) == expansions->count;
    rows_free(reach);
    return OK;
}

static enum err_code read_expansions(struct conn *conn, struct arena *arena,
                                     const struct rows *entries, const struct catalog *before,
                                     struct expansions *expansions, bool *ret_is_whole,
                                     struct err *reterr)
{
    if (!expansions_init(expansions, entries, arena)) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for the set-up.");
    }
    struct params params;
    params_init(&params);
    enum err_code code = find_expansions(conn, &params, before, expansions, ret_is_whole, reterr);
    params_done(&params);
    const struct calendar **found =
        arena_array(arena, expansions->asked_count, sizeof(struct calendar *));
    if (code == OK && found == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for the set-up.");
    }
    if (code == OK && expansions->asked_count > 0) {
        code =
            calendars_read(conn, expansions->asked, expansions->asked_count, arena, found, reterr);
    }
    for (size_t i = 0; code == OK && i < expansions->asked_count; i++) {
        expansions->calendars[expansions->asked_for[i]] = found[i];
    }
    return code;
}

static const struct calendar *expansion_of(const struct expansions *expansions, struct uuid id,
                                           int32_t version)
{
    for (size_t i = 0; i < expansions->count; i++) {
        if (expansions->keys[i].version == version && uuid_eq(expansions->keys[i].id, id)) {
            return expansions->calendars[i];
        }
    }
    return NULL;
}

/* ---- the snapshot ---- */

static enum err_code build(struct arena *arena, int64_t version, const struct rows *rows,
                           const struct expansions *expansions, struct catalog **ret_catalog,
                           struct err *reterr)
{
    const size_t count = rows_count(rows);
    struct catalog_row *entries = arena_array(arena, count, sizeof *entries);
    if (entries == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for the set-up.");
    }
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const int kind = name_index(catalog_kind_names, row_text(rows, i, 0));
        if (kind < 0) {
            continue; /* of a newer release that runs beside us during an upgrade */
        }
        const struct uuid id = row_uuid(rows, i, 1);
        const bool is_expanded = calendar_is_expanded((enum catalog_kind)kind);
        entries[used++] = (struct catalog_row){
            .kind = (enum catalog_kind)kind,
            .id = id,
            .slug = row_text(rows, i, 2),
            .body = row_text(rows, i, 3),
            .version = row_int(rows, i, 4),
            .created_at_us = row_time(rows, i, 5),
            .updated_at_us = row_time(rows, i, 6),
            .calendar = is_expanded ? expansion_of(expansions, id, row_int(rows, i, 4)) : NULL,
        };
    }
    return catalog_build(version, entries, used, ret_catalog, reterr);
}

enum err_code catalog_head_check(const struct rows *head, struct err *reterr)
{
    return rows_count(head) == 1
               ? OK
               : err_set(reterr, ERR_STORE,
                         "Table catalog_head is empty. Restore it from a backup.");
}

/* The version is read before the entries: should a write come in between, the snapshot is newer
 * than it says, and the next batch reads it again. */
static enum err_code load(struct conn *conn, struct arena *arena, const struct catalog *before,
                          struct catalog **ret_catalog, bool *ret_is_whole, struct err *reterr)
{
    struct expansions expansions;
    struct rows *head = NULL;
    struct rows *entries = NULL;
    enum err_code code = conn_run(conn, STATEMENT_HEAD, /* params= */ NULL, &head, reterr);
    code = code != OK ? code : catalog_head_check(head, reterr);
    if (code == OK) {
        code = conn_run(conn, STATEMENT_CATALOG_LOAD, /* params= */ NULL, &entries, reterr);
    }
    if (code == OK) {
        code = read_expansions(conn, arena, entries, before, &expansions, ret_is_whole, reterr);
    }
    if (code == OK && *ret_is_whole) {
        code = build(arena, row_bigint(head, 0, 0), entries, &expansions, ret_catalog, reterr);
    }
    rows_free(entries);
    rows_free(head);
    return code;
}

/* Some calendars may not be expanded: they come from before this release, or from one before that
 * runs beside us during an upgrade. Then they are expanded, and all is read again. */
static enum err_code load_whole(struct conn *conn, struct arena *arena,
                                const struct catalog *before, struct catalog **ret_catalog,
                                struct err *reterr)
{
    bool is_whole = false;
    for (int i = 0; i < LOADS_MAX; i++) {
        enum err_code code = load(conn, arena, before, ret_catalog, &is_whole, reterr);
        if (code != OK || is_whole) {
            return code;
        }
        size_t count;
        code = calendars_extend(conn, SIZE_MAX, &count, reterr);
        if (code != OK) {
            return code;
        }
        arena_clear(arena);
    }
    return err_set(reterr, ERR_BUSY, "The set-up changes faster than its calendars are expanded.");
}

/* A reference of the caller's; NULL before the first. */
static struct catalog *newest(struct store *store)
{
    (void)pthread_mutex_lock(&store->catalog_lock);
    struct catalog *catalog = store->catalog != NULL ? catalog_ref(store->catalog) : NULL;
    (void)pthread_mutex_unlock(&store->catalog_lock);
    return catalog;
}

enum err_code catalog_reload(struct store *store, struct conn *conn, struct err *reterr)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, BATCH_ARENA_BYTES_MAX);
    struct catalog *catalog = NULL;
    struct catalog *before = newest(store);
    const enum err_code code = load_whole(conn, &arena, before, &catalog, reterr);
    catalog_unref(before);
    if (code != OK) {
        return code;
    }
    (void)pthread_mutex_lock(&store->catalog_lock);
    struct catalog *old = catalog;
    const bool is_first = store->catalog == NULL;
    if (store->catalog == NULL || catalog_version(store->catalog) < catalog_version(catalog)) {
        old = store->catalog;
        store->catalog = catalog;
    }
    const bool is_newer = old != catalog;
    (void)pthread_mutex_unlock(&store->catalog_lock);
    catalog_unref(old);
    if (is_newer && !is_first) {
        store_tell_change(store);
    }
    return OK;
}

struct catalog *store_catalog(struct store *store)
{
    (void)pthread_mutex_lock(&store->catalog_lock);
    struct catalog *catalog = catalog_ref(store->catalog);
    (void)pthread_mutex_unlock(&store->catalog_lock);
    return catalog;
}

bool catalog_is_current(struct store *store, int64_t version)
{
    (void)pthread_mutex_lock(&store->catalog_lock);
    const bool is_current = catalog_version(store->catalog) == version;
    (void)pthread_mutex_unlock(&store->catalog_lock);
    return is_current;
}

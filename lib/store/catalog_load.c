/* The set-up from its rows, and the newest snapshot of this process. */
#include "store/store_internal.h"

static enum err_code build(struct arena *arena, int64_t version, const struct rows *rows,
                           struct catalog **ret_catalog, struct err *reterr)
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
        entries[used++] = (struct catalog_row){
            .kind = (enum catalog_kind)kind,
            .id = row_uuid(rows, i, 1),
            .slug = row_text(rows, i, 2),
            .body = row_text(rows, i, 3),
            .version = row_int(rows, i, 4),
            .created_at_us = row_time(rows, i, 5),
            .updated_at_us = row_time(rows, i, 6),
        };
    }
    return catalog_build(version, entries, used, ret_catalog, reterr);
}

/* The version is read before the entries: should a write come in between, the snapshot is newer
 * than it says, and the next batch reads it again. */
static enum err_code load(struct conn *conn, struct arena *arena, struct catalog **ret_catalog,
                          struct err *reterr)
{
    struct rows *head = NULL;
    struct rows *entries = NULL;
    enum err_code code = conn_run(conn, STATEMENT_HEAD, /* params= */ NULL, &head, reterr);
    if (code == OK && rows_count(head) != 1) {
        code = err_set(reterr, ERR_STORE, "Table catalog_head is empty. Restore it from a backup.");
    }
    if (code == OK) {
        code = conn_run(conn, STATEMENT_CATALOG_LOAD, /* params= */ NULL, &entries, reterr);
    }
    if (code == OK) {
        code = build(arena, row_bigint(head, 0, 0), entries, ret_catalog, reterr);
    }
    rows_free(entries);
    rows_free(head);
    return code;
}

enum err_code catalog_reload(struct store *store, struct conn *conn, struct err *reterr)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, BATCH_ARENA_BYTES_MAX);
    struct catalog *catalog = NULL;
    const enum err_code code = load(conn, &arena, &catalog, reterr);
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

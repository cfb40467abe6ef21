/* Whether the privacy key here is the one that the database was used with. */
#include "store/store_internal.h"

enum err_code store_check_privacy(struct store *store, struct conn *conn, struct err *reterr)
{
    if (store->config.has_privacy_key) {
        (void)privacy_fingerprint(&store->config.privacy_key, store->privacy_fingerprint);
    }
    struct params params;
    struct rows *rows = NULL;
    params_init(&params);
    (void)param_array(&params, ITEM_BYTES);
    const enum err_code code =
        conn_run(conn, STATEMENT_SUPPRESSION_EXISTING, &params, &rows, reterr);
    params_done(&params);
    if (code == OK) {
        const bool is_used = rows_count(rows) > 0;
        const bool is_same = is_used && str_is(row_text(rows, 0, 0), store->privacy_fingerprint);
        atomic_store(&store->has_erasures, is_used);
        store->privacy = !is_used                         ? PRIVACY_UNUSED
                         : !store->config.has_privacy_key ? PRIVACY_NO_KEY
                         : is_same                        ? PRIVACY_READY
                                                          : PRIVACY_MISMATCH;
    }
    rows_free(rows);
    return code;
}

enum privacy_state store_privacy(const struct store *store)
{
    return store->privacy;
}

const struct privacy_key *store_privacy_key(const struct store *store)
{
    return store->config.has_privacy_key ? &store->config.privacy_key : NULL;
}

void store_use_privacy_key(struct store *store, const struct privacy_key *key)
{
    store->config.has_privacy_key = true;
    store->config.privacy_key = *key;
    (void)privacy_fingerprint(key, store->privacy_fingerprint);
}

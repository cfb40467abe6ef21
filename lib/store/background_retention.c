/* What the background thread throws away: first answers after a day, the feed after its retention,
 * what nobody took out of the quarantine, who was told of what long ago. */
#include "store/idempotency.h"
#include "store/store_internal.h"

enum { TRANSACTIONS_AT_ONCE = 2000, ENTRIES_AT_ONCE = 1000 };

static const int64_t retention_pause_us = 60 * US_PER_SECOND;
static const int64_t notification_retention_us = 90 * US_PER_DAY; /* after it was settled */

static double seconds(int64_t us)
{
    return (double)us / (double)US_PER_SECOND;
}

/* Those older than that, of the oldest few. */
static enum err_code expire_old(struct store *store, enum statement statement, int64_t age_us,
                                int32_t at_once, struct err *reterr)
{
    struct background *background = &store->background;
    params_clear(&background->params);
    param_real(&background->params, seconds(age_us));
    param_int(&background->params, at_once);
    return conn_run(background->conn, statement, &background->params, NULL, reterr);
}

/* What was said goes when the quarantine's own time is over, that it was there with the feed. */
static enum err_code expire_quarantine(struct store *store, struct err *reterr)
{
    const struct store_config *config = &store->config;
    enum err_code code = OK;
    if (config->quarantine_retention_us > 0) {
        code = expire_old(store, STATEMENT_QUARANTINE_PURGE_OLD, config->quarantine_retention_us,
                          ENTRIES_AT_ONCE, reterr);
    }
    if (code == OK && config->event_retention_us > 0) {
        code = expire_old(store, STATEMENT_QUARANTINE_EXPIRE, config->event_retention_us,
                          ENTRIES_AT_ONCE, reterr);
    }
    struct conn *conn = store->background.conn;
    code = code != OK ? code : conn_run(conn, STATEMENT_FORM_TOKEN_EXPIRE, NULL, NULL, reterr);
    return code != OK ? code : conn_run(conn, STATEMENT_FORM_TRACE_EXPIRE, NULL, NULL, reterr);
}

enum err_code background_expire(struct store *store, struct err *reterr)
{
    struct background *background = &store->background;
    const int64_t now_us = clock_monotonic_us();
    if (now_us < background->next_expiry_us) {
        return OK;
    }
    background->next_expiry_us = now_us + retention_pause_us;
    params_clear(&background->params);
    param_real(&background->params, seconds(idempotency_retention_us));
    enum err_code code =
        conn_run(background->conn, STATEMENT_IDEMPOTENCY_EXPIRE, &background->params, NULL, reterr);
    if (code == OK && store->config.event_retention_us > 0) {
        code = expire_old(store, STATEMENT_EVENT_EXPIRE, store->config.event_retention_us,
                          TRANSACTIONS_AT_ONCE, reterr);
    }
    code = code != OK ? code
                      : expire_old(store, STATEMENT_NOTIFICATION_EXPIRE, notification_retention_us,
                                   ENTRIES_AT_ONCE, reterr);
    return code != OK ? code : expire_quarantine(store, reterr);
}

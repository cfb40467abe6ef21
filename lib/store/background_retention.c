/* What the background thread throws away: first answers after a day, the feed after its retention.
 */
#include "store/idempotency.h"
#include "store/store_internal.h"

enum { TRANSACTIONS_AT_ONCE = 2000 };

static const int64_t retention_pause_us = 60 * US_PER_SECOND;

static double seconds(int64_t us)
{
    return (double)us / (double)US_PER_SECOND;
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
        params_clear(&background->params);
        param_real(&background->params, seconds(store->config.event_retention_us));
        param_int(&background->params, TRANSACTIONS_AT_ONCE);
        code =
            conn_run(background->conn, STATEMENT_EVENT_EXPIRE, &background->params, NULL, reterr);
    }
    return code;
}

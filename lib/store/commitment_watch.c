/*
 * Commitments that will probably not be kept: the keeper's thread looks at the present periods
 * about once a minute, and what is in danger is told (commitment.at_risk), once a period. When it
 * is, and for how long it has to have been, is decided in domain/commitment.c; since when it has
 * been is in the database, where a guarded update lets one instance tell it.
 */
#include "base/json_document.h"
#include "store/commitment_rows.h"
#include "store/store_internal.h"

enum { EVENT_BYTES_MAX = 4096 };

/* The least between two looks; a look at much that takes long has more rest, so that watching never
 * costs more than half a per cent of a processor. */
static const int64_t look_us = 60 * US_PER_SECOND;
static const int64_t look_us_max = 15 * 60 * US_PER_SECOND;
static const int64_t rest_by_work = 200;

static int64_t rest_after(int64_t work_us)
{
    const int64_t rest_us = work_us * rest_by_work;
    return rest_us < look_us ? look_us : rest_us > look_us_max ? look_us_max : rest_us;
}

static struct str danger_event(struct arena *arena, const struct rows *rows, size_t row,
                               const struct commitment_facts *facts,
                               const struct commitment_verdict *verdict)
{
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, EVENT_BYTES_MAX);
    JSON_FIELD(json, "commitment_id", json_uuid, row_uuid(rows, row, STANDING_ID));
    JSON_FIELD(json, "period_start", json_time, row_time(rows, row, STANDING_SINCE));
    JSON_FIELD(json, "target", json_double, facts->target);
    JSON_FIELD(json, "actual", json_double, verdict->actual);
    JSON_FIELD(json, "expected_by_now", json_double, verdict->expected_by_now);
    JSON_FIELD(json, "outlook", json_text, commitment_state_names[verdict->state]);
    return json_document_end(&document, arena);
}

/* Writes what has become of one commitment's danger. */
static enum err_code settle(struct store *store, enum commitment_alert alert,
                            const struct rows *rows, size_t row, struct str event,
                            struct err *reterr)
{
    struct keeper *keeper = &store->keeper;
    const int64_t now_us = row_time(rows, row, STANDING_NOW);
    struct rows *told = NULL;
    params_clear(&keeper->params);
    param_uuid(&keeper->params, row_uuid(rows, row, STANDING_ID));
    param_time(&keeper->params, row_time(rows, row, STANDING_SINCE));
    param_time(&keeper->params, alert == ALERT_ENDS ? TIME_NONE : now_us);
    enum err_code code = transaction_begin(keeper->conn,
                                           alert == ALERT_TELLS ? STATEMENT_COMMITMENT_ALERT_TELL
                                                                : STATEMENT_COMMITMENT_ALERT_SET,
                                           &keeper->params, &told, reterr);
    const bool is_ours = code == OK && alert == ALERT_TELLS && rows_count(told) == 1;
    if (is_ours) {
        code = keeper_tell(keeper, "commitment.at_risk", now_us, event, reterr);
    }
    code = transaction_end(keeper->conn, code, is_ours || alert != ALERT_TELLS, reterr);
    if (code == OK && is_ours) {
        background_notify(store, /* has_events= */ true, /* has_clocks= */ false);
    }
    rows_free(told);
    return code;
}

static enum err_code look_at(struct store *store, const struct rows *rows, size_t row,
                             struct err *reterr)
{
    const struct commitment_facts facts = commitment_facts_read(rows, row);
    const struct commitment_verdict verdict = commitment_judge(&facts);
    const struct commitment_danger danger = {
        .since_us = row_time(rows, row, STATUS_IN_DANGER_SINCE),
        .is_told = row_bool(rows, row, STATUS_IS_TOLD),
    };
    const enum commitment_alert alert =
        commitment_alert(&facts, &verdict, &danger, row_time(rows, row, STANDING_NOW));
    if (alert == ALERT_STAYS) {
        return OK;
    }
    const struct str event = danger_event(&store->keeper.arena, rows, row, &facts, &verdict);
    return event.data != NULL ? settle(store, alert, rows, row, event, reterr)
                              : err_set(reterr, ERR_NOMEM, "Out of memory for an event.");
}

enum err_code commitments_watch(struct store *store, int64_t version, int64_t now_us,
                                struct err *reterr)
{
    struct keeper *keeper = &store->keeper;
    struct rows *rows = NULL;
    if (keeper->watched_version == version &&
        now_us - keeper->watched_at_us < keeper->watch_rest_us) {
        return OK;
    }
    const int64_t begin_us = clock_monotonic_us();
    params_clear(&keeper->params);
    param_bool(&keeper->params, true);
    enum err_code code =
        conn_run(keeper->conn, STATEMENT_COMMITMENT_STATUS, &keeper->params, &rows, reterr);
    for (size_t row = 0; code == OK && row < rows_count(rows); row++) {
        code = look_at(store, rows, row, reterr);
        arena_clear(&keeper->arena);
    }
    rows_free(rows);
    if (code == OK) {
        keeper->watched_version = version;
        keeper->watched_at_us = now_us;
        keeper->watch_rest_us = rest_after(clock_monotonic_us() - begin_us);
    }
    return code;
}

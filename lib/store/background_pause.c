/*
 * Pauses that end by themselves. As with overdue clocks: the contacts are locked (busy ones come in
 * the next round), then, with a fresh snapshot, each pause that is over is ended once, since
 * paused_until goes with it. The clocks run on from paused_until, so a service that was down
 * meanwhile gives nobody more time; what is due by then is flagged right after.
 */
#include "base/json_document.h"
#include "store/store_internal.h"

enum { PAUSE_BATCH = 500 /* contacts locked at once */, EVENT_BYTES_MAX = 4096 };

static const int64_t busy_retry_us = 20 * US_PER_MS;

/* Columns of pause_end.sql. */
enum ended_column { ENDED_CONTACT_ID, ENDED_HANDOFF_ID, ENDED_STATE, ENDED_ASSIGNEE };

struct str background_resumed_event(struct arena *arena, const struct rows *ended, size_t row)
{
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, EVENT_BYTES_MAX);
    JSON_FIELD(json, "handoff_id", json_uuid, row_uuid(ended, row, ENDED_HANDOFF_ID));
    JSON_FIELD(json, "state", json_str, row_text(ended, row, ENDED_STATE));
    JSON_FIELD(json, "assignee", json_uuid, row_uuid(ended, row, ENDED_ASSIGNEE));
    JSON_FIELD(json, "actor", json_text, "system");
    JSON_FIELD(json, "reason", json_text, "resumed");
    return json_document_end(&document, arena);
}

static enum err_code tell(struct background *background, const struct rows *ended, int64_t now_us,
                          struct err *reterr)
{
    struct params *params = &background->params;
    params_clear(params);
    param_int(params, (int32_t)rows_count(ended));
    struct param *types = param_array(params, ITEM_TEXT);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *times = param_array(params, ITEM_TIME);
    struct param *data = param_array(params, ITEM_TEXT);
    for (size_t i = 0; i < rows_count(ended); i++) {
        item_text(types, STR_LITERAL("handoff.activity"));
        item_uuid(contacts, row_uuid(ended, i, ENDED_CONTACT_ID));
        item_time(times, now_us);
        item_text(data, background_resumed_event(&background->arena, ended, i));
    }
    return background_go_on(background, STATEMENT_EVENT_INSERT, NULL, reterr);
}

static enum err_code end_due(struct store *store, int64_t now_us, size_t *ret_count,
                             struct err *reterr)
{
    struct background *background = &store->background;
    struct rows *locked = NULL;
    struct rows *ended = NULL;
    *ret_count = 0;
    params_clear(&background->params);
    param_time(&background->params, now_us);
    param_int(&background->params, PAUSE_BATCH);
    enum err_code code = background_begin(background, STATEMENT_PAUSE_DUE_LOCK, &locked, reterr);
    if (code == OK && rows_count(locked) > 0) {
        background_contact_params(background, locked, now_us);
        code = background_go_on(background, STATEMENT_PAUSE_END, &ended, reterr);
    }
    const size_t count = ended != NULL ? rows_count(ended) : 0;
    if (code == OK && count > 0) {
        code = tell(background, ended, now_us, reterr);
    }
    code = background_end(background, code, count > 0, reterr);
    if (code == OK && count > 0) {
        *ret_count = count;
        background_notify(store, /* has_events= */ true, /* has_clocks= */ false);
    }
    rows_free(locked);
    rows_free(ended);
    arena_clear(&background->arena);
    return code;
}

static void lower(int64_t *next_us, int64_t us)
{
    *next_us = us < *next_us ? us : *next_us;
}

enum err_code background_end_pauses(struct store *store, int64_t *next_us, struct err *reterr)
{
    for (;;) {
        struct rows *next = NULL;
        enum err_code code =
            conn_run(store->background.conn, STATEMENT_PAUSE_NEXT_END, NULL, &next, reterr);
        if (code != OK) {
            return code;
        }
        const int64_t end_us = row_time(next, 0, 0);
        const int64_t now_us = row_time(next, 0, 1);
        rows_free(next);
        if (end_us == TIME_NONE || end_us > now_us) {
            lower(next_us, end_us == TIME_NONE ? INT64_MAX : end_us - now_us);
            return OK;
        }
        size_t count = 0;
        code = end_due(store, now_us, &count, reterr);
        if (code != OK) {
            return code;
        }
        if (count == 0) { /* all busy: their holders are at work, look again soon */
            lower(next_us, busy_retry_us);
            return OK;
        }
    }
}

/*
 * Taking: the oldest due row is locked, skipping what others have locked, and an advisory lock on
 * its recipient keeps a second instance from beginning another message for the same one. In a
 * statement of its own, whose snapshot sees what was taken before, all that is due for the
 * recipient gets the message's id and a new due time: until then it is the taker's.
 */
#include "store/outbox_internal.h"

#include "base/memory.h"
#include "domain/funnel.h"

enum {
    OUTBOX_ARENA_BYTES_MAX = 64 << 20,
    TAKEN_SECONDS = 300,
};

static const int64_t call_timeout_us = 10 * US_PER_SECOND;

struct outbox *outbox_new(struct store *store)
{
    struct outbox *outbox = mem_alloc(sizeof *outbox);
    if (outbox == NULL) {
        return NULL;
    }
    outbox->store = store;
    params_init(&outbox->params);
    arena_init(&outbox->arena, OUTBOX_ARENA_BYTES_MAX);
    outbox->conn = conn_new(store->database_url, CONN_WRITES);
    if (outbox->conn == NULL) {
        outbox_free(outbox);
        return NULL;
    }
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    if (outbox != NULL) {
        conn_free(outbox->conn);
        params_done(&outbox->params);
        arena_done(&outbox->arena);
        mem_free(outbox);
    }
}

enum err_code outbox_prepare(struct outbox *outbox, struct err *reterr)
{
    enum err_code code = OK;
    if (!conn_is_open(outbox->conn)) {
        code = store_connect(outbox->store, outbox->conn, reterr);
    }
    conn_set_deadline(outbox->conn, clock_monotonic_us() + call_timeout_us);
    params_clear(&outbox->params);
    return code;
}

/* ---- taking ---- */

/* Columns of notification_due.sql. */
enum due_column {
    DUE_ID,
    DUE_RECIPIENT,
    DUE_MESSAGE_ID,
    DUE_IS_OURS,
    DUE_CATALOG_VERSION,
    DUE_NOW
};

/* Whose it is: false for a recipient that this release does not know. */
static bool read_recipient(struct outbox_message *message, struct str recipient)
{
    if (message->channel == NOTIFY_BY_MAIL) {
        return uuid_parse(recipient, &message->member_id);
    }
    const int team = name_index(team_names, recipient);
    message->team = (enum team)team;
    return team >= 0;
}

static enum err_code claim(struct outbox *outbox, const struct rows *due,
                           struct outbox_message *message, struct err *reterr)
{
    const struct uuid before = row_uuid(due, 0, DUE_MESSAGE_ID);
    const int64_t now_us = row_time(due, 0, DUE_NOW);
    struct params *params = &outbox->params;
    struct rows *rows = NULL;
    message->taken_at_us = now_us;
    message->id = uuid_is_nil(before) ? uuid_new(now_us) : before;
    params_clear(params);
    param_text(params, str_from(notification_channel_names[message->channel]));
    param_text(params, row_text(due, 0, DUE_RECIPIENT));
    param_uuid(params, before);
    param_uuid(params, message->id);
    param_int(params, OUTBOX_ITEMS_MAX);
    param_real(params, TAKEN_SECONDS);
    param_time(params, now_us);
    const enum err_code code =
        transaction_go_on(outbox->conn, STATEMENT_NOTIFICATION_CLAIM, params, &rows, reterr);
    for (size_t i = 0; code == OK && i < rows_count(rows) && i < OUTBOX_ITEMS_MAX; i++) {
        const int32_t attempt = row_int(rows, i, 1);
        message->ids[message->count++] = row_uuid(rows, i, 0);
        message->attempt = attempt > message->attempt ? attempt : message->attempt;
        message->until_us = row_time(rows, i, 2);
    }
    rows_free(rows);
    return code;
}

static enum err_code take_once(struct outbox *outbox, struct outbox_message *message,
                               struct err *reterr)
{
    struct rows *due = NULL;
    enum err_code code = outbox_prepare(outbox, reterr);
    if (code != OK) {
        return code;
    }
    param_text(&outbox->params, str_from(notification_channel_names[message->channel]));
    code =
        transaction_begin(outbox->conn, STATEMENT_NOTIFICATION_DUE, &outbox->params, &due, reterr);
    if (code == OK && rows_count(due) == 1) {
        if (!catalog_is_current(outbox->store, row_bigint(due, 0, DUE_CATALOG_VERSION))) {
            code = err_set(reterr, ERR_CONFLICT, "The set-up has changed.");
        } else if (!row_bool(due, 0, DUE_IS_OURS)) {
            message->is_busy = true;
        } else if (!read_recipient(message, row_text(due, 0, DUE_RECIPIENT))) {
            code = err_set(reterr, ERR_STORE, "A notification has no recipient known here.");
        } else {
            code = claim(outbox, due, message, reterr);
        }
    }
    code = transaction_end(outbox->conn, code, message->count > 0, reterr);
    rows_free(due);
    return code;
}

enum err_code outbox_take(struct outbox *outbox, enum notification_channel channel,
                          struct outbox_message *ret_message, struct err *reterr)
{
    *ret_message = (struct outbox_message){.channel = channel};
    enum err_code code = take_once(outbox, ret_message, reterr);
    if (code == ERR_CONFLICT && conn_is_open(outbox->conn)) {
        code = catalog_reload(outbox->store, outbox->conn, reterr);
        ret_message->is_busy = true;
    }
    if (code != OK) {
        ret_message->count = 0;
    } else if (ret_message->count > 0) {
        ret_message->catalog = store_catalog(outbox->store);
    }
    return code;
}

void outbox_give_up(struct outbox_message *message)
{
    catalog_unref(message->catalog);
    message->catalog = NULL;
    message->count = 0;
}

/* ---- reading ---- */

/* Columns of notification_facts.sql. */
enum facts_column {
    FACTS_ID,
    FACTS_KIND,
    FACTS_MODE,
    FACTS_SUBJECT,
    FACTS_CONTACT_ID,
    FACTS_HANDOFF_ID,
    FACTS_EVENT_AT,
    FACTS_DATA,
    FACTS_HANDOFF_STATE,
    FACTS_ASSIGNEE,
    FACTS_IS_CLOSED,
    FACTS_REASON,
    FACTS_PURPOSE,
    FACTS_IS_ERASED,
    FACTS_FIRST_NAME,
    FACTS_LAST_NAME,
    FACTS_COMPANY,
    FACTS_JOB_TITLE,
    FACTS_GRADE,
    FACTS_OFFER,
    FACTS_CLOCK_KIND,
    FACTS_CLOCK_STATE,
    FACTS_IS_MET,
    FACTS_DUE,
    FACTS_NOW,
    FACTS_CLOCK_ID,
    FACTS_STEP,
    FACTS_NAMED,
    FACTS_IS_FORECAST,
    FACTS_HAS_RECOVERED,
    FACTS_IS_JUDGED,
};

/* A text that outlives the rows; absent when there is none, or no memory for it. */
static struct str kept(struct arena *arena, const struct rows *rows, size_t row,
                       enum facts_column column)
{
    const struct str text = row_text(rows, row, column);
    return text.data != NULL ? arena_str(arena, text) : text;
}

static bool read_facts(struct arena *arena, const struct rows *rows, size_t row,
                       struct notification_facts *out)
{
    const int kind = name_index(notification_kind_names, row_text(rows, row, FACTS_KIND));
    const int mode = name_index(notification_mode_names, row_text(rows, row, FACTS_MODE));
    if (kind < 0 || mode < 0) {
        return false; /* a newer release made it, and will send it */
    }
    *out = (struct notification_facts){
        .id = row_uuid(rows, row, FACTS_ID),
        .kind = (enum notification_kind)kind,
        .mode = (enum notification_mode)mode,
        .subject = kept(arena, rows, row, FACTS_SUBJECT),
        .data = kept(arena, rows, row, FACTS_DATA),
        .contact_id = row_uuid(rows, row, FACTS_CONTACT_ID),
        .handoff_id = row_uuid(rows, row, FACTS_HANDOFF_ID),
        .has_handoff = !row_is_null(rows, row, FACTS_HANDOFF_STATE),
        .handoff_state = kept(arena, rows, row, FACTS_HANDOFF_STATE),
        .assignee = row_uuid(rows, row, FACTS_ASSIGNEE),
        .is_closed = row_bool(rows, row, FACTS_IS_CLOSED),
        .reason = kept(arena, rows, row, FACTS_REASON),
        .purpose = kept(arena, rows, row, FACTS_PURPOSE),
        .is_erased = row_bool(rows, row, FACTS_IS_ERASED),
        .first_name = kept(arena, rows, row, FACTS_FIRST_NAME),
        .last_name = kept(arena, rows, row, FACTS_LAST_NAME),
        .company = kept(arena, rows, row, FACTS_COMPANY),
        .job_title = kept(arena, rows, row, FACTS_JOB_TITLE),
        .grade = kept(arena, rows, row, FACTS_GRADE),
        .offer = kept(arena, rows, row, FACTS_OFFER),
        .clock_kind = kept(arena, rows, row, FACTS_CLOCK_KIND),
        .clock_state = kept(arena, rows, row, FACTS_CLOCK_STATE),
        .is_met = row_bool(rows, row, FACTS_IS_MET),
        .due = notification_time_parse(row_text(rows, row, FACTS_DUE)),
        .clock_id = row_uuid(rows, row, FACTS_CLOCK_ID),
        .step = kept(arena, rows, row, FACTS_STEP),
        .named = row_uuid(rows, row, FACTS_NAMED),
        .is_forecast = row_bool(rows, row, FACTS_IS_FORECAST),
        .has_recovered = row_bool(rows, row, FACTS_HAS_RECOVERED),
        .is_judged = row_bool(rows, row, FACTS_IS_JUDGED),
    };
    return true;
}

enum err_code outbox_read(struct outbox *outbox, const struct outbox_message *message,
                          struct str zone, struct arena *arena,
                          struct notification_facts **ret_facts, size_t *ret_count,
                          struct notification_time *ret_now, struct err *reterr)
{
    int32_t model;
    struct rows *rows = NULL;
    enum err_code code = outbox_prepare(outbox, reterr);
    if (code != OK) {
        return code;
    }
    (void)catalog_active_model(message->catalog, &model);
    struct param *ids = param_array(&outbox->params, ITEM_UUID);
    for (size_t i = 0; i < message->count; i++) {
        item_uuid(ids, message->ids[i]);
    }
    param_text(&outbox->params, zone);
    param_int(&outbox->params, model);
    code = conn_run(outbox->conn, STATEMENT_NOTIFICATION_FACTS, &outbox->params, &rows, reterr);
    if (code != OK) {
        return code;
    }
    size_t count = 0;
    struct notification_facts *facts = arena_array(arena, rows_count(rows), sizeof *facts);
    *ret_now = (struct notification_time){.is_known = false};
    for (size_t row = 0; facts != NULL && row < rows_count(rows); row++) {
        *ret_now = notification_time_parse(row_text(rows, row, FACTS_NOW));
        count += read_facts(arena, rows, row, &facts[count]) ? 1 : 0;
    }
    rows_free(rows);
    if (facts == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for a notification.");
    }
    *ret_facts = facts;
    *ret_count = count;
    return OK;
}

/* ---- settling ---- */

enum err_code outbox_settle(struct outbox *outbox, const struct outbox_message *message,
                            const struct uuid *ids, size_t count,
                            const struct outbox_result *result, struct err *reterr)
{
    static const char *const states[] = {[OUTBOX_SENT] = "sent",
                                         [OUTBOX_SKIPPED] = "skipped",
                                         [OUTBOX_FAILED] = "failed",
                                         [OUTBOX_AGAIN] = "pending",
                                         [OUTBOX_HELD] = "pending"};
    enum err_code code = outbox_prepare(outbox, reterr);
    if (code != OK || count == 0) {
        return code;
    }
    struct params *params = &outbox->params;
    struct param *array = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < count; i++) {
        item_uuid(array, ids[i]);
    }
    param_time(params, message->until_us);
    param_text(params, str_from(states[result->outcome]));
    param_text(params, str_from(result->reason));
    param_text(params, str_from(result->error));
    param_real(params, (double)result->delay_us / (double)US_PER_SECOND);
    param_text(params, result->zone);
    param_int(params, result->hours.opens_minute);
    param_int(params, result->hours.closes_minute);
    param_int(params, (int32_t)result->hours.days);
    param_int(params, result->outcome == OUTBOX_HELD ? 1 : 0);
    return conn_run(outbox->conn, STATEMENT_NOTIFICATION_SETTLE, params, /* ret_rows= */ NULL,
                    reterr);
}

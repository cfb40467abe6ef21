#include "handlers/handoff_document.h"

#include <stdio.h>

#include "handlers/sla_clock.h"

/* In the order of handoff_read.sql. */
enum handoff_column {
    COLUMN_NUMBER,
    COLUMN_HANDOFF_ID,
    COLUMN_CONTACT_ID,
    COLUMN_VERSION,
    COLUMN_STATE,
    COLUMN_PURPOSE,
    COLUMN_CYCLE,
    COLUMN_ASSIGNEE,
    COLUMN_EMAIL,
    COLUMN_ATTRIBUTES,
    COLUMN_CHANNEL,
    COLUMN_JOURNEY_STEP,
    COLUMN_SCORE,
    COLUMN_BECAUSE,
    COLUMN_ACTIVITY_ID,
    COLUMN_ACTIVITY,
    COLUMN_FORM,
    COLUMN_OFFER,
    COLUMN_ACTOR,
    COLUMN_TRIGGER_REASON,
    COLUMN_OPENED_AT,
    COLUMN_ACCEPTED_AT,
    COLUMN_WORK_BY,
    COLUMN_CONTACTED_AT,
    COLUMN_QUALIFIED_AT,
    COLUMN_OPPORTUNITY_AT,
    COLUMN_CLOSED_AT,
    COLUMN_PAUSED_UNTIL,
    COLUMN_PAUSE_REASON,
    COLUMN_GPCT,
    COLUMN_DEAL,
    COLUMN_REASON,
    COLUMN_NOTE,
    COLUMN_NURTURE_UNTIL,
    COLUMN_UPDATED_AT,
    COLUMN_ASSIGNED_AT,
};

/* Attempts and feedback, behind the handoff's number. */
enum attempt_column {
    ATTEMPT_ID = 1,
    ATTEMPT_CHANNEL,
    ATTEMPT_OUTCOME,
    ATTEMPT_AT,
    ATTEMPT_LOGGED_AT,
    ATTEMPT_ACTOR,
    ATTEMPT_NOTE,
    ATTEMPT_OFFERS_SENT,
};
enum feedback_column {
    FEEDBACK_ID = 1,
    FEEDBACK_OFFER,
    FEEDBACK_FOUND_USEFUL,
    FEEDBACK_HELPED_THE_CALL,
    FEEDBACK_NOTE,
    FEEDBACK_ACTOR,
    FEEDBACK_AT,
};
enum history_column {
    HISTORY_COLUMN_KIND = 1,
    HISTORY_COLUMN_AT,
    HISTORY_COLUMN_ACTOR,
    HISTORY_COLUMN_REASON,
    HISTORY_COLUMN_MEMBER,
    HISTORY_COLUMN_PREVIOUS,
    HISTORY_COLUMN_UNTIL,
    HISTORY_COLUMN_ENDED_AT,
    HISTORY_COLUMN_ENDED_BY,
    HISTORY_COLUMN_CLOCK_ID,
    HISTORY_COLUMN_DETAIL,
};
enum { CLOCK_COLUMNS = 1 }; /* where those of a clock begin */

/* In the order in which they are asked for. */
enum document_query {
    QUERY_HANDOFFS,
    QUERY_CLOCKS,
    QUERY_ATTEMPTS,
    QUERY_FEEDBACK,
    QUERY_HISTORY,
    QUERY_COUNT_
};
_Static_assert((int)QUERY_COUNT_ <= (int)READ_QUERIES_MAX, "they travel in one operation");

struct read_op *handoff_documents_request(struct request *request, const struct uuid ids[],
                                          size_t count)
{
    static const enum statement statements[QUERY_COUNT_] = {
        [QUERY_HANDOFFS] = STATEMENT_HANDOFF_READ,
        [QUERY_CLOCKS] = STATEMENT_HANDOFF_CLOCKS,
        [QUERY_ATTEMPTS] = STATEMENT_HANDOFF_ATTEMPTS,
        [QUERY_FEEDBACK] = STATEMENT_HANDOFF_FEEDBACK,
        [QUERY_HISTORY] = STATEMENT_HANDOFF_HISTORY,
    };
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return NULL;
    }
    read->op.catalog = NULL;
    for (size_t q = 0; q < QUERY_COUNT_; q++) {
        struct param *array = param_array(read_op_query(read, statements[q]), ITEM_UUID);
        for (size_t i = 0; i < count; i++) {
            item_uuid(array, ids[i]);
        }
    }
    return read;
}

void handoff_documents_init(struct handoff_documents *documents, const struct read_op *read)
{
    *documents = (struct handoff_documents){
        .handoffs = read->queries[QUERY_HANDOFFS].rows,
        .clocks = {.rows = read->queries[QUERY_CLOCKS].rows},
        .attempts = {.rows = read->queries[QUERY_ATTEMPTS].rows},
        .feedback = {.rows = read->queries[QUERY_FEEDBACK].rows},
        .history = {.rows = read->queries[QUERY_HISTORY].rows},
        .now_us = read->op.now_us,
    };
}

/* The next row of this handoff; false: no more of it. */
static bool take_detail(struct handoff_details *details, int64_t number, size_t *ret_row)
{
    while (details->next < rows_count(details->rows)) {
        const int64_t found = row_bigint(details->rows, details->next, COLUMN_NUMBER);
        if (found > number) {
            return false;
        }
        *ret_row = details->next++;
        if (found == number) {
            return true;
        }
    }
    return false;
}

/* ---- parts ---- */

void handoff_write_allowed(struct json_writer *json, enum handoff_state state)
{
    json_key(json, "allowed");
    json_array_begin(json);
    for (int move = 0; move < MOVE_COUNT_; move++) {
        if (move_is_allowed((enum move)move, state)) {
            json_text(json, move_names[move]);
        }
    }
    json_array_end(json);
}

static void write_contact(struct json_writer *json, const struct rows *rows, size_t row)
{
    json_key(json, "contact");
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, row_uuid(rows, row, COLUMN_CONTACT_ID));
    JSON_FIELD(json, "email", json_str, row_text(rows, row, COLUMN_EMAIL));
    JSON_FIELD(json, "attributes", json_raw, row_text(rows, row, COLUMN_ATTRIBUTES));
    JSON_FIELD(json, "channel", json_str, row_text(rows, row, COLUMN_CHANNEL));
    JSON_FIELD(json, "journey_step", json_str, row_text(rows, row, COLUMN_JOURNEY_STEP));
    json_object_end(json);
}

static void write_trigger(struct json_writer *json, const struct rows *rows, size_t row)
{
    json_key(json, "trigger");
    json_object_begin(json);
    JSON_FIELD(json, "kind", json_text, handoff_trigger_kind(row_text(rows, row, COLUMN_BECAUSE)));
    JSON_FIELD(json, "activity_id", json_str, row_text(rows, row, COLUMN_ACTIVITY_ID));
    JSON_FIELD(json, "activity", json_str, row_text(rows, row, COLUMN_ACTIVITY));
    JSON_FIELD(json, "form", json_str, row_text(rows, row, COLUMN_FORM));
    JSON_FIELD(json, "offer", json_str, row_text(rows, row, COLUMN_OFFER));
    JSON_FIELD(json, "actor", json_str, row_text(rows, row, COLUMN_ACTOR));
    JSON_FIELD(json, "reason", json_str, row_text(rows, row, COLUMN_TRIGGER_REASON));
    json_object_end(json);
}

static void write_times(struct json_writer *json, const struct rows *rows, size_t row)
{
    static const struct {
        const char *name;
        enum handoff_column column;
    } times[] = {
        {"assigned_at",    COLUMN_ASSIGNED_AT   },
        {"accepted_at",    COLUMN_ACCEPTED_AT   },
        {"work_by",        COLUMN_WORK_BY       },
        {"contacted_at",   COLUMN_CONTACTED_AT  },
        {"qualified_at",   COLUMN_QUALIFIED_AT  },
        {"opportunity_at", COLUMN_OPPORTUNITY_AT},
        {"closed_at",      COLUMN_CLOSED_AT     },
        {"paused_until",   COLUMN_PAUSED_UNTIL  },
    };
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        JSON_FIELD(json, times[i].name, json_time, row_time(rows, row, times[i].column));
    }
}

/* The first clock of first contact says when contact was due and whether it came too late. */
static void write_first_contact(struct json_writer *json, const struct handoff_documents *documents,
                                int64_t number)
{
    const struct rows *rows = documents->clocks.rows;
    struct handoff_details clocks = documents->clocks; /* ahead of the writing: a copy */
    int64_t due_at_us = TIME_NONE;
    bool is_breached = false;
    size_t row;
    while (due_at_us == TIME_NONE && take_detail(&clocks, number, &row)) {
        if (str_is(row_text(rows, row, CLOCK_COLUMNS + SLA_CLOCK_KIND), "first_contact")) {
            due_at_us = row_time(rows, row, CLOCK_COLUMNS + SLA_CLOCK_DUE_AT);
            is_breached = row_time(rows, row, CLOCK_COLUMNS + SLA_CLOCK_BREACHED_AT) != TIME_NONE;
        }
    }
    JSON_FIELD(json, "first_contact_due_at", json_time, due_at_us);
    JSON_FIELD(json, "breached", json_bool, is_breached);
}

static void write_clocks(struct json_writer *json, struct handoff_documents *documents,
                         int64_t number)
{
    json_key(json, "clocks");
    json_array_begin(json);
    size_t row;
    while (take_detail(&documents->clocks, number, &row)) {
        sla_clock_write(json, documents->clocks.rows, row, CLOCK_COLUMNS, documents->now_us);
    }
    json_array_end(json);
}

static void write_attempts(struct json_writer *json, struct handoff_details *attempts,
                           int64_t number)
{
    const struct rows *rows = attempts->rows;
    json_key(json, "attempts");
    json_array_begin(json);
    size_t row;
    while (take_detail(attempts, number, &row)) {
        const struct str offers_sent = row_text(rows, row, ATTEMPT_OFFERS_SENT);
        json_object_begin(json);
        JSON_FIELD(json, "id", json_uuid, row_uuid(rows, row, ATTEMPT_ID));
        JSON_FIELD(json, "channel", json_str, row_text(rows, row, ATTEMPT_CHANNEL));
        JSON_FIELD(json, "outcome", json_str, row_text(rows, row, ATTEMPT_OUTCOME));
        JSON_FIELD(json, "at", json_time, row_time(rows, row, ATTEMPT_AT));
        JSON_FIELD(json, "logged_at", json_time, row_time(rows, row, ATTEMPT_LOGGED_AT));
        JSON_FIELD(json, "actor", json_str, row_text(rows, row, ATTEMPT_ACTOR));
        JSON_FIELD(json, "note", json_str, row_text(rows, row, ATTEMPT_NOTE));
        JSON_FIELD(json, "offers_sent", json_raw,
                   offers_sent.data != NULL ? offers_sent : STR_LITERAL("[]"));
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_feedback(struct json_writer *json, struct handoff_details *feedback,
                           int64_t number)
{
    const struct rows *rows = feedback->rows;
    json_key(json, "feedback");
    json_array_begin(json);
    size_t row;
    while (take_detail(feedback, number, &row)) {
        json_object_begin(json);
        JSON_FIELD(json, "id", json_uuid, row_uuid(rows, row, FEEDBACK_ID));
        JSON_FIELD(json, "offer", json_str, row_text(rows, row, FEEDBACK_OFFER));
        JSON_FIELD(json, "found_useful", json_str, row_text(rows, row, FEEDBACK_FOUND_USEFUL));
        json_key(json, "helped_the_call");
        if (row_is_null(rows, row, FEEDBACK_HELPED_THE_CALL)) {
            json_nil(json);
        } else {
            json_bool(json, row_bool(rows, row, FEEDBACK_HELPED_THE_CALL));
        }
        JSON_FIELD(json, "note", json_str, row_text(rows, row, FEEDBACK_NOTE));
        JSON_FIELD(json, "actor", json_str, row_text(rows, row, FEEDBACK_ACTOR));
        JSON_FIELD(json, "at", json_time, row_time(rows, row, FEEDBACK_AT));
        json_object_end(json);
    }
    json_array_end(json);
}

/* Each entry has the fields of its kind. */
static void write_entry(struct json_writer *json, const struct rows *rows, size_t row)
{
    const struct str kind = row_text(rows, row, HISTORY_COLUMN_KIND);
    json_object_begin(json);
    JSON_FIELD(json, "kind", json_str, kind);
    JSON_FIELD(json, "at", json_time, row_time(rows, row, HISTORY_COLUMN_AT));
    JSON_FIELD(json, "actor", json_str, row_text(rows, row, HISTORY_COLUMN_ACTOR));
    JSON_FIELD(json, "reason", json_str, row_text(rows, row, HISTORY_COLUMN_REASON));
    const bool is_of_clock = str_is(kind, "escalated") || str_is(kind, "rescheduled");
    if (str_is(kind, "paused")) {
        JSON_FIELD(json, "until", json_time, row_time(rows, row, HISTORY_COLUMN_UNTIL));
        JSON_FIELD(json, "ended_at", json_time, row_time(rows, row, HISTORY_COLUMN_ENDED_AT));
        JSON_FIELD(json, "ended_by", json_str, row_text(rows, row, HISTORY_COLUMN_ENDED_BY));
    } else if (!str_is(kind, "rescheduled")) {
        JSON_FIELD(json, "member", json_uuid, row_uuid(rows, row, HISTORY_COLUMN_MEMBER));
    }
    if (str_is(kind, "assigned")) {
        JSON_FIELD(json, "previous", json_uuid, row_uuid(rows, row, HISTORY_COLUMN_PREVIOUS));
    }
    if (is_of_clock) {
        JSON_FIELD(json, "clock_id", json_uuid, row_uuid(rows, row, HISTORY_COLUMN_CLOCK_ID));
        JSON_FIELD(json, "detail", json_raw, row_text(rows, row, HISTORY_COLUMN_DETAIL));
    }
    json_object_end(json);
}

static void write_history(struct json_writer *json, struct handoff_details *history, int64_t number)
{
    json_key(json, "history");
    json_array_begin(json);
    size_t row;
    while (take_detail(history, number, &row)) {
        write_entry(json, history->rows, row);
    }
    json_array_end(json);
}

/* ---- the whole ---- */

static void format_etag(const struct rows *rows, size_t row, char out[static HANDOFF_ETAG_BYTES])
{
    (void)snprintf(out, HANDOFF_ETAG_BYTES, "\"%d\"", row_int(rows, row, COLUMN_VERSION));
}

static void write_head(struct json_writer *json, const struct rows *rows, size_t row)
{
    char etag[HANDOFF_ETAG_BYTES];
    format_etag(rows, row, etag);
    const int state = name_index(handoff_state_names, row_text(rows, row, COLUMN_STATE));
    JSON_FIELD(json, "id", json_uuid, row_uuid(rows, row, COLUMN_HANDOFF_ID));
    JSON_FIELD(json, "etag", json_text, etag);
    JSON_FIELD(json, "contact_id", json_uuid, row_uuid(rows, row, COLUMN_CONTACT_ID));
    JSON_FIELD(json, "state", json_str, row_text(rows, row, COLUMN_STATE));
    JSON_FIELD(json, "purpose", json_str, row_text(rows, row, COLUMN_PURPOSE));
    JSON_FIELD(json, "cycle", json_int, row_int(rows, row, COLUMN_CYCLE));
    JSON_FIELD(json, "assignee", json_uuid, row_uuid(rows, row, COLUMN_ASSIGNEE));
    handoff_write_allowed(json, state >= 0 ? (enum handoff_state)state : HANDOFF_REJECTED);
}

bool handoff_document_write(struct json_writer *json, struct handoff_documents *documents)
{
    const struct rows *rows = documents->handoffs;
    if (documents->next >= rows_count(rows)) {
        return false;
    }
    const size_t row = documents->next++;
    const int64_t number = row_bigint(rows, row, COLUMN_NUMBER);
    json_object_begin(json);
    write_head(json, rows, row);
    write_contact(json, rows, row);
    JSON_FIELD(json, "score", json_raw, row_text(rows, row, COLUMN_SCORE));
    write_trigger(json, rows, row);
    JSON_FIELD(json, "opened_at", json_time, row_time(rows, row, COLUMN_OPENED_AT));
    write_first_contact(json, documents, number);
    write_times(json, rows, row);
    JSON_FIELD(json, "pause_reason", json_str, row_text(rows, row, COLUMN_PAUSE_REASON));
    write_clocks(json, documents, number);
    write_attempts(json, &documents->attempts, number);
    JSON_FIELD(json, "gpct", json_raw, row_text(rows, row, COLUMN_GPCT));
    JSON_FIELD(json, "deal", json_raw, row_text(rows, row, COLUMN_DEAL));
    write_feedback(json, &documents->feedback, number);
    write_history(json, &documents->history, number);
    JSON_FIELD(json, "reason", json_str, row_text(rows, row, COLUMN_REASON));
    JSON_FIELD(json, "note", json_str, row_text(rows, row, COLUMN_NOTE));
    JSON_FIELD(json, "nurture_until", json_time, row_time(rows, row, COLUMN_NURTURE_UNTIL));
    JSON_FIELD(json, "updated_at", json_time, row_time(rows, row, COLUMN_UPDATED_AT));
    json_object_end(json);
    return true;
}

/* The ETag is that of the stored record. A clock's breach or an offer's feedback changes what is
 * shown without it, so no 304 is given for it. */
static enum request_step reply_one(struct request *request, unsigned status)
{
    struct handoff_documents documents;
    handoff_documents_init(&documents, request->read);
    if (rows_count(documents.handoffs) == 0) {
        return problem(request, ERR_NOT_FOUND, "There is no such handoff.");
    }
    struct json_writer json;
    reply_json(request, status, &json);
    char etag[HANDOFF_ETAG_BYTES];
    format_etag(documents.handoffs, 0, etag);
    http_reply_header(request->message, "ETag", str_from(etag));
    (void)handoff_document_write(&json, &documents);
    return reply_end(request);
}

enum request_step handoff_finish(struct request *request)
{
    return reply_one(request, 200);
}

enum request_step handoff_created_finish(struct request *request)
{
    const struct rows *rows = request->read->queries[QUERY_HANDOFFS].rows;
    if (rows_count(rows) > 0) {
        char id[UUID_TEXT_BYTES];
        (void)uuid_format(row_uuid(rows, 0, COLUMN_HANDOFF_ID), id);
        const char *location = arena_printf(request->arena, "/v1/handoffs/%s", id);
        reply_header_url(request, "Location", location);
    }
    return reply_one(request, 201);
}

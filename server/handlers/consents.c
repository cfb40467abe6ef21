/*
 * The record of consent: what a contact agreed to, refused or withdrew, newest first, with the
 * wording that was read; and a way for people to add to it what they were told by letter or phone.
 */
#include "handlers/contact_answers.h"
#include "handlers/handlers.h"
#include "handlers/handoff_refusal.h"

enum { CONSENT_TEXT_CHARS_MAX = 4000 };

/* One line of the record as it is shown. */
struct consent_line {
    struct uuid id;
    int64_t at_us;
    struct str purpose;
    bool is_granted;
    bool is_objection;
    struct str text;
    struct str text_version;
    struct str source;
    struct str actor;
    struct str network;
    struct str note;
    struct uuid submission_id;
};

static void write_line(struct json_writer *json, const struct consent_line *line)
{
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, line->id);
    JSON_FIELD(json, "at", json_time, line->at_us);
    JSON_FIELD(json, "purpose", json_str, line->purpose);
    JSON_FIELD(json, "granted", json_bool, line->is_granted);
    JSON_FIELD(json, "objection", json_bool, line->is_objection);
    JSON_FIELD(json, "text", json_str, line->text);
    JSON_FIELD(json, "text_version", json_str, line->text_version);
    JSON_FIELD(json, "source", json_str, line->source);
    JSON_FIELD(json, "actor", json_str, line->actor);
    JSON_FIELD(json, "ip", json_str, line->network);
    JSON_FIELD(json, "note", json_str, line->note);
    JSON_FIELD(json, "submission_id", json_uuid, line->submission_id);
    json_object_end(json);
}

/* ---- the record ---- */

/* In the order of consent_page.sql. */
enum column {
    COLUMN_ID,
    COLUMN_AT,
    COLUMN_PURPOSE,
    COLUMN_GRANTED,
    COLUMN_OBJECTION,
    COLUMN_TEXT,
    COLUMN_TEXT_VERSION,
    COLUMN_SOURCE,
    COLUMN_ACTOR,
    COLUMN_NETWORK,
    COLUMN_NOTE,
    COLUMN_SUBMISSION,
};

struct consent_query {
    struct list_query list;
};
static const struct query_param consent_params[] = {LIST_PARAMS(struct consent_query)};
const struct query consent_query = QUERY(struct consent_query, consent_params);

enum request_step consents_start(struct request *request)
{
    const struct consent_query *query = request->query;
    struct uuid contact_id;
    struct list_place place;
    if (!request_uuid_param(request, 0, &contact_id) ||
        !list_place(request, &query->list, &place)) {
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    param_uuid(read_op_query(read, STATEMENT_CONTACT_ROOT), contact_id);
    struct params *params = read_op_query(read, STATEMENT_CONSENT_PAGE);
    param_uuid(params, contact_id);
    param_time(params, place.at_us);
    param_uuid(params, place.id);
    param_int(params, (int32_t)query->list.limit + 1);
    return REQUEST_RUN;
}

static struct consent_line line_of(const struct rows *rows, size_t row)
{
    return (struct consent_line){
        .id = row_uuid(rows, row, COLUMN_ID),
        .at_us = row_time(rows, row, COLUMN_AT),
        .purpose = row_text(rows, row, COLUMN_PURPOSE),
        .is_granted = row_bool(rows, row, COLUMN_GRANTED),
        .is_objection = !row_is_null(rows, row, COLUMN_OBJECTION) &&
                        row_bool(rows, row, COLUMN_OBJECTION),
        .text = row_text(rows, row, COLUMN_TEXT),
        .text_version = row_text(rows, row, COLUMN_TEXT_VERSION),
        .source = row_text(rows, row, COLUMN_SOURCE),
        .actor = row_text(rows, row, COLUMN_ACTOR),
        .network = row_text(rows, row, COLUMN_NETWORK),
        .note = row_text(rows, row, COLUMN_NOTE),
        .submission_id = row_uuid(rows, row, COLUMN_SUBMISSION),
    };
}

enum request_step consents_finish(struct request *request)
{
    const struct consent_query *query = request->query;
    const struct rows *root = request->read->queries[0].rows;
    const struct rows *rows = request->read->queries[1].rows;
    if (contact_is_missing(request, root)) {
        return REQUEST_REPLY;
    }
    contact_say_where(request, row_uuid(root, 0, 0), "/consents");
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    list_begin(request, &json);
    for (size_t row = 0; row < page.count; row++) {
        const struct consent_line line = line_of(rows, row);
        write_line(&json, &line);
    }
    return list_end_behind(request, &json, &page, COLUMN_AT, COLUMN_ID);
}

/* ---- by hand ---- */

struct consent_body {
    struct str purpose;
    bool is_granted;
    struct str text;
    struct str note;
    struct uuid member;
};

static const struct field consent_fields[] = {
    FIELD("purpose", SLUG, struct consent_body, purpose, .flags = FIELD_REQUIRED),
    FIELD("granted", BOOL, struct consent_body, is_granted, .flags = FIELD_REQUIRED),
    FIELD("text", STRING, struct consent_body, text, .flags = FIELD_NULLABLE, .min = 1,
          .max = CONSENT_TEXT_CHARS_MAX),
    FIELD("note", STRING, struct consent_body, note, .flags = FIELD_NULLABLE, .min = 1,
          .max = CONSENT_TEXT_CHARS_MAX),
    FIELD("member", UUID, struct consent_body, member, .flags = FIELD_NULLABLE),
};
const struct schema consent_record_schema = SCHEMA(struct consent_body, consent_fields);

/* An input and the one consent it says. */
struct recording {
    struct input input;
    struct consent consent;
};

enum request_step consent_record_start(struct request *request)
{
    struct recording *recording = arena_alloc(request->arena, sizeof *recording);
    if (recording == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    struct input *input = &recording->input;
    request_input_init(request, input, INPUT_CONSENT);
    request->data = recording;
    if (!request_uuid_param(request, 0, &input->contact_id)) {
        return REQUEST_REPLY;
    }
    struct consent_body body;
    if (schema_decode(&consent_record_schema, request->body, request->arena, &body,
                      &request->faults)) {
        handoff_take_actor(request, body.member, input);
        handoff_require_text(request, body.text, "/text");
        handoff_require_text(request, body.note, "/note");
    }
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    recording->consent = (struct consent){
        .purpose = body.purpose, .is_granted = body.is_granted, .at_us = TIME_NONE};
    input->consents = &recording->consent;
    input->consent_count = 1;
    input->consent_text = body.text;
    input->note = body.note;
    input->source = contact_claim_source(request);
    return request_change(request, input, 1, LANE_WRITE) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

/* What was recorded stands in the request; only its id and time were made by the store. */
enum request_step consent_record_finish(struct request *request)
{
    const struct recording *recording = request->data;
    const struct input *input = &recording->input;
    if (input->result.code != OK) {
        return handoff_refuse(request, input);
    }
    char version[CONSENT_VERSION_BYTES] = "";
    if (input->consent_text.data != NULL) {
        consent_version(input->consent_text, version);
    }
    const struct consent_line line = {
        .id = input->result.id,
        .at_us = input->result.received_at_us,
        .purpose = recording->consent.purpose,
        .is_granted = recording->consent.is_granted,
        .is_objection = !recording->consent.is_granted,
        .text = input->consent_text,
        .text_version = version[0] != '\0' ? str_from(version) : (struct str){.data = NULL},
        .source = STR_LITERAL("api"),
        .actor = input->actor.text,
        .note = input->note,
    };
    struct json_writer json;
    reply_json(request, 201, &json);
    write_line(&json, &line);
    return reply_end(request);
}

/*
 * What is decided about a contact by hand: merging a duplicate, deciding a review, bringing a
 * disqualified one back, recording a deal.
 */
#include "domain/deal.h"
#include "handlers/contact_answers.h"
#include "handlers/handoff_refusal.h"
#include "schema/currency.h"

enum { NOTE_CHARS_MAX = 4000, REASON_CHARS_MAX = 2000 };

/* An input of this kind about the contact in the path, with If-Match; NULL: the reply says why not.
 */
static struct input *begin_input(struct request *request, enum input_kind kind)
{
    struct input *input = arena_alloc(request->arena, sizeof *input);
    if (input == NULL) {
        (void)problem(request, ERR_NOMEM, "Out of memory. Try again.");
        return NULL;
    }
    request_input_init(request, input, kind);
    request->data = input;
    return request_uuid_param(request, 0, &input->contact_id) ? input : NULL;
}

/* When the body is valid. */
static enum request_step run_input(struct request *request, struct input *input)
{
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    if (!request_if_match(request, &input->if_version)) {
        return problem(request, ERR_STALE,
                       "If-Match names no version of this contact. Read it again.");
    }
    return request_change(request, input, 1, LANE_WRITE) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

enum request_step contact_move_finish(struct request *request)
{
    const struct input *input = request->data;
    return input->result.code == OK ? contact_read_again(request, input->result.contact_id, 200)
                                    : handoff_refuse(request, input);
}

/* ---- merge ---- */

struct merge_body {
    struct uuid duplicate_of;
};

static const struct field merge_fields[] = {
    FIELD("duplicate_of", UUID, struct merge_body, duplicate_of, .flags = FIELD_REQUIRED),
};
const struct schema contact_merge_schema = SCHEMA(struct merge_body, merge_fields);

enum request_step contact_merge_start(struct request *request)
{
    struct input *input = begin_input(request, INPUT_MERGE);
    if (input == NULL) {
        return REQUEST_REPLY;
    }
    struct merge_body body;
    if (schema_decode(&contact_merge_schema, request->body, request->arena, &body,
                      &request->faults) &&
        uuid_eq(body.duplicate_of, input->contact_id)) {
        faults_add(&request->faults, "/duplicate_of", "reference",
                   "A contact is no duplicate of itself.");
    }
    input->other_contact_id = body.duplicate_of;
    return run_input(request, input);
}

/* Whom the two stand for by now. */
static enum request_step finish_refused_merge(struct request *request)
{
    const struct input *input = request->data;
    const struct rows *asked = request->read->queries[0].rows;
    const struct rows *other = request->read->queries[1].rows;
    if (rows_count(other) == 0) {
        faults_add(&request->faults, "/duplicate_of", "reference", "There is no such contact.");
        return problem_faults(request);
    }
    if (rows_count(asked) > 0 && uuid_eq(row_uuid(asked, 0, 0), row_uuid(other, 0, 0))) {
        return contact_read_again(request, row_uuid(other, 0, 0),
                                  200); /* merged already: nothing to do */
    }
    return handoff_refuse(request, input);
}

enum request_step contact_merge_finish(struct request *request)
{
    const struct input *input = request->data;
    if (input->result.code != ERR_INVALID || request->is_replay) {
        return contact_move_finish(request);
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    read->op.catalog = NULL;
    param_uuid(read_op_query(read, STATEMENT_CONTACT_ROOT), input->contact_id);
    param_uuid(read_op_query(read, STATEMENT_CONTACT_ROOT), input->other_contact_id);
    request->finish = finish_refused_merge;
    return REQUEST_RUN;
}

/* ---- decide ---- */

static const char *const decided_names[] = {"mql", "nurture", "stimulate", "stay", NULL};
static const enum decision decided[] = {DECISION_MQL, DECISION_NURTURE, DECISION_STIMULATE,
                                        DECISION_STAY};
_Static_assert(ARRAY_LEN(decided_names) == ARRAY_LEN(decided) + 1, "a decision for each name");

struct decide_body {
    int decision;
    struct str note;
    struct uuid member;
};

static const struct field decide_fields[] = {
    FIELD_CHOICE("decision", struct decide_body, decision, decided_names, .flags = FIELD_REQUIRED),
    FIELD("note", STRING, struct decide_body, note, .flags = FIELD_NULLABLE, .min = 1,
          .max = NOTE_CHARS_MAX),
    FIELD("member", UUID, struct decide_body, member, .flags = FIELD_NULLABLE),
};
const struct schema contact_decide_schema = SCHEMA(struct decide_body, decide_fields);

enum request_step contact_decide_start(struct request *request)
{
    struct input *input = begin_input(request, INPUT_DECISION);
    if (input == NULL) {
        return REQUEST_REPLY;
    }
    struct decide_body body;
    if (schema_decode(&contact_decide_schema, request->body, request->arena, &body,
                      &request->faults)) {
        handoff_take_actor(request, body.member, input);
        input->decision = decided[body.decision];
        input->note = body.note;
    }
    return run_input(request, input);
}

/* ---- requalify ---- */

struct requalify_body {
    struct str reason;
    struct uuid member;
};

static const struct field requalify_fields[] = {
    FIELD("reason", STRING, struct requalify_body, reason, .flags = FIELD_REQUIRED, .min = 1,
          .max = REASON_CHARS_MAX),
    FIELD("member", UUID, struct requalify_body, member, .flags = FIELD_NULLABLE),
};
const struct schema contact_requalify_schema = SCHEMA(struct requalify_body, requalify_fields);

enum request_step contact_requalify_start(struct request *request)
{
    struct input *input = begin_input(request, INPUT_REQUALIFY);
    if (input == NULL) {
        return REQUEST_REPLY;
    }
    struct requalify_body body;
    if (schema_decode(&contact_requalify_schema, request->body, request->arena, &body,
                      &request->faults)) {
        handoff_take_actor(request, body.member, input);
        handoff_require_text(request, body.reason, "/reason");
        input->note = body.reason;
    }
    return run_input(request, input);
}

/* ---- deals ---- */

struct deal_body {
    int kind;
    int64_t amount;
    struct str currency;
    int64_t won_at_us;
    struct uuid member;
};

static const struct field deal_fields[] = {
    FIELD_CHOICE("kind", struct deal_body, kind, deal_kind_names, .flags = FIELD_REQUIRED),
    FIELD("amount", INT, struct deal_body, amount, .flags = FIELD_REQUIRED, .min = 0,
          .max = AMOUNT_MAX),
    FIELD("currency", STRING, struct deal_body, currency, .flags = FIELD_REQUIRED, .min = 3,
          .max = 3),
    FIELD("won_at", TIME, struct deal_body, won_at_us, .flags = FIELD_NULLABLE),
    FIELD("member", UUID, struct deal_body, member, .flags = FIELD_NULLABLE),
};
const struct schema contact_deal_schema = SCHEMA(struct deal_body, deal_fields);

enum request_step contact_deal_start(struct request *request)
{
    struct input *input = begin_input(request, INPUT_DEAL);
    if (input == NULL) {
        return REQUEST_REPLY;
    }
    struct deal_body body;
    /* What it leaves after a fault is safe to look at: all faults are told at once. */
    const bool is_shaped =
        schema_decode(&contact_deal_schema, request->body, request->arena, &body, &request->faults);
    if (body.currency.data != NULL && !currency_is_valid(body.currency)) {
        faults_add(&request->faults, "/currency", "format", CURRENCY_HELP);
    }
    (void)occurred_at_is_valid(request, body.won_at_us, "/won_at", /* is_recent_only= */ false);
    handoff_take_actor(request, body.member, input);
    if (!is_shaped) {
        return problem_faults(request);
    }
    input->deal = (struct deal_input){
        .kind = str_from(deal_kind_names[body.kind]),
        .has_amount = true,
        .amount = body.amount,
        .currency = body.currency,
        .won_at_us = body.won_at_us == TIME_NONE ? TIME_NONE : interest_instant_us(body.won_at_us),
        .assignee = input->actor.member_id,
    };
    return run_input(request, input);
}

enum request_step contact_deal_finish(struct request *request)
{
    const struct input *input = request->data;
    const struct input_result *result = &input->result;
    const struct deal_input *deal = &input->deal;
    if (result->code != OK) {
        return handoff_refuse(request, input);
    }
    struct json_writer json;
    reply_json(request, 201, &json);
    json_object_begin(&json);
    JSON_FIELD(&json, "id", json_uuid, result->id);
    JSON_FIELD(&json, "contact_id", json_uuid, result->contact_id);
    JSON_FIELD(&json, "handoff_id", json_text, NULL); /* no handoff won it */
    JSON_FIELD(&json, "kind", json_str, deal->kind);
    JSON_FIELD(&json, "amount", json_int, deal->amount);
    JSON_FIELD(&json, "currency", json_str, deal->currency);
    JSON_FIELD(&json, "won_at", json_time,
               deal->won_at_us != TIME_NONE ? deal->won_at_us : result->received_at_us);
    JSON_FIELD(&json, "assignee", json_uuid, deal->assignee);
    JSON_FIELD(&json, "actor", json_str, input->actor.text);
    json_object_end(&json);
    return reply_end(request);
}

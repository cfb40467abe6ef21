/*
 * An entry leaves the quarantine: released, it becomes the submission that it would have been, with
 * the times it first had; purged, what was said is gone.
 *
 * A release reads the entry, makes the submission's input of what was kept, and hands both to the
 * same transaction; whether the entry is still held is decided there, under its lock.
 */
#include "handlers/handlers.h"
#include "handlers/handoff_refusal.h"
#include "handlers/quarantine.h"
#include "handlers/submission.h"
#include "schema/json.h"

struct settle_body {
    struct uuid member;
};

static const struct field settle_fields[] = {
    FIELD("member", UUID, struct settle_body, member, .flags = FIELD_NULLABLE),
};
const struct schema quarantine_settle_schema = SCHEMA(struct settle_body, settle_fields);

/* The submission to be, or only its purge: the entry and who does it. NULL: the reply says why not.
 */
static struct submission *begin(struct request *request, enum input_kind kind)
{
    struct submission *submission = submission_new(request, /* form= */ NULL);
    if (submission == NULL) {
        (void)problem(request, ERR_NOMEM, "Out of memory. Try again.");
        return NULL;
    }
    request->data = submission;
    struct input *input = &submission->input;
    input->kind = kind;
    if (!request_uuid_param(request, 0, &input->quarantine.id)) {
        return NULL;
    }
    struct settle_body body;
    if (schema_decode(&quarantine_settle_schema, request->body, request->arena, &body,
                      &request->faults)) {
        handoff_take_actor(request, body.member, input);
    }
    input->quarantine.settled_by = input->actor.text;
    if (request->faults.count > 0) {
        (void)problem_faults(request);
        return NULL;
    }
    return submission;
}

static enum request_step read_entry(struct request *request, struct uuid id,
                                    enum request_step (*finish)(struct request *request))
{
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    param_uuid(read_op_query(read, STATEMENT_QUARANTINE_ONE), id);
    request->finish = finish;
    return REQUEST_RUN;
}

enum request_step quarantine_settle_finish(struct request *request)
{
    const struct submission *submission = request->data;
    const struct input_result *result = &submission->input.result;
    return result->code == OK
               ? read_entry(request, submission->input.quarantine.id, quarantine_get_finish)
               : problem(request, result->code, result->detail);
}

static enum request_step settle(struct request *request, struct submission *submission)
{
    if (request_change(request, &submission->input, 1, LANE_WRITE) == NULL) {
        return REQUEST_REPLY;
    }
    request->finish = quarantine_settle_finish;
    return REQUEST_RUN;
}

/* ---- what was kept, as an input again ---- */

/* Claims as they fit today: what the form took as text may be a number by now, or nothing. */
static bool take_attributes(struct request *request, const json_t *attributes, struct input *input)
{
    const size_t count = json_object_size(attributes);
    const char *name;
    const json_t *value;
    input->attributes = arena_array(request->arena, count, sizeof *input->attributes);
    if (input->attributes == NULL) {
        return false;
    }
    json_object_foreach(json_unconst(attributes), name, value)
    {
        struct attribute claim;
        const struct str copy = arena_str(request->arena, str_from(name));
        if (copy.data != NULL && slug_is_valid(copy) && input->attribute_count < ATTRIBUTES_MAX &&
            attribute_from_json(copy, value, request->arena, &claim) &&
            claim_misfit(request, &claim, /* is_lenient= */ true) == NULL) {
            claim.at_us = TIME_NONE;
            input->attributes[input->attribute_count++] = claim;
        }
    }
    return true;
}

/* Rows end with their operation: what the next one needs is copied. */
static struct str kept(const struct request *request, const struct rows *rows,
                       enum quarantine_column column)
{
    const struct str text = row_text(rows, 0, column);
    return text.data != NULL ? arena_str(request->arena, text) : text;
}

static enum request_step take_payload(struct request *request, struct submission *submission,
                                      const struct rows *rows)
{
    struct input *input = &submission->input;
    const struct str payload = kept(request, rows, QUARANTINE_PAYLOAD);
    json_t *document = NULL;
    struct err err;
    const enum err_code code = json_parse(payload, &document, &err);
    if (code != OK) {
        return problem(request, code == ERR_NOMEM ? code : ERR_STORE,
                       "What was kept of this submission cannot be read.");
    }
    request_own(request, document);
    if (!take_attributes(request, json_object_get(document, "attributes"), input) ||
        !consents_from_json(request, json_object_get(document, "consents"), "/consents",
                            &input->consents, &input->consent_count) ||
        !submission_of_form(submission->form, input)) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    input->email = kept(request, rows, QUARANTINE_EMAIL);
    input->email_key = kept(request, rows, QUARANTINE_EMAIL_KEY);
    input->consent_text = kept(request, rows, QUARANTINE_CONSENT_TEXT);
    input->network = kept(request, rows, QUARANTINE_NETWORK);
    input->activity.channel = kept(request, rows, QUARANTINE_CHANNEL);
    input->activity.payload = payload;
    return REQUEST_RUN;
}

/* A body as it came, decoded: a JSON document, or the fields of a form. */
static enum err_code decode_raw(struct request *request, const struct rows *rows, json_t **ret_tree,
                                struct form_body *ret_form, struct err *reterr)
{
    const struct str raw = kept(request, rows, QUARANTINE_RAW);
    const struct str type = kept(request, rows, QUARANTINE_RAW_TYPE);
    struct media_type media_type;
    const enum err_code code = media_type_parse(type, request->arena, &media_type, reterr);
    if (code != OK) {
        return code;
    }
    if (media_type_kind(&media_type) != MEDIA_KIND_JSON) {
        return form_body_decode(&media_type, raw, request->arena, ret_form, reterr);
    }
    const enum err_code parsed = json_parse(raw, ret_tree, reterr);
    request_own(request, *ret_tree);
    return parsed;
}

/* A webhook's, as its adapter reads it. */
static enum err_code take_tool(struct request *request, struct submission *submission,
                               const struct adapter *adapter, json_t *tree,
                               const struct form_body *form, struct err *reterr)
{
    struct adapted adapted;
    if (tree == NULL) {
        tree = adapter_form_tree(form);
        request_own(request, tree);
    }
    enum err_code code = tree != NULL
                             ? adapter_read(adapter, tree, request->arena, &adapted, reterr)
                             : err_set(reterr, ERR_NOMEM, "Out of memory. Try again.");
    if (code != OK) {
        return code;
    }
    submission->tool = adapter->name;
    submission->is_webhook = adapter != &adapter_hubspot;
    return submission_take_answers(request, submission, &adapted)
               ? OK
               : err_set(reterr, ERR_NOMEM, "Out of memory. Try again.");
}

/* A body as it came: perhaps the form takes it again by now. */
static enum request_step take_raw(struct request *request, struct submission *submission,
                                  const struct rows *rows)
{
    const struct str tool = kept(request, rows, QUARANTINE_RAW_TOOL);
    const struct adapter *adapter = str_is(tool, adapter_hubspot.name) ? &adapter_hubspot
                                                                       : adapter_find(tool);
    json_t *tree = NULL;
    struct form_body form = {.fields = NULL};
    struct err err;
    enum err_code code = decode_raw(request, rows, &tree, &form, &err);
    if (code == OK && adapter != NULL) {
        code = take_tool(request, submission, adapter, tree, &form, &err);
    }
    submission->is_html = adapter == NULL && tree == NULL;
    if (code == OK && submission->is_html &&
        !submission_take_fields(request, submission, form.fields, form.count)) {
        code = err_set(&err, ERR_NOMEM, "Out of memory. Try again.");
    }
    if (code != OK) {
        return problem_err(request, &err);
    }
    if (adapter == NULL && !submission->is_html) {
        submission_take_json(request, submission, tree);
    }
    submission_check_required(request, submission);
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    return submission_complete(request, submission)
               ? REQUEST_RUN
               : problem(request, ERR_NOMEM, "Out of memory. Try again.");
}

/* ---- release ---- */

enum request_step quarantine_release_start(struct request *request)
{
    const struct submission *submission = begin(request, INPUT_SUBMISSION);
    return submission != NULL
               ? read_entry(request, submission->input.quarantine.id, quarantine_release_read)
               : REQUEST_REPLY;
}

enum request_step quarantine_release_read(struct request *request)
{
    struct submission *submission = request->data;
    struct input *input = &submission->input;
    const struct rows *rows = request->read->queries[0].rows;
    if (rows_count(rows) == 0) {
        return problem(request, ERR_NOT_FOUND, "There is no such entry in the quarantine.");
    }
    if (!str_is(row_text(rows, 0, QUARANTINE_STATE), quarantine_state_names[QUARANTINE_HELD])) {
        return settle(request, submission); /* it will not be decided, but answered */
    }
    submission->form = catalog_form(request->catalog, row_text(rows, 0, QUARANTINE_FORM));
    if (submission->form == NULL) {
        return problem(request, ERR_CONFLICT, "Its form is not there any more.");
    }
    const bool is_raw = !row_is_null(rows, 0, QUARANTINE_RAW);
    if (!is_raw && row_is_null(rows, 0, QUARANTINE_EMAIL_KEY)) {
        return problem(request, ERR_CONFLICT, "It came without an e-mail address: it is nobody's.");
    }
    const enum request_step step = is_raw ? take_raw(request, submission, rows)
                                          : take_payload(request, submission, rows);
    if (step != REQUEST_RUN) {
        return step;
    }
    input->activity.id = row_uuid(rows, 0, QUARANTINE_SUBMISSION_ID);
    input->activity.has_client_id = false;
    input->activity.occurred_at_us = row_time(rows, 0, QUARANTINE_OCCURRED_AT);
    input->activity.received_at_us = row_time(rows, 0, QUARANTINE_RECEIVED_AT);
    return settle(request, submission);
}

/* ---- purge ---- */

enum request_step quarantine_purge_start(struct request *request)
{
    struct submission *submission = begin(request, INPUT_PURGE);
    return submission != NULL ? settle(request, submission) : REQUEST_REPLY;
}

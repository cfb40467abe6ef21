#include "handlers/handoff_refusal.h"

#include "handlers/handoff_document.h"

void handoff_take_actor(struct request *request, struct uuid member, struct input *input)
{
    const struct uuid own = request->principal.member_id;
    if (uuid_is_nil(member) || uuid_eq(member, own)) {
        return;
    }
    if (!uuid_is_nil(own)) {
        faults_add(&request->faults, "/member", "not_allowed", "This key acts as its own member.");
        return;
    }
    const struct member *known = catalog_member(request->catalog, member);
    if (known == NULL || !known->is_active) {
        faults_add(&request->faults, "/member", "reference", "There is no such active member.");
        return;
    }
    char id[UUID_TEXT_BYTES];
    const char *text = arena_printf(request->arena, "member:%s", uuid_format(member, id));
    if (text == NULL) {
        faults_add(&request->faults, "/member", "memory", "Out of memory.");
        return;
    }
    input->actor = (struct actor){.member_id = member, .text = str_from(text)};
}

void handoff_require_text(struct request *request, struct str text, const char *pointer)
{
    if (text.data != NULL && str_trim(text).len == 0) {
        faults_add(&request->faults, pointer, "too_short", "Write something here.");
    }
}

/* ---- conflicts ---- */

struct refusal {
    const char *detail;
    bool is_opening;
};

enum standing_column { STANDING_HANDOFF_ID, STANDING_STATE, STANDING_ASSIGNEE };

static enum request_step conflict_finish(struct request *request)
{
    const struct refusal *refusal = request->data;
    const struct rows *rows = request->read->queries[0].rows;
    struct json_writer json;
    problem_begin(request, &json, ERR_CONFLICT, refusal->detail);
    const int state = rows_count(rows) > 0
                          ? name_index(handoff_state_names, row_text(rows, 0, STANDING_STATE))
                          : -1;
    if (state >= 0) {
        if (refusal->is_opening) {
            JSON_FIELD(&json, "existing", json_uuid, row_uuid(rows, 0, STANDING_HANDOFF_ID));
        }
        JSON_FIELD(&json, "state", json_text, handoff_state_names[state]);
        JSON_FIELD(&json, "assignee", json_uuid, row_uuid(rows, 0, STANDING_ASSIGNEE));
        handoff_write_allowed(&json, (enum handoff_state)state);
    }
    problem_end(request, &json);
    return REQUEST_REPLY;
}

static enum request_step refuse_conflict(struct request *request, const struct input *input)
{
    struct refusal *refusal = arena_alloc(request->arena, sizeof *refusal);
    if (refusal == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    *refusal =
        (struct refusal){.detail = input->result.detail, .is_opening = input->kind != INPUT_MOVE};
    read->op.catalog = NULL;
    struct params *params = read_op_query(read, STATEMENT_HANDOFF_STANDING);
    param_uuid(params, input->handoff_id);
    param_uuid(params, input->contact_id);
    request->data = refusal;
    request->finish = conflict_finish;
    return REQUEST_RUN;
}

/* 422, always with a fault: the input's own, or the Idempotency-Key that was used for something
 * else. */
static enum request_step refuse_invalid(struct request *request, const struct input_result *result)
{
    if (result->faults != NULL) {
        request->faults = *result->faults;
    } else {
        faults_add(&request->faults, result->is_replay ? "Idempotency-Key" : "", "conflict", "%s",
                   result->detail);
    }
    return problem_faults(request);
}

enum request_step handoff_refuse(struct request *request, const struct input *input)
{
    const struct input_result *result = &input->result;
    if (result->code == ERR_CONFLICT && result->has_state) {
        return refuse_conflict(request, input);
    }
    if (result->code == ERR_INVALID) {
        return refuse_invalid(request, result);
    }
    (void)problem(request, result->code, result->detail);
    if (result->code == ERR_CONFLICT && result->is_replay) {
        /* The twin with the same Idempotency-Key is still being worked on. */
        http_reply_header(request->message, "Retry-After", STR_LITERAL("1"));
    }
    return REQUEST_REPLY;
}

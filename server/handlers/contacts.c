/*
 * What a person or a CRM says about contacts: upserts by address, one or a thousand at once, and
 * patches.
 */
#include "domain/email_address.h"
#include "handlers/contact_answers.h"
#include "handlers/handlers.h"
#include "handlers/handoff_refusal.h"
#include "handlers/item_batch.h"

/* ---- upserts ---- */

/* What an upsert may bring a contact to; the later stages are reached by what happens. */
static const char *const settable_stage_names[] = {"contact", "prospect", "lead", NULL};
_Static_assert(STAGE_CONTACT == 0 && STAGE_PROSPECT == 1 && STAGE_LEAD == 2,
               "the names above are those of the first stages");

struct contact_body {
    struct str email;
    const json_t *attributes;
    struct str channel;
    int stage;
    const json_t *consents;
    int64_t occurred_at_us;
};

static const struct field contact_fields[] = {
    FIELD("email", STRING, struct contact_body, email, .flags = FIELD_REQUIRED,
          .max = EMAIL_INPUT_BYTES_MAX),
    FIELD("attributes", JSON, struct contact_body, attributes, .flags = FIELD_NULLABLE),
    FIELD("channel", SLUG, struct contact_body, channel, .flags = FIELD_NULLABLE),
    FIELD_CHOICE("stage", struct contact_body, stage, settable_stage_names,
                 .flags = FIELD_NULLABLE),
    FIELD("consents", JSON, struct contact_body, consents, .flags = FIELD_NULLABLE),
    FIELD("occurred_at", TIME, struct contact_body, occurred_at_us, .flags = FIELD_NULLABLE),
};
const struct schema contact_schema = SCHEMA(struct contact_body, contact_fields);

/* Fills the input, or leaves faults in request->faults. */
static void decode_contact(struct request *request, const json_t *value, struct input *input)
{
    struct contact_body body;
    request_input_init(request, input, INPUT_UPSERT);
    /* What it leaves after a fault is safe to look at: all faults are told at once. */
    (void)!schema_decode(&contact_schema, value, request->arena, &body, &request->faults);
    if (body.email.data != NULL) {
        (void)email_into_input(request, body.email, "/email", input);
    }
    (void)claims_from_json(request, body.attributes, "/attributes", /* is_peoples_word= */ false,
                           &input->attributes, &input->attribute_count);
    (void)consents_from_json(request, body.consents, "/consents", &input->consents,
                             &input->consent_count);
    (void)occurred_at_is_valid(request, body.occurred_at_us, "/occurred_at",
                               /* is_recent_only= */ false);
    input->creates = true;
    input->source = contact_claim_source(request);
    input->stage = body.stage != ENUM_NONE ? (enum stage)body.stage : STAGE_CONTACT;
    input->activity.channel = body.channel;
    input->activity.occurred_at_us = body.occurred_at_us;
}

/* Gives one input to the store; `data` is the input then. */
static enum request_step run_one(struct request *request, struct input *input)
{
    request->data = input;
    return request_change(request, input, 1, LANE_WRITE) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

enum request_step contact_upsert_start(struct request *request)
{
    struct input *input = arena_alloc(request->arena, sizeof *input);
    if (input == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    decode_contact(request, request->body, input);
    return request->faults.count > 0 ? problem_faults(request) : run_one(request, input);
}

enum request_step contact_upsert_finish(struct request *request)
{
    const struct input *input = request->data;
    const struct input_result *result = &input->result;
    if (result->code != OK) {
        return handoff_refuse(request, input);
    }
    return contact_read_again(request, result->contact_id, result->is_new_contact ? 201 : 200);
}

/* ---- many at once ---- */

enum request_step contact_batch_start(struct request *request)
{
    const char *name;
    const json_t *value;
    json_object_foreach(json_unconst(request->body), name, value)
    {
        if (!str_is(str_from(name), "contacts")) {
            struct json_pointer pointer;
            json_pointer_init(&pointer, "");
            (void)json_pointer_push(&pointer, str_from(name));
            faults_add(&request->faults, pointer.text, "unknown", "A batch has only `contacts`.");
        }
    }
    const json_t *list = item_batch_list(request, "contacts");
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    struct item_batch *batch = item_batch_decode(request, list, decode_contact);
    return batch != NULL ? item_batch_run(request, batch) : REQUEST_REPLY;
}

/* ---- patches ---- */

struct patch_body {
    struct str email;
    const json_t *attributes;
    bool has_channel;
    struct str channel;
    const json_t *consents;
};

static const struct field patch_fields[] = {
    FIELD("email", STRING, struct patch_body, email, .max = EMAIL_INPUT_BYTES_MAX),
    FIELD("attributes", JSON, struct patch_body, attributes),
    FIELD("channel", SLUG, struct patch_body, channel, .flags = FIELD_NULLABLE,
          FIELD_PRESENCE(struct patch_body, has_channel)),
    FIELD("consents", JSON, struct patch_body, consents),
};
const struct schema contact_patch_schema = SCHEMA(struct patch_body, patch_fields);

static void decode_patch(struct request *request, struct input *input)
{
    struct patch_body body;
    request_input_init(request, input, INPUT_PATCH);
    (void)!schema_decode(&contact_patch_schema, request->body, request->arena, &body,
                         &request->faults);
    if (body.email.data != NULL) {
        struct input address = {.arena = request->arena};
        if (email_into_input(request, body.email, "/email", &address)) {
            input->new_email = address.email;
            input->new_email_key = address.email_key;
        }
    }
    (void)claims_from_json(request, body.attributes, "/attributes", /* is_peoples_word= */ false,
                           &input->attributes, &input->attribute_count);
    (void)consents_from_json(request, body.consents, "/consents", &input->consents,
                             &input->consent_count);
    input->source = contact_claim_source(request);
    if (body.has_channel) {
        /* Null takes it away. */
        input->activity.channel = body.channel.data != NULL ? body.channel : STR_LITERAL("");
    }
}

enum request_step contact_patch_start(struct request *request)
{
    struct input *input = arena_alloc(request->arena, sizeof *input);
    if (input == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    struct uuid contact_id;
    if (!request_uuid_param(request, 0, &contact_id)) {
        return REQUEST_REPLY;
    }
    decode_patch(request, input);
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    if (!request_if_match(request, &input->if_version)) {
        return problem(request, ERR_STALE,
                       "If-Match names no version of this contact. Read it again.");
    }
    input->contact_id = contact_id;
    return run_one(request, input);
}

enum request_step contact_patch_finish(struct request *request)
{
    const struct input *input = request->data;
    if (input->result.code == OK) {
        return contact_read_again(request, input->result.contact_id, 200);
    }
    if (input->result.code != ERR_CONFLICT || uuid_is_nil(input->result.id)) {
        return handoff_refuse(request, input);
    }
    struct json_writer json;
    problem_begin(request, &json, ERR_CONFLICT, input->result.detail);
    JSON_FIELD(&json, "existing", json_uuid, input->result.id);
    problem_end(request, &json);
    return REQUEST_REPLY;
}

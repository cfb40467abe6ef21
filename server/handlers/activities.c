/*
 * POST /v1/activities: one or up to a thousand things that contacts did. Each item is answered for
 * itself; a bad one does not stop the others.
 */
#include "handlers/handlers.h"
#include "handlers/item_batch.h"

#include "domain/email_address.h"
#include "schema/json.h"

struct activity_body {
    struct uuid id;
    struct str email;
    struct uuid contact_id;
    struct str kind;
    struct str offer;
    struct str form;
    struct str campaign;
    struct str channel;
    int64_t occurred_at_us;
    const json_t *properties;
    bool is_historical;
};

static const struct field activity_fields[] = {
    FIELD("id", UUID, struct activity_body, id, .flags = FIELD_NULLABLE),
    FIELD("email", STRING, struct activity_body, email, .flags = FIELD_NULLABLE,
          .max = EMAIL_INPUT_BYTES_MAX),
    FIELD("contact_id", UUID, struct activity_body, contact_id, .flags = FIELD_NULLABLE),
    FIELD("kind", SLUG, struct activity_body, kind, .flags = FIELD_REQUIRED),
    FIELD("offer", SLUG, struct activity_body, offer, .flags = FIELD_NULLABLE),
    FIELD("form", SLUG, struct activity_body, form, .flags = FIELD_NULLABLE),
    FIELD("campaign", SLUG, struct activity_body, campaign, .flags = FIELD_NULLABLE),
    FIELD("channel", SLUG, struct activity_body, channel, .flags = FIELD_NULLABLE),
    FIELD("occurred_at", TIME, struct activity_body, occurred_at_us, .flags = FIELD_NULLABLE),
    FIELD("properties", MAP, struct activity_body, properties, .flags = FIELD_NULLABLE,
          .max = ATTRIBUTES_MAX),
    FIELD("historical", BOOL, struct activity_body, is_historical, .flags = FIELD_NULLABLE),
};
static const struct schema activity_schema = SCHEMA(struct activity_body, activity_fields);

enum { PROPERTIES_BYTES_MAX = 16384 };

static void check_references(struct request *request, const struct activity_body *body)
{
    if (body->offer.data != NULL && catalog_offer(request->catalog, body->offer) == NULL) {
        faults_add(&request->faults, "/offer", "unknown_reference", "There is no such offer.");
    }
    if (body->campaign.data != NULL &&
        catalog_find(request->catalog, CATALOG_CAMPAIGN, body->campaign) == NULL) {
        faults_add(&request->faults, "/campaign", "unknown_reference",
                   "There is no such campaign.");
    }
}

static struct sha256 fingerprint_of(const struct input *input)
{
    const struct activity_input *activity = &input->activity;
    char occurred_at[TIME_TEXT_BYTES] = "";
    char contact_id[UUID_TEXT_BYTES];
    if (activity->occurred_at_us != TIME_NONE) {
        (void)time_format(activity->occurred_at_us, occurred_at);
    }
    const struct str parts[] = {
        input->email_key,     str_from(uuid_format(input->contact_id, contact_id)),
        activity->kind,       activity->offer,
        activity->form,       activity->campaign,
        activity->channel,    str_from(occurred_at),
        activity->properties,
    };
    return sha256_of_parts(parts, ARRAY_LEN(parts));
}

static void take_properties(struct request *request, const json_t *properties, struct input *input)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, PROPERTIES_BYTES_MAX);
    json_serialize(&buf, properties);
    if (buf.failed) {
        faults_add(&request->faults, "/properties", "too_long",
                   "The properties take more than %d bytes.", PROPERTIES_BYTES_MAX);
        return;
    }
    input->activity.properties = arena_str(request->arena, buf_str(&buf));
}

/* Whether the item names something there, be it right or wrong. */
static bool has_member(const json_t *item, const char *name)
{
    const json_t *value = json_object_get(item, name);
    return value != NULL && !json_is_null(value);
}

static void take_contact(struct request *request, const json_t *item,
                         const struct activity_body *body, struct input *input)
{
    if (has_member(item, "email") == has_member(item, "contact_id")) {
        faults_add(&request->faults, "/email", "required",
                   "Name the contact by `email` or by `contact_id`, one of them.");
    } else if (body->email.data != NULL) {
        (void)email_into_input(request, body->email, "/email", input);
    }
    input->contact_id = body->contact_id;
    input->creates = body->email.data != NULL;
}

static void decode_activity(struct request *request, const json_t *item, struct input *input)
{
    struct activity_body body;
    request_input_init(request, input, INPUT_ACTIVITY);
    /* What it leaves after a fault is safe to look at: all faults are told at once. */
    (void)!schema_decode(&activity_schema, item, request->arena, &body, &request->faults);
    if (!json_is_object(item)) {
        return;
    }
    take_contact(request, item, &body, input);
    check_references(request, &body);
    (void)occurred_at_is_valid(request, body.occurred_at_us, "/occurred_at",
                               /* is_recent_only= */ false);
    if (body.properties != NULL) {
        take_properties(request, body.properties, input);
    }
    input->source = SOURCE_CRM;
    input->is_historical = body.is_historical ||
                           json_is_true(json_object_get(request->body, "historical"));
    input->activity.id = uuid_is_nil(body.id) ? uuid_new(clock_wall_us()) : body.id;
    input->activity.has_client_id = !uuid_is_nil(body.id);
    input->activity.scope = STR_LITERAL("");
    input->activity.kind = body.kind;
    input->activity.form = body.form;
    input->activity.offer = body.offer;
    input->activity.campaign = body.campaign;
    input->activity.channel = body.channel;
    input->activity.occurred_at_us = body.occurred_at_us;
    input->activity.fingerprint = fingerprint_of(input);
}

/* The list, or NULL when the body is one activity itself. Beside a list may stand `historical`, for
 * all of it. Adds faults. */
static const json_t *list_of(struct request *request)
{
    if (json_object_get(request->body, "activities") == NULL) {
        return NULL;
    }
    const char *name;
    const json_t *value;
    json_object_foreach(request->body, name, value)
    {
        const bool is_flag = strcmp(name, "historical") == 0;
        if (is_flag && !json_is_boolean(value) && !json_is_null(value)) {
            faults_add(&request->faults, "/historical", "type", "true or false");
        } else if (!is_flag && strcmp(name, "activities") != 0) {
            struct json_pointer pointer;
            json_pointer_init(&pointer, "");
            (void)json_pointer_push(&pointer, str_from(name));
            faults_add(&request->faults, pointer.text, "unknown",
                       "There is no such field beside a list of activities.");
        }
    }
    return item_batch_list(request, "activities");
}

/* History may be rewritten with the scope admin only. */
static bool is_forbidden(const struct request *request, const struct item_batch *batch)
{
    bool is_historical = false;
    for (size_t i = 0; i < batch->input_count; i++) {
        is_historical = is_historical || batch->inputs[i].is_historical;
    }
    return is_historical && (request->principal.scopes & SCOPE_ADMIN) == 0;
}

enum request_step activities_start(struct request *request)
{
    const json_t *list = list_of(request);
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    struct item_batch *batch = item_batch_decode(request, list, decode_activity);
    if (batch == NULL) {
        return REQUEST_REPLY;
    }
    if (is_forbidden(request, batch)) {
        return problem(request, ERR_FORBIDDEN,
                       "Only a key with the scope admin may write history.");
    }
    return item_batch_run(request, batch);
}

/*
 * POST /v1/activities: one or up to a thousand things that contacts did. Each item is answered for
 * itself; a bad one does not stop the others.
 */
#include "handlers/handlers.h"

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

struct item {
    struct faults *faults; /* NULL: it went into the inputs */
    size_t input;
};

struct activities {
    struct item *items;
    size_t count;
    struct input *inputs;
    size_t input_count;
};

static void check_references(struct request *request, const struct activity_body *body,
                             const char *base)
{
    if (body->offer.data != NULL && catalog_offer(request->catalog, body->offer) == NULL) {
        faults_add(&request->faults, arena_printf(request->arena, "%s/offer", base),
                   "unknown_reference", "There is no such offer.");
    }
    if (body->campaign.data != NULL &&
        catalog_find(request->catalog, CATALOG_CAMPAIGN, body->campaign) == NULL) {
        faults_add(&request->faults, arena_printf(request->arena, "%s/campaign", base),
                   "unknown_reference", "There is no such campaign.");
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

static void take_properties(struct request *request, const json_t *properties, const char *base,
                            struct input *input)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, PROPERTIES_BYTES_MAX);
    json_serialize(&buf, properties);
    if (buf.failed) {
        faults_add(&request->faults, arena_printf(request->arena, "%s/properties", base),
                   "too_long", "The properties take more than %d bytes.", PROPERTIES_BYTES_MAX);
        return;
    }
    input->activity.properties = arena_str(request->arena, buf_str(&buf));
}

/* Fills the input, or leaves faults in request->faults. */
static void decode_item(struct request *request, const json_t *value, const char *base,
                        struct input *input)
{
    struct activity_body body;
    if (!schema_decode_at(&activity_schema, value, base, request->arena, &body, &request->faults)) {
        return;
    }
    request_input_init(request, input, INPUT_ACTIVITY);
    const bool has_email = body.email.data != NULL;
    const bool has_contact = !uuid_is_nil(body.contact_id);
    if (has_email == has_contact) {
        faults_add(&request->faults, arena_printf(request->arena, "%s/email", base), "required",
                   "Name the contact by `email` or by `contact_id`, one of them.");
    } else if (has_email) {
        (void)email_into_input(request, body.email, arena_printf(request->arena, "%s/email", base),
                               input);
    }
    check_references(request, &body, base);
    if (body.occurred_at_us != TIME_NONE) {
        (void)occurred_at_is_valid(request, body.occurred_at_us,
                                   arena_printf(request->arena, "%s/occurred_at", base), false);
    }
    if (body.properties != NULL) {
        take_properties(request, body.properties, base, input);
    }
    input->contact_id = body.contact_id;
    input->creates = has_email;
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

/* One item: what is wrong with it stays with it. */
static bool take_item(struct request *request, struct activities *activities, const json_t *value,
                      const char *base)
{
    struct item *item = &activities->items[activities->count++];
    decode_item(request, value, base, &activities->inputs[activities->input_count]);
    if (request->faults.count == 0) {
        item->input = activities->input_count++;
        return true;
    }
    item->faults = arena_alloc(request->arena, sizeof *item->faults);
    if (item->faults == NULL) {
        return false;
    }
    *item->faults = request->faults;
    faults_init(&request->faults, request->arena);
    return true;
}

/* The list, or NULL when the body is one activity itself. Beside a list may stand `historical`, for
 * all of it. */
static const json_t *items_of(struct request *request)
{
    const json_t *items = json_object_get(request->body, "activities");
    if (items == NULL) {
        return NULL;
    }
    const char *name;
    const json_t *value;
    json_object_foreach(request->body, name, value)
    {
        const bool is_flag = strcmp(name, "historical") == 0;
        if (is_flag && !json_is_boolean(value)) {
            faults_add(&request->faults, "/historical", "type", "true or false");
        } else if (!is_flag && strcmp(name, "activities") != 0) {
            faults_add(&request->faults, arena_printf(request->arena, "/%s", name), "unknown",
                       "There is no such field beside a list of activities.");
        }
    }
    if (!json_is_array(items) || json_array_size(items) == 0 ||
        json_array_size(items) > CHANGE_INPUTS_MAX) {
        faults_add(&request->faults, "/activities", "too_many", "A list of 1 to %d activities.",
                   CHANGE_INPUTS_MAX);
    }
    return items;
}

/* History may be rewritten with the scope admin only. */
static bool is_forbidden(const struct request *request, const struct activities *activities)
{
    bool is_historical = false;
    for (size_t i = 0; i < activities->input_count; i++) {
        is_historical = is_historical || activities->inputs[i].is_historical;
    }
    return is_historical && (request->principal.scopes & SCOPE_ADMIN) == 0;
}

enum request_step activities_start(struct request *request)
{
    const json_t *items = items_of(request);
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    const size_t count = items != NULL ? json_array_size(items) : 1;
    struct activities *activities = arena_alloc(request->arena, sizeof *activities);
    if (activities == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    activities->items = arena_array(request->arena, count, sizeof *activities->items);
    activities->inputs = arena_array(request->arena, count, sizeof *activities->inputs);
    if (activities->items == NULL || activities->inputs == NULL) {
        return problem(request, ERR_TOO_LARGE, "Too much at once. Send fewer activities.");
    }
    request->data = activities;
    for (size_t i = 0; i < count; i++) {
        const json_t *value = items != NULL ? json_array_get(items, i) : request->body;
        const char *base = items != NULL ? arena_printf(request->arena, "/activities/%zu", i) : "";
        if (!take_item(request, activities, value, base)) {
            return problem(request, ERR_NOMEM, "Out of memory. Try again.");
        }
    }
    if (is_forbidden(request, activities)) {
        return problem(request, ERR_FORBIDDEN,
                       "Only a key with the scope admin may write history.");
    }
    if (activities->input_count == 0) {
        return activities_finish(request);
    }
    return request_change(request, activities->inputs, activities->input_count, LANE_INGEST) != NULL
               ? REQUEST_RUN
               : REQUEST_REPLY;
}

static void write_error(struct json_writer *json, const char *detail, const struct faults *faults)
{
    json_key(json, "error");
    json_object_begin(json);
    JSON_FIELD(json, "title", json_text, "The input is not valid");
    JSON_FIELD(json, "detail", json_text, detail);
    json_key(json, "errors");
    faults_write(faults, json);
    json_object_end(json);
}

static void write_result(struct json_writer *json, const struct item *item,
                         const struct input *input, bool is_replay)
{
    if (item->faults != NULL) {
        JSON_FIELD(json, "status", json_int, 422);
        JSON_FIELD(json, "id", json_text, NULL);
        JSON_FIELD(json, "contact_id", json_text, NULL);
        write_error(json, item->faults->items[0].detail, item->faults);
        return;
    }
    const struct input_result *result = &input->result;
    const bool is_refused = result->code != OK;
    const bool is_repeat = is_replay ? result->was_replay : result->is_replay;
    JSON_FIELD(json, "status", json_int, is_refused ? 422 : is_repeat ? 200 : 201);
    JSON_FIELD(json, "id", json_uuid, is_refused ? (struct uuid){{0}} : result->id);
    JSON_FIELD(json, "contact_id", json_uuid, is_refused ? (struct uuid){{0}} : result->contact_id);
    if (is_refused) {
        write_error(json, result->detail, result->faults);
    }
}

enum request_step activities_finish(struct request *request)
{
    const struct activities *activities = request->data;
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    json_key(&json, "results");
    json_array_begin(&json);
    for (size_t i = 0; i < activities->count; i++) {
        json_object_begin(&json);
        JSON_FIELD(&json, "index", json_int, (int64_t)i);
        write_result(&json, &activities->items[i], &activities->inputs[activities->items[i].input],
                     request->is_replay);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    return reply_end(request);
}

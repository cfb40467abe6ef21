/*
 * POST /v1/scoring/preview: what a contact with these attributes and activities would score, and
 * why. Nothing is stored. The models themselves are set-up like any other (setup.c).
 */
#include "handlers/handlers.h"

#include "domain/email_address.h"
#include "handlers/score_document.h"
#include "schema/json.h"

enum { ACTIVITIES_MAX = 1000, REFERENCE_CHARS_MAX = 64 };

struct preview_body {
    struct str email;
    const json_t *attributes;
    const json_t *activities;
    int64_t model;
    int64_t as_of_us;
};

static const struct field preview_fields[] = {
    FIELD("email", STRING, struct preview_body, email, .flags = FIELD_NULLABLE,
          .max = EMAIL_INPUT_BYTES_MAX),
    FIELD("attributes", JSON, struct preview_body, attributes, .flags = FIELD_NULLABLE),
    FIELD("activities", JSON, struct preview_body, activities, .flags = FIELD_NULLABLE),
    FIELD("model", INT, struct preview_body, model, .flags = FIELD_NULLABLE, .min = 1,
          .max = INT32_MAX),
    FIELD("as_of", TIME, struct preview_body, as_of_us, .flags = FIELD_NULLABLE),
};
static const struct schema preview_schema = SCHEMA(struct preview_body, preview_fields);

struct activity_body {
    struct str kind;
    struct str form;
    struct str offer;
    int offer_kind;
    int journey_step;
    struct str campaign;
    struct str channel;
    int64_t occurred_at_us;
    const json_t *properties;
};

static const struct field activity_fields[] = {
    FIELD("kind", SLUG, struct activity_body, kind, .flags = FIELD_REQUIRED),
    FIELD("form", SLUG, struct activity_body, form, .flags = FIELD_NULLABLE),
    FIELD("offer", SLUG, struct activity_body, offer, .flags = FIELD_NULLABLE),
    FIELD_CHOICE("offer_kind", struct activity_body, offer_kind, offer_kind_names,
                 .flags = FIELD_NULLABLE),
    FIELD_CHOICE("journey_step", struct activity_body, journey_step, journey_step_names,
                 .flags = FIELD_NULLABLE),
    FIELD("campaign", SLUG, struct activity_body, campaign, .flags = FIELD_NULLABLE),
    FIELD("channel", SLUG, struct activity_body, channel, .flags = FIELD_NULLABLE),
    FIELD("occurred_at", TIME, struct activity_body, occurred_at_us, .flags = FIELD_NULLABLE),
    FIELD("properties", MAP, struct activity_body, properties, .flags = FIELD_NULLABLE,
          .max = ATTRIBUTES_MAX),
};
static const struct schema activity_schema = SCHEMA(struct activity_body, activity_fields);

struct preview {
    struct contact contact; /* made for the occasion: e-mail and attributes */
    struct activity_facts *activities;
    size_t activity_count;
    int32_t model;
    int64_t as_of_us; /* TIME_NONE: the database's now */
};

/* ---- the contact ---- */

static void take_email(struct request *request, struct str text, struct contact *contact)
{
    struct input input = {.kind = INPUT_UPSERT};
    if (text.data != NULL && email_into_input(request, text, "/email", &input)) {
        contact->email = input.email;
    }
}

/* What says nothing is no attribute, as when a contact is made. */
static void take_attributes(struct request *request, const json_t *attributes,
                            struct contact *contact)
{
    struct attribute *claims;
    size_t count;
    if (!claims_from_json(request, attributes, "/attributes", /* is_peoples_word= */ false, &claims,
                          &count)) {
        return;
    }
    contact->attributes = claims;
    for (size_t i = 0; i < count; i++) {
        const bool is_empty = claims[i].kind == ATTRIBUTE_IS_NULL ||
                              (claims[i].kind == ATTRIBUTE_IS_TEXT && claims[i].text.len == 0);
        if (!is_empty) {
            claims[contact->attribute_count++] = claims[i];
        }
    }
}

/* ---- activities ---- */

static void check_activity(struct request *request, const struct activity_body *body,
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

/* As they would be stored: the offer's facts, unless given, and the time to the millisecond. */
static struct activity_facts facts_of(const struct catalog *catalog,
                                      const struct activity_body *body)
{
    const struct offer *offer = body->offer.data != NULL ? catalog_offer(catalog, body->offer)
                                                         : NULL;
    const struct form *form = body->form.data != NULL ? catalog_form(catalog, body->form) : NULL;
    const struct catalog_entry *campaign =
        body->campaign.data != NULL ? catalog_find(catalog, CATALOG_CAMPAIGN, body->campaign)
                                    : NULL;
    struct activity_facts facts = {
        .occurred_at_us = body->occurred_at_us,
        .kind = body->kind,
        .channel = body->channel,
        .properties = body->properties,
    };
    if (offer != NULL) {
        facts.offer = offer->slug;
        facts.offer_kind = offer->kind;
        facts.journey_step = offer->journey_step;
    }
    if (body->offer_kind != ENUM_NONE) {
        facts.offer_kind = str_from(offer_kind_names[body->offer_kind]);
    }
    if (body->journey_step != ENUM_NONE) {
        facts.journey_step = str_from(journey_step_names[body->journey_step]);
    }
    facts.form = form != NULL ? form->slug : body->form;
    facts.campaign = campaign != NULL ? campaign->slug : body->campaign;
    return facts;
}

static void take_activities(struct request *request, const json_t *activities,
                            struct preview *preview)
{
    const size_t count = json_array_size(activities);
    if (activities == NULL) {
        return;
    }
    if (!json_is_array(activities) || count > ACTIVITIES_MAX) {
        const bool is_array = json_is_array(activities);
        faults_add(&request->faults, "/activities", is_array ? "too_many" : "type",
                   "A list of at most %d activities.", ACTIVITIES_MAX);
        return;
    }
    preview->activities = arena_array(request->arena, count, sizeof *preview->activities);
    if (preview->activities == NULL) {
        faults_add(&request->faults, "/activities", "memory", "Out of memory.");
        return;
    }
    struct json_pointer pointer;
    json_pointer_init(&pointer, "/activities");
    for (size_t i = 0; i < count; i++) {
        struct activity_body body;
        const size_t mark = json_pointer_push_index(&pointer, i);
        const bool is_shaped = schema_decode_at(&activity_schema, json_array_get(activities, i),
                                                pointer.text, request->arena, &body,
                                                &request->faults);
        check_activity(request, &body, pointer.text);
        if (is_shaped) {
            preview->activities[preview->activity_count++] = facts_of(request->catalog, &body);
        }
        json_pointer_pop(&pointer, mark);
    }
}

/* ---- the request ---- */

static void take_model(struct request *request, int64_t version, struct preview *preview)
{
    (void)catalog_active_model(request->catalog, &preview->model);
    if (version == INT_NONE) {
        return;
    }
    preview->model = (int32_t)version;
    if (catalog_model(request->catalog, preview->model) == NULL) {
        faults_add(&request->faults, "/model", "unknown_reference",
                   "There is no scoring model of this version.");
    }
}

enum request_step score_preview_start(struct request *request)
{
    struct preview_body body;
    struct preview *preview = arena_alloc(request->arena, sizeof *preview);
    if (preview == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    /* What has the wrong shape is none, and the rest is looked at all the same: all faults at once.
     */
    (void)!schema_decode(&preview_schema, request->body, request->arena, &body, &request->faults);
    preview->as_of_us = body.as_of_us;
    take_email(request, body.email, &preview->contact);
    take_attributes(request, body.attributes, &preview->contact);
    take_activities(request, body.activities, preview);
    take_model(request, body.model, preview);
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    request->data = preview;
    /* Asks for nothing but the time: the rules run on the store's thread, as for a contact that is
     * read. */
    return request_read(request) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

enum request_step score_preview_finish(struct request *request)
{
    struct preview *preview = request->data;
    const int64_t now_us = preview->as_of_us != TIME_NONE ? interest_instant_us(preview->as_of_us)
                                                          : request->read->op.now_us;
    for (size_t i = 0; i < preview->activity_count; i++) {
        struct activity_facts *facts = &preview->activities[i];
        facts->occurred_at_us = facts->occurred_at_us != TIME_NONE
                                    ? interest_instant_us(facts->occurred_at_us)
                                    : now_us;
    }
    const struct score_document document = {
        .contact = &preview->contact,
        .activities = preview->activities,
        .activity_count = preview->activity_count,
        .catalog = request->catalog,
        .model = preview->model,
        .now_us = now_us,
    };
    struct json_writer json;
    reply_json(request, 200, &json);
    if (score_document_write(&json, &document, request->arena) != OK) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    return reply_end(request);
}

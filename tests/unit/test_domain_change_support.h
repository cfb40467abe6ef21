/*
 * A desk to try decisions at: a catalog, people whose records live on from one batch to the next,
 * and what a batch told and wrote.
 *
 * A batch runs as the store runs it (contacts as their columns are read back, histories only when
 * change_needs_history asks for them), and after every input what always has to hold is looked at:
 * events with exactly the fields of the contract and nothing personal or written by hand, a refusal
 * that changed nothing, a stage that agrees with the handoff.
 */
#pragma once

#include "test_domain_catalog_support.h"

#include "base/buf.h"
#include "domain/change.h"

enum { PEOPLE_MAX = 12, STEPS_MAX = 64, ATTRIBUTES_CLAIMED_MAX = 128 };

/* 2026-11-23T08:00:00Z, a Monday */
#define DESK_START_US (INT64_C(1795420800) * US_PER_SECOND)
#define US_PER_HOUR   (INT64_C(3600) * US_PER_SECOND)
#define DESK_MEMBER   "01936b1f-0000-7000-8000-000000000001"
#define DESK_OTHER    "01936b1f-0000-7000-8000-000000000002"
#define DESK_CAMPAIGN "01936b1f-0000-7000-8000-000000000003"
/* In everything written by hand, so that it is found where it must not be. */
#define BY_HAND "Zoé wrote this"

struct person {
    const char *email;
    struct contact contact;
    bool is_made;
    struct activity_row *activities; /* stored ones */
    size_t activity_count;
    size_t activity_capacity;
};

struct desk {
    struct default_rows rows;
    struct catalog *catalog;
    struct catalog *older; /* the one before: what was stored then points into it */
    struct arena arena;
    struct arena scratch;
    int64_t now_us;
    struct person people[PEOPLE_MAX];
    size_t person_count;
    struct effects effects; /* of the last batch */
    json_t *told;           /* its events, each its data */
    bool loads_all;         /* histories are loaded whether asked for or not */
};

struct step {
    struct person *person;
    struct input *input;
    struct person *other; /* merge: the survivor */
};

/* ---- set-up ---- */

static inline void desk_offer(struct desk *desk, const char *id, const char *slug, const char *kind,
                              const char *journey_step)
{
    default_rows_add(&desk->rows, CATALOG_OFFER, id, slug,
                     arena_printf(&desk->arena,
                                  "{\"slug\":\"%s\",\"title\":\"T\",\"kind\":\"%s\","
                                  "\"journey_step\":\"%s\",\"audience\":\"public\"}",
                                  slug, kind, journey_step));
}

static inline void desk_form(struct desk *desk, const char *id, const char *slug,
                             const char *activity, const char *makes, const char *offer)
{
    default_rows_add(&desk->rows, CATALOG_FORM, id, slug,
                     arena_printf(&desk->arena,
                                  "{\"slug\":\"%s\",\"name\":\"F\",\"activity\":\"%s\","
                                  "\"makes\":\"%s\",\"offer\":%s%s%s,\"open\":true,"
                                  "\"required\":[\"email\"],\"consent_text\":\"I agree\","
                                  "\"protection\":{\"honeypot\":false,\"token\":false,"
                                  "\"disposable\":false,\"repeats\":false}}",
                                  slug, activity, makes, offer != NULL ? "\"" : "",
                                  offer != NULL ? offer : "null", offer != NULL ? "\"" : ""));
}

static inline void desk_init(struct desk *desk)
{
    *desk = (struct desk){.now_us = DESK_START_US};
    arena_init(&desk->arena, (size_t)1 << 30);
    arena_init(&desk->scratch, MODEL_SCRATCH_BYTES);
    default_rows_init(&desk->rows);
    desk_offer(desk, "01936b1f-0000-7000-8000-000000000010", "ebook", "ebook", "consideration");
    desk_offer(desk, "01936b1f-0000-7000-8000-000000000011", "paper", "white_paper", "awareness");
    desk_offer(desk, "01936b1f-0000-7000-8000-000000000012", "choosing", "buying_guide",
               "decision");
    desk_offer(desk, "01936b1f-0000-7000-8000-000000000013", "tour", "demo", "decision");
    desk_form(desk, "01936b1f-0000-7000-8000-000000000020", "guide", "form_submission", "lead",
              "ebook");
    desk_form(desk, "01936b1f-0000-7000-8000-000000000021", "paper", "form_submission", "lead",
              "paper");
    desk_form(desk, "01936b1f-0000-7000-8000-000000000022", "choosing", "form_submission", "lead",
              "choosing");
    desk_form(desk, "01936b1f-0000-7000-8000-000000000023", "demo", "demo_request", "lead", NULL);
    desk_form(desk, "01936b1f-0000-7000-8000-000000000024", "news", "subscription", "prospect",
              NULL);
    /* Matches no rule of the default model. */
    desk_form(desk, "01936b1f-0000-7000-8000-000000000025", "quiet", "survey", "lead", NULL);
    default_rows_add(&desk->rows, CATALOG_CAMPAIGN, DESK_CAMPAIGN, "spring",
                     "{\"slug\":\"spring\",\"name\":\"Spring\",\"starts_on\":\"2027-03-01\","
                     "\"ends_on\":\"2027-05-31\"}");
    default_rows_add(&desk->rows, CATALOG_MEMBER, DESK_MEMBER, DESK_MEMBER,
                     "{\"name\":\"Ana\",\"team\":\"sales\",\"role\":\"member\",\"active\":true}");
}

/* After everything was added. */
static inline void desk_open(struct desk *desk)
{
    desk->catalog = build_catalog(&desk->rows);
}

static inline void desk_policy(struct desk *desk, unsigned number, const char *fields)
{
    const char *id = arena_printf(&desk->arena, "01936b1f-0000-7000-8000-0000000001%02u", number);
    default_rows_add(
        &desk->rows, CATALOG_POLICY, id, id,
        arena_printf(&desk->arena, "{\"name\":\"P%u\",\"active\":true,%s}", number, fields));
}

/* Without the policy of a fresh database. */
static inline void desk_drop_policies(struct desk *desk)
{
    size_t kept = 0;
    for (size_t i = 0; i < desk->rows.count; i++)
        if (desk->rows.rows[i].kind != CATALOG_POLICY)
            desk->rows.rows[kept++] = desk->rows.rows[i];
    desk->rows.count = kept;
}

/* Another catalog for what follows: its rows are the present ones with this model in force. */
static inline void desk_use_model(struct desk *desk, const char *definition)
{
    default_rows_add(&desk->rows, CATALOG_MODEL, "01936b1f-0000-7000-8000-000000000fff", "2",
                     arena_printf(&desk->arena,
                                  "{\"version\":2,\"activated\":2,\"activated_at\":null,"
                                  "\"activation\":null,\"definition\":%s}",
                                  definition));
    if (desk->catalog != NULL) {
        assert_null(desk->older);
        desk->older = desk->catalog;
        desk_open(desk);
    }
}

static inline void desk_done(struct desk *desk)
{
    for (size_t i = 0; i < desk->person_count; i++)
        history_done(&desk->people[i].contact.history);
    json_decref(desk->told);
    catalog_unref(desk->older);
    catalog_unref(desk->catalog);
    default_rows_done(&desk->rows);
    arena_done(&desk->scratch);
    arena_done(&desk->arena);
}

static inline void desk_pass(struct desk *desk, int64_t us)
{
    desk->now_us += us;
}

static inline struct person *desk_person(struct desk *desk, const char *email)
{
    assert_true(desk->person_count < PEOPLE_MAX);
    struct person *person = &desk->people[desk->person_count++];
    person->email = email;
    return person;
}

static inline struct uuid desk_uuid(const char *text)
{
    struct uuid uuid;
    assert_true(uuid_parse(str_from(text), &uuid));
    return uuid;
}

/* ---- inputs ---- */

static inline struct input *desk_input(struct desk *desk, enum input_kind kind)
{
    struct input *input = arena_alloc(&desk->arena, sizeof *input);
    *input = (struct input){
        .kind = kind,
        .actor = {.text = STR_LITERAL("key:01936b1f-0000-7000-8000-00000000000a")},
        .source = SOURCE_CRM,
        .activity = {.occurred_at_us = TIME_NONE                                    },
        .move = {.work_by_us = TIME_NONE,
                  .at_us = TIME_NONE,
                  .until_us = TIME_NONE,
                  .helped_the_call = -1},
        .deal = {.won_at_us = TIME_NONE                                          },
        .arena = &desk->arena,
    };
    return input;
}

/* A form's post, as the handler makes it. */
static inline struct input *desk_submission(struct desk *desk, const char *slug)
{
    const struct form *form = catalog_form(desk->catalog, str_from(slug));
    assert_non_null(form);
    struct input *input = desk_input(desk, INPUT_SUBMISSION);
    input->creates = true;
    input->source = SOURCE_FORM;
    input->consent_text = form->consent_text;
    input->actor.text = str_from(arena_printf(&desk->arena, "form:%s", slug));
    input->activity.id = uuid_new(desk->now_us);
    input->activity.scope = form->slug;
    input->activity.kind = form->activity;
    input->activity.form = form->slug;
    input->activity.offer = form->offer;
    input->activity.campaign = form->campaign;
    input->activity.payload = STR_LITERAL("{}");
    return input;
}

static inline struct input *desk_activity(struct desk *desk, const char *kind, int64_t at_us)
{
    struct input *input = desk_input(desk, INPUT_ACTIVITY);
    input->creates = true;
    input->activity.id = uuid_new(desk->now_us);
    input->activity.kind = str_from(kind);
    input->activity.occurred_at_us = at_us;
    return input;
}

static inline struct attribute *desk_claim(struct input *input, const char *name)
{
    if (input->attributes == NULL)
        input->attributes =
            arena_array(input->arena, ATTRIBUTES_CLAIMED_MAX, sizeof *input->attributes);
    assert_true(input->attribute_count < ATTRIBUTES_CLAIMED_MAX);
    struct attribute *claim = &input->attributes[input->attribute_count++];
    claim->name = str_from(arena_strdup(input->arena, name));
    claim->at_us = TIME_NONE;
    return claim;
}

/* NULL: a null. */
static inline void claim_text(struct input *input, const char *name, const char *value)
{
    struct attribute *claim = desk_claim(input, name);
    claim->kind = value != NULL ? ATTRIBUTE_IS_TEXT : ATTRIBUTE_IS_NULL;
    claim->text = str_from(value);
}

static inline void claim_number(struct input *input, const char *name, const char *value)
{
    struct attribute *claim = desk_claim(input, name);
    claim->kind = ATTRIBUTE_IS_NUMBER;
    claim->text = str_from(value);
}

static inline void claim_consent(struct input *input, const char *purpose, bool is_granted)
{
    if (input->consents == NULL)
        input->consents = arena_array(input->arena, CONSENTS_MAX, sizeof *input->consents);
    assert_true(input->consent_count < CONSENTS_MAX);
    input->consents[input->consent_count++] =
        (struct consent){.purpose = str_from(purpose), .is_granted = is_granted};
}

/* The articles' example: fit 70, grade A. */
static inline struct input *as_vp(struct input *input)
{
    claim_text(input, "first_name", "Claire");
    claim_number(input, "company_size", "5000");
    claim_text(input, "job_title", "VP IT");
    claim_text(input, "country", "FR");
    return input;
}

static inline struct input *by_member(struct input *input)
{
    input->actor = (struct actor){.member_id = desk_uuid(DESK_MEMBER),
                                  .text = STR_LITERAL("member:" DESK_MEMBER)};
    return input;
}

/* A move that has what it needs, on the person's latest handoff. */
static inline struct input *desk_move(struct desk *desk, const struct person *person,
                                      enum move move)
{
    struct input *input = desk_input(desk, INPUT_MOVE);
    input->handoff_id = person->contact.handoff.handoff_id;
    input->handoff_contact_id = person->contact.handoff.contact_id;
    input->handoff_state = person->contact.handoff.state;
    input->move.move = move;
    input->move.channel = STR_LITERAL("call");
    input->move.outcome = STR_LITERAL("no_answer");
    input->move.gpct = STR_LITERAL("{\"goals\":\"" BY_HAND "\"}");
    if (move == MOVE_LOSE || move == MOVE_RECYCLE || move == MOVE_REJECT)
        input->move.reason = STR_LITERAL("other");
    if (move == MOVE_PAUSE) {
        input->move.reason = STR_LITERAL(BY_HAND);
        input->move.until_us = desk->now_us + 48 * US_PER_HOUR;
    }
    if (move == MOVE_LOSE || move == MOVE_RECYCLE || move == MOVE_REJECT || move == MOVE_ATTEMPTS)
        input->move.note = STR_LITERAL(BY_HAND);
    if (move == MOVE_ASSIGN)
        input->move.member_id = desk_uuid(DESK_MEMBER);
    if (move == MOVE_OPPORTUNITY) {
        input->move.has_amount = true;
        input->move.amount = 1500000;
        input->move.currency = STR_LITERAL("EUR");
        input->move.expected_close = STR_LITERAL("2027-01-31");
    }
    input->move.offer = STR_LITERAL("ebook");
    input->move.found_useful = STR_LITERAL("yes");
    return input;
}

/* ---- everything about a contact as one text ---- */

static inline void write_clock(struct json_writer *json, const struct clock_record *clock)
{
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, clock->clock_id);
    JSON_FIELD(json, "kind", json_str, clock->kind);
    JSON_FIELD(json, "policy", json_str, clock->policy);
    JSON_FIELD(json, "state", json_text, clock_state_names[clock->state]);
    JSON_FIELD(json, "started", json_time, clock->started_at_us);
    JSON_FIELD(json, "due", json_time, clock->due_at_us);
    for (size_t i = 0; i < clock->warning_count; i++)
        JSON_FIELD(json, "warning", json_time, clock->warnings_us[i]);
    JSON_FIELD(json, "paused", json_time, clock->paused_at_us);
    JSON_FIELD(json, "paused_seconds", json_double, clock->paused_seconds);
    JSON_FIELD(json, "met", json_time, clock->met_at_us);
    JSON_FIELD(json, "breached", json_time, clock->breached_at_us);
    JSON_FIELD(json, "ended", json_time, clock->ended_at_us);
    JSON_FIELD(json, "reason", json_str, clock->end_reason);
    JSON_FIELD(json, "dirty", json_bool, clock->is_dirty);
    json_object_end(json);
}

static inline void write_handoff(struct json_writer *json, const struct handoff *handoff)
{
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, handoff->handoff_id);
    JSON_FIELD(json, "contact", json_uuid, handoff->contact_id);
    JSON_FIELD(json, "state", json_text, handoff_state_names[handoff->state]);
    JSON_FIELD(json, "purpose", json_text, purpose_names[handoff->purpose]);
    JSON_FIELD(json, "cycle", json_int, handoff->cycle);
    JSON_FIELD(json, "assignee", json_uuid, handoff->assignee);
    JSON_FIELD(json, "trigger", json_raw, handoff->trigger);
    JSON_FIELD(json, "snapshot", json_raw, handoff->snapshot);
    JSON_FIELD(json, "opened", json_time, handoff->opened_at_us);
    JSON_FIELD(json, "accepted", json_time, handoff->accepted_at_us);
    JSON_FIELD(json, "contacted", json_time, handoff->contacted_at_us);
    JSON_FIELD(json, "qualified", json_time, handoff->qualified_at_us);
    JSON_FIELD(json, "opportunity", json_time, handoff->opportunity_at_us);
    JSON_FIELD(json, "closed", json_time, handoff->closed_at_us);
    JSON_FIELD(json, "paused", json_time, handoff->paused_at_us);
    JSON_FIELD(json, "until", json_time, handoff->paused_until_us);
    JSON_FIELD(json, "why", json_str, handoff->pause_reason);
    JSON_FIELD(json, "attempts", json_int, handoff->attempts);
    JSON_FIELD(json, "gpct", json_raw, handoff->gpct);
    JSON_FIELD(json, "deal", json_raw, handoff->deal);
    JSON_FIELD(json, "reason", json_str, handoff->reason);
    JSON_FIELD(json, "note", json_str, handoff->note);
    JSON_FIELD(json, "nurture", json_time, handoff->nurture_until_us);
    JSON_FIELD(json, "version", json_int, handoff->version);
    JSON_FIELD(json, "dirty", json_bool, handoff->is_dirty);
    json_object_end(json);
}

static inline void write_everything(struct json_writer *json, const struct contact *contact)
{
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, contact->contact_id);
    JSON_FIELD(json, "email", json_str, contact->email);
    JSON_FIELD(json, "stage", json_text, stage_names[contact->stage]);
    JSON_FIELD(json, "reached", json_text, stage_names[contact->reached]);
    JSON_FIELD(json, "channel", json_str, contact->channel);
    JSON_FIELD(json, "step", json_str, contact->journey_step);
    json_key(json, "attributes");
    contact_write_attributes(json, contact);
    json_key(json, "sources");
    contact_write_sources(json, contact);
    json_key(json, "consents");
    contact_write_consents(json, contact);
    JSON_FIELD(json, "cycle", json_int, contact->cycle);
    JSON_FIELD(json, "nurture", json_time, contact->nurture_until_us);
    JSON_FIELD(json, "released", json_time, contact->released_at_us);
    JSON_FIELD(json, "into", json_uuid, contact->merged_into);
    JSON_FIELD(json, "version", json_int, contact->version);
    JSON_FIELD(json, "updated", json_time, contact->updated_at_us);
    JSON_FIELD(json, "dirty", json_bool, contact->is_dirty);
    const struct contact_score *score = &contact->score;
    JSON_FIELD(json, "scored", json_bool, score->exists);
    JSON_FIELD(json, "score_dirty", json_bool, score->is_dirty);
    JSON_FIELD(json, "at", json_time, score->interest.at_us);
    for (size_t i = 0; i < score->interest.rule_count; i++)
        JSON_FIELD(json, "v", json_double, score->interest.v[i]);
    JSON_FIELD(json, "fit", json_double, score->fit);
    JSON_FIELD(json, "known", json_double, score->fit_known);
    JSON_FIELD(json, "grade", json_text, score->grade);
    JSON_FIELD(json, "decision", json_text, decision_name(score->decision));
    JSON_FIELD(json, "errors", json_int, score->rule_errors);
    JSON_FIELD(json, "history", json_int, (int64_t)contact->history.count);
    json_key(json, "handoff");
    write_handoff(json, &contact->handoff);
    for (size_t i = 0; i < contact->clock_count; i++) {
        json_key(json, "clock");
        write_clock(json, &contact->clocks[i]);
    }
    json_object_end(json);
}

static inline const char *everything(const struct contact *contact, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, (size_t)1 << 22);
    struct json_writer json;
    json_writer_init(&json, &buf);
    write_everything(&json, contact);
    assert_false(buf.failed);
    const char *text = arena_str(arena, buf_str(&buf)).data;
    buf_done(&buf);
    return text;
}

static inline size_t effect_count(const struct effects *effects)
{
    return effects->activities.count + effects->events.count + effects->stages.count +
           effects->attempts.count + effects->feedback.count + effects->consents.count +
           effects->deals.count + effects->merges.count + effects->handoffs.count +
           effects->quarantines.count + effects->settlements.count + effects->traces.count +
           effects->erasures.count + effects->histories.count + effects->pause_ends.count;
}

/* ---- what always holds ---- */

struct event_contract {
    const char *type;
    const char *fields; /* in order; with '?' those that may be missing */
};
#define HANDOFF_FIELDS "handoff_id state assignee actor reason?"
#define CLOCK_FIELDS   "clock_id handoff_id kind due_at"
static const struct event_contract event_contracts[] = {
    {"submission.received",      "submission_id form offer contact_created stage_to?"},
    {"contact.created",          ""                                                  },
    {"contact.updated",          "fields"                                            },
    {"contact.stage_changed",    "from to reason? actor handoff_id?"                 },
    {"contact.decision_changed", "from to grade model"                               },
    {"contact.merged",           "into"                                              },
    {"contact.erased",           ""                                                  },
    {"score.grade_changed",      "from to model"                                     },
    {"handoff.opened",           HANDOFF_FIELDS                                      },
    {"handoff.assigned",         HANDOFF_FIELDS                                      },
    {"handoff.accepted",         HANDOFF_FIELDS                                      },
    {"handoff.contacted",        HANDOFF_FIELDS                                      },
    {"handoff.qualified",        HANDOFF_FIELDS                                      },
    {"handoff.opportunity",      HANDOFF_FIELDS                                      },
    {"handoff.won",              HANDOFF_FIELDS                                      },
    {"handoff.lost",             HANDOFF_FIELDS                                      },
    {"handoff.recycled",         HANDOFF_FIELDS                                      },
    {"handoff.rejected",         HANDOFF_FIELDS                                      },
    {"handoff.activity",         HANDOFF_FIELDS                                      },
    {"sla.met",                  CLOCK_FIELDS                                        },
    {"sla.breached",             CLOCK_FIELDS                                        },
    {"sla.cancelled",            CLOCK_FIELDS                                        },
};

static inline void check_fields(const char *type, const char *fields, const json_t *data)
{
    size_t seen = json_object_get(data, "historical") != NULL;
    struct str rest = str_from(fields);
    while (rest.data != NULL && rest.len > 0) {
        struct str name = str_cut(&rest, ' ');
        const bool is_optional = name.data[name.len - 1] == '?';
        name.len -= is_optional;
        const json_t *value = json_object_getn(data, name.data, name.len);
        if (value == NULL && !is_optional)
            fail_msg("%s without %.*s", type, STR_ARGS(name));
        if (value != NULL && json_is_null(value) && is_optional)
            fail_msg("%s with a null %.*s", type, STR_ARGS(name));
        seen += value != NULL;
    }
    if (json_object_size(data) != seen)
        fail_msg("%s has fields beyond the contract: %s", type, json_dumps(data, 0));
}

static inline void check_event(const struct event_row *row, const json_t *data)
{
    const char *fields = NULL;
    for (size_t i = 0; i < ARRAY_LEN(event_contracts); i++)
        if (strcmp(event_contracts[i].type, row->type) == 0)
            fields = event_contracts[i].fields;
    if (fields == NULL)
        fail_msg("%s is no type of the contract", row->type);
    check_fields(row->type, fields, data);
    const char *text = row->data.data;
    if (strstr(text, BY_HAND) != NULL || strchr(text, '@') != NULL ||
        strstr(text, "Claire") != NULL)
        fail_msg("%s tells %s", row->type, text);
}

static inline void check_contact(const struct contact *contact)
{
    const struct handoff *handoff = &contact->handoff;
    const bool is_open = contact_has_open_handoff(contact) && uuid_is_nil(contact->merged_into);
    static const enum stage stages[] = {
        [HANDOFF_OPEN] = STAGE_MQL,
        [HANDOFF_ACCEPTED] = STAGE_SAL,
        [HANDOFF_CONTACTED] = STAGE_SAL,
        [HANDOFF_QUALIFIED] = STAGE_SQL,
        [HANDOFF_OPPORTUNITY] = STAGE_OPPORTUNITY,
    };
    if (is_open && handoff->purpose == PURPOSE_UPSELL)
        assert_int_equal(contact->stage, STAGE_CUSTOMER);
    if (is_open && handoff->purpose != PURPOSE_UPSELL)
        assert_int_equal(contact->stage, stages[handoff->state]);
    if (!is_open && uuid_is_nil(contact->merged_into) && !contact_is_erased(contact))
        assert_true(contact->stage < STAGE_MQL || contact->stage >= STAGE_CUSTOMER);
    assert_true(contact->stage == STAGE_DISQUALIFIED || contact->reached >= contact->stage);
    for (size_t i = 0; i < contact->clock_count; i++) {
        const struct clock_record *clock = &contact->clocks[i];
        const bool is_live = clock->state == CLOCK_RUNNING || clock->state == CLOCK_PAUSED;
        assert_true(uuid_eq(clock->handoff_id, handoff->handoff_id));
        if (is_live)
            assert_true(is_open && clock->ended_at_us == TIME_NONE);
        assert_int_equal(clock->state == CLOCK_PAUSED, clock->paused_at_us != TIME_NONE);
        assert_int_equal(clock->state == CLOCK_BREACHED, clock->breached_at_us != TIME_NONE);
        if (clock->breached_at_us != TIME_NONE)
            assert_true(clock->breached_at_us >= clock->due_at_us);
        if (clock->state == CLOCK_MET)
            assert_true(clock->met_at_us < clock->due_at_us);
        for (size_t w = 1; w < clock->warning_count; w++)
            assert_true(clock->warnings_us[w - 1] <= clock->warnings_us[w]);
    }
}

/* ---- a batch ---- */

/* As the store reads it: the columns parsed anew, only those clocks that may still change. */
static inline void desk_read(struct desk *desk, struct person *person)
{
    struct contact *contact = &person->contact;
    const struct contact before = *contact;
    history_done(&contact->history);
    struct buf buf;
    buf_init(&buf, (size_t)1 << 22);
    struct err err;
    void (*const write[])(struct json_writer *, const struct contact *) = {
        contact_write_attributes, contact_write_sources, contact_write_consents};
    struct str columns[3];
    for (size_t i = 0; i < ARRAY_LEN(write); i++) {
        struct json_writer json;
        buf_clear(&buf);
        json_writer_init(&json, &buf);
        write[i](&json, &before);
        columns[i] = arena_str(&desk->arena, buf_str(&buf));
    }
    buf_done(&buf);
    contact->attributes = NULL;
    contact->attribute_count = contact->attribute_capacity = 0;
    contact->consents = NULL;
    contact->consent_count = contact->consent_capacity = 0;
    if (contact_read_attributes(contact, columns[0], columns[1], &desk->arena, &err) != OK)
        fail_msg("%s %s", err.detail, columns[0].data);
    assert_int_equal(contact_read_consents(contact, columns[2], &desk->arena, &err), OK);
    contact->foreseen_at_us = TIME_NONE;
    contact->is_foreseen_now = false;
    contact->clock_count = 0;
    for (size_t i = 0; i < before.clock_count; i++) {
        const struct clock_record *clock = &before.clocks[i];
        if (clock->ended_at_us == TIME_NONE ||
            (clock->state == CLOCK_BREACHED && clock->met_at_us == TIME_NONE)) {
            contact->clocks[contact->clock_count] = *clock;
            contact->clocks[contact->clock_count++].is_dirty = false;
        }
    }
    int32_t version;
    const struct model *model = catalog_active_model(desk->catalog, &version);
    if (contact->score.model != version) {
        contact->score = (struct contact_score){.model = version};
        interest_init(model, &contact->score.interest);
    }
    contact->score.is_dirty = false;
    contact->is_new = contact->is_dirty = contact->is_touched = false;
    contact->handoff.is_dirty = contact->handoff.is_touched = false;
    contact->history = (struct history){.activities = NULL};
}

static inline void desk_load_history(struct desk *desk, struct person *person)
{
    struct contact *contact = &person->contact;
    if (contact->history.is_loaded)
        return;
    contact->history.is_loaded = true;
    for (size_t i = 0; i < person->activity_count; i++) {
        const struct activity_row *row = &person->activities[i];
        assert_int_equal(history_add(&contact->history, &row->facts,
                                     row->input->activity.properties, &desk->arena),
                         OK);
    }
}

static inline struct person *desk_owner(struct desk *desk, struct uuid contact_id)
{
    for (size_t i = 0; i < desk->person_count; i++)
        if (uuid_eq(desk->people[i].contact.contact_id, contact_id))
            return &desk->people[i];
    return NULL;
}

static inline void desk_keep(struct desk *desk, struct person *person,
                             const struct activity_row *row)
{
    if (person->activity_count == person->activity_capacity) {
        const size_t wanted = person->activity_capacity * 2 + 16;
        struct activity_row *grown = arena_array(&desk->arena, wanted, sizeof *grown);
        if (person->activity_count > 0)
            memcpy(grown, person->activities, person->activity_count * sizeof *grown);
        person->activities = grown;
        person->activity_capacity = wanted;
    }
    person->activities[person->activity_count++] = *row;
}

static inline void desk_begin_batch(struct desk *desk, struct step steps[], size_t count)
{
    desk->effects = (struct effects){.arena = &desk->arena,
                                     .scratch = &desk->scratch,
                                     .catalog = desk->catalog,
                                     .now_us = desk->now_us};
    for (size_t i = 0; i < desk->person_count; i++)
        if (desk->people[i].is_made)
            desk_read(desk, &desk->people[i]);
    for (size_t i = 0; i < count; i++) {
        struct person *person = steps[i].person;
        if (person->is_made &&
            (desk->loads_all ||
             change_needs_history(&person->contact, steps[i].input, desk->catalog, desk->now_us))) {
            desk_load_history(desk, person);
            if (steps[i].other != NULL)
                desk_load_history(desk, steps[i].other);
        }
    }
}

static inline void desk_decide(struct desk *desk, const struct step *step)
{
    struct person *person = step->person;
    struct input *input = step->input;
    if (!person->is_made) {
        assert_true(input->creates);
        input->email = str_from(person->email);
        assert_int_equal(
            contact_begin(&person->contact, uuid_new(desk->now_us), input, &desk->effects), OK);
        person->is_made = true;
    }
    const char *before = everything(&person->contact, &desk->arena);
    const size_t effects_before = effect_count(&desk->effects);
    const int32_t version = person->contact.version;
    struct contact *other = step->other != NULL ? &step->other->contact : NULL;
    assert_int_equal(change_decide(&person->contact, other, input, &desk->effects), OK);
    if (input->result.code != OK) {
        assert_string_equal(everything(&person->contact, &desk->arena), before);
        assert_int_equal(effect_count(&desk->effects), effects_before);
        assert_false(input->result.changed);
        assert_non_null(input->result.detail);
    }
    assert_in_range(person->contact.version, version, version + 1);
    check_contact(&person->contact);
    if (other != NULL)
        check_contact(other);
}

static inline void desk_end_batch(struct desk *desk)
{
    struct effects *effects = &desk->effects;
    json_decref(desk->told);
    desk->told = json_array();
    for (size_t i = 0; i < effects->events.count; i++) {
        const struct event_row *row = &effects->events.items[i];
        json_t *data = json_from(row->data.data);
        check_event(row, data);
        assert_int_equal(row->at_us, desk->now_us);
        json_array_append_new(desk->told, data);
    }
    for (size_t i = 0; i < effects->activities.count; i++) {
        struct person *owner = desk_owner(desk, effects->activities.items[i].contact_id);
        assert_non_null(owner);
        desk_keep(desk, owner, &effects->activities.items[i]);
    }
    for (size_t i = 0; i < effects->merges.count; i++) {
        struct person *duplicate = desk_owner(desk, effects->merges.items[i].duplicate);
        struct person *survivor = desk_owner(desk, effects->merges.items[i].survivor);
        for (size_t a = 0; a < duplicate->activity_count; a++)
            desk_keep(desk, survivor, &duplicate->activities[a]);
    }
}

static inline void desk_batch(struct desk *desk, struct step steps[], size_t count)
{
    desk_begin_batch(desk, steps, count);
    for (size_t i = 0; i < count; i++)
        desk_decide(desk, &steps[i]);
    desk_end_batch(desk);
}

/* A batch of one. Returns the code of the answer. */
static inline enum err_code desk_run(struct desk *desk, struct person *person, struct input *input)
{
    struct step step = {.person = person, .input = input};
    desk_batch(desk, &step, 1);
    return input->result.code;
}

static inline void desk_do(struct desk *desk, struct person *person, struct input *input)
{
    if (desk_run(desk, person, input) != OK)
        fail_msg("refused: %s", input->result.detail);
}

static inline void desk_merge(struct desk *desk, struct person *duplicate, struct person *survivor)
{
    struct step step = {
        .person = duplicate, .input = desk_input(desk, INPUT_MERGE), .other = survivor};
    desk_batch(desk, &step, 1);
    assert_int_equal(step.input->result.code, OK);
}

/* ---- what a batch told ---- */

/* The types, separated by spaces. */
static inline const char *told(struct desk *desk)
{
    const char *text = "";
    for (size_t i = 0; i < desk->effects.events.count; i++)
        text = arena_printf(&desk->arena, "%s%s%s", text, i > 0 ? " " : "",
                            desk->effects.events.items[i].type);
    return text;
}

static inline const json_t *event_of(struct desk *desk, const char *type)
{
    for (size_t i = 0; i < desk->effects.events.count; i++)
        if (strcmp(desk->effects.events.items[i].type, type) == 0)
            return json_array_get(desk->told, i);
    fail_msg("no %s but %s", type, told(desk));
    return NULL;
}

static inline const char *event_value(struct desk *desk, const char *type, const char *field)
{
    const json_t *value = json_object_get(event_of(desk, type), field);
    return json_is_string(value) ? json_string_value(value) : NULL;
}

#define assert_told(desk, expected) assert_string_equal(told(desk), expected)
#define assert_stage(person, expected)                                                             \
    assert_string_equal(stage_names[(person)->contact.stage], expected)
#define assert_decision(person, expected_grade, expected_decision)                                 \
    do {                                                                                           \
        assert_string_equal((person)->contact.score.grade, expected_grade);                        \
        assert_string_equal(decision_name((person)->contact.score.decision), expected_decision);   \
    } while (0)
#define assert_state(person, expected)                                                             \
    assert_string_equal(handoff_state_names[(person)->contact.handoff.state], expected)

static inline bool has_handoff(const struct person *person)
{
    return contact_has_open_handoff(&person->contact);
}

/* An attribute's text, NULL when there is none. */
static inline const char *attribute_text(struct desk *desk, const struct person *person,
                                         const char *name)
{
    const struct attribute *attribute = contact_attribute(&person->contact, str_from(name));
    return attribute != NULL ? arena_str(&desk->arena, attribute->text).data : NULL;
}

static inline const struct clock_record *clock_of(const struct person *person, const char *kind)
{
    for (size_t i = 0; i < person->contact.clock_count; i++)
        if (str_is(person->contact.clocks[i].kind, kind))
            return &person->contact.clocks[i];
    return NULL;
}

/* A VP who took the e-book: handed over. */
static inline struct person *desk_mql(struct desk *desk, const char *email)
{
    struct person *person = desk_person(desk, email);
    desk_do(desk, person, as_vp(desk_submission(desk, "guide")));
    assert_true(has_handoff(person));
    return person;
}

/* The shortest way to each state. */
static inline struct person *desk_handoff_in(struct desk *desk, const char *email,
                                             enum handoff_state state)
{
    static const struct {
        enum move moves[4];
        size_t count;
    } ways[] = {
        [HANDOFF_OPEN] = {{0},                                                          0},
        [HANDOFF_ACCEPTED] = {{MOVE_ACCEPT},                                                1},
        [HANDOFF_CONTACTED] = {{MOVE_ACCEPT, MOVE_ATTEMPTS},                                 2},
        [HANDOFF_QUALIFIED] = {{MOVE_ACCEPT, MOVE_ATTEMPTS, MOVE_QUALIFY},                   3},
        [HANDOFF_OPPORTUNITY] = {{MOVE_ACCEPT, MOVE_ATTEMPTS, MOVE_QUALIFY, MOVE_OPPORTUNITY}, 4},
        [HANDOFF_WON] = {{MOVE_ACCEPT, MOVE_ATTEMPTS, MOVE_QUALIFY, MOVE_WIN},         4},
        [HANDOFF_LOST] = {{MOVE_ACCEPT, MOVE_ATTEMPTS, MOVE_QUALIFY, MOVE_LOSE},        4},
        [HANDOFF_RECYCLED] = {{MOVE_RECYCLE},                                               1},
        [HANDOFF_REJECTED] = {{MOVE_REJECT},                                                1},
    };
    struct person *person = desk_mql(desk, email);
    for (size_t i = 0; i < ways[state].count; i++) {
        desk_pass(desk, US_PER_SECOND);
        desk_do(desk, person, desk_move(desk, person, ways[state].moves[i]));
    }
    assert_int_equal(person->contact.handoff.state, state);
    return person;
}

/* ---- tests ---- */

static inline int desk_setup(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk_init(desk);
    desk_open(desk);
    *state = desk;
    return 0;
}

/* The test opens it, after set-up of its own. */
static inline int desk_setup_closed(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk_init(desk);
    *state = desk;
    return 0;
}

static inline int desk_teardown(void **state)
{
    desk_done(*state);
    free(*state);
    return 0;
}

#define DESK_TEST(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
#define CLOSED_DESK_TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, desk_setup_closed, desk_teardown)

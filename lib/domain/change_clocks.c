/*
 * SLA clocks of a handoff: started by policies, met by evidence, cancelled when the handoff closes.
 *
 * Met or breached is decided by when something was recorded, by the database's clock. The flagger
 * may be late by a moment, never wrong: a clock that is past its deadline when evidence comes is
 * breached here and now, and met late.
 *
 * A paused clock keeps the deadline it had; the pause is added when it ends: its open time, when
 * the clock counts by a calendar. A clock keeps the version of the policy and of the calendar that
 * it was started with, whatever becomes of them.
 */
#include "domain/change_internal.h"

#include "domain/catalog_kinds.h"
#include "domain/promise.h"
#include "schema/json.h"

static void touch(struct clock_record *clock, struct effects *effects)
{
    clock->is_dirty = true;
    effects->has_clocks = true;
}

/* ---- policies ---- */

/* What opened the handoff, as far as a rule may see it. */
struct trigger_facts {
    struct logic_value kind;
    struct logic_value form;
    struct logic_value offer_kind;
    struct logic_value campaign;
};

static struct trigger_facts trigger_facts_of(const json_t *trigger)
{
    return (struct trigger_facts){
        .kind = logic_text(
            str_from(handoff_trigger_kind(json_str_of(json_object_get(trigger, "because"))))),
        .form = logic_text(json_str_of(json_object_get(trigger, "form"))),
        .offer_kind = logic_text(json_str_of(json_object_get(trigger, "offer_kind"))),
        .campaign = logic_text(json_str_of(json_object_get(trigger, "campaign"))),
    };
}

/*
 * The data of applies_when: the contact's attributes and, beside them, score {grade, fit_grade,
 * interest_grade} as of now, channel (where the contact came from), purpose, and of what opened the
 * handoff: trigger (its kind), form, offer_kind, campaign. Points into itself: not to be copied.
 */
struct policy_data {
    char grade[GRADE_TEXT_BYTES];
    struct logic_member score[3];
    struct logic_value value;
};

static enum err_code policy_data_init(struct policy_data *data, const struct contact *contact,
                                      const json_t *trigger, const struct effects *effects)
{
    int32_t version;
    const struct model *model = catalog_active_model(effects->catalog, &version);
    const struct contact_score *score = &contact->score;
    const double interest = interest_read(model, &score->interest, effects->now_us);
    const enum interest_grade interest_grade = interest_grade_of(model, interest);
    (void)grade_format(score->fit_grade, interest_grade, data->grade);
    const struct str grade = str_slice(data->grade, GRADE_TEXT_BYTES - 1);
    const struct logic_member graded[] = {
        {STR_LITERAL("grade"),     logic_text(grade)              },
        {STR_LITERAL("fit_grade"), logic_text(str_slice(grade.data, 1))},
        {STR_LITERAL("interest_grade"),                        logic_number((double)(int)interest_grade)                          },
    };
    memcpy(data->score, graded, sizeof data->score);
    const struct trigger_facts opened = trigger_facts_of(trigger);
    const struct str purpose = str_from(purpose_names[contact->handoff.purpose]);
    const struct logic_member facts[] = {
        {STR_LITERAL("score"), logic_object(data->score, ARRAY_LEN(data->score))},
        {STR_LITERAL("channel"),                    logic_text(contact->channel)                      },
        {STR_LITERAL("purpose"),                    logic_text(purpose)},
        {STR_LITERAL("trigger"),                    opened.kind                      },
        {STR_LITERAL("form"),                    opened.form   },
        {STR_LITERAL("offer_kind"),                    opened.offer_kind                },
        {STR_LITERAL("campaign"),                    opened.campaign     },
    };
    return contact_rule_data(contact, facts, ARRAY_LEN(facts), effects->arena, &data->value);
}

/* A rule that fails does not match. */
static enum err_code applies(const struct policy *policy, const struct policy_data *data,
                             struct effects *effects, bool *ret_applies)
{
    *ret_applies = policy->applies_when == NULL;
    if (*ret_applies) {
        return OK;
    }
    const enum rule_outcome outcome =
        model_rule_test(policy->applies_when, &data->value, effects->scratch);
    *ret_applies = outcome == RULE_MATCHES;
    return outcome == RULE_NOMEM ? ERR_NOMEM : OK;
}

/* ---- calendars ---- */

/* NULL: elapsed time. */
static const struct calendar *calendar_of(const struct clock_record *clock,
                                          const struct effects *effects)
{
    if (uuid_is_nil(clock->calendar_id)) {
        return NULL;
    }
    const struct calendar *current = catalog_calendar(effects->catalog, clock->calendar_id);
    if (current != NULL && current->version == clock->calendar_version) {
        return current;
    }
    for (size_t i = 0; i < effects->calendar_count; i++) {
        const struct calendar *old = effects->calendars[i];
        if (uuid_eq(old->id, clock->calendar_id) && old->version == clock->calendar_version) {
            return old;
        }
    }
    return NULL;
}

/* ---- starting ---- */

static bool has_clock(const struct contact *contact, struct str kind)
{
    for (size_t i = 0; i < contact->clock_count; i++) {
        if (str_eq(contact->clocks[i].kind, kind)) {
            return true;
        }
    }
    return false;
}

/* No clock is started when its deadline lies beyond what is known of the calendar, which is years
 * ahead: none is better than a wrong one. */
static void start_clock(struct contact *contact, const struct policy *policy, int64_t asked_at_us,
                        struct effects *effects)
{
    struct hours_of_clock hours;
    promise_hours(effects->catalog, policy, contact->handoff.assignee, &hours);
    struct clock_record started = {
        .clock_id = uuid_new(effects->now_us),
        .handoff_id = contact->handoff.handoff_id,
        .kind = policy->kind,
        .policy_id = policy->id,
        .state = CLOCK_RUNNING,
        .started_at_us = effects->now_us,
        .asked_at_us = asked_at_us,
        .paused_at_us = TIME_NONE,
        .attempts_needed = policy->attempts,
        .met_at_us = TIME_NONE,
        .evidence_at_us = TIME_NONE,
        .breached_at_us = TIME_NONE,
        .ended_at_us = TIME_NONE,
    };
    const struct calendar *calendar;
    if (!promise_make(&started, policy, &hours, &catalog_organisation(effects->catalog)->zone,
                      &calendar)) {
        return;
    }
    started.original_due_at_us = started.due_at_us;
    struct clock_record *clock = &contact->clocks[contact->clock_count++];
    *clock = started;
    touch(clock, effects);
}

/* The first policy of the kind that applies, or NULL. */
static enum err_code find_policy(const struct catalog *catalog, struct str kind,
                                 const struct policy_data *data, struct effects *effects,
                                 const struct policy **ret_policy)
{
    size_t count;
    const struct policy *const *policies = catalog_policies(catalog, &count);
    *ret_policy = NULL;
    for (size_t i = 0; i < count && *ret_policy == NULL; i++) {
        bool is_applicable = false;
        if (str_eq(policies[i]->kind, kind)) {
            const enum err_code code = applies(policies[i], data, effects, &is_applicable);
            if (code != OK) {
                return code;
            }
        }
        *ret_policy = is_applicable ? policies[i] : NULL;
    }
    return OK;
}

static bool has_conditions(const struct catalog *catalog)
{
    size_t count;
    const struct policy *const *policies = catalog_policies(catalog, &count);
    for (size_t i = 0; i < count; i++) {
        if (policies[i]->applies_when != NULL) {
            return true;
        }
    }
    return false;
}

enum err_code clocks_start(struct contact *contact, enum clock_start start, int64_t asked_at_us,
                           struct effects *effects)
{
    struct policy_data data = {.grade = ""};
    json_auto_t *trigger = NULL;
    enum err_code code = OK;
    if (has_conditions(effects->catalog)) {
        struct err ignored;
        code = json_parse(contact->handoff.trigger, &trigger, &ignored);
        code = code == OK || code == ERR_NOMEM ? code : ERR_STORE;
        code = code != OK ? code : policy_data_init(&data, contact, trigger, effects);
    }
    for (size_t k = 0; code == OK && clock_kind_names[k] != NULL; k++) {
        const struct str kind = str_from(clock_kind_names[k]);
        const struct policy *policy = NULL;
        code = find_policy(effects->catalog, kind, &data, effects, &policy);
        /* The policy that decides may start its clock at the other occasion: then none starts now.
         */
        const bool starts_now = policy != NULL &&
                                policy->starts_on_accept == (start == CLOCK_STARTS_AT_ACCEPT);
        if (code == OK && starts_now && !has_clock(contact, kind) &&
            contact->clock_count < CLOCKS_MAX) {
            start_clock(contact, policy, asked_at_us, effects);
        }
    }
    if (code == OK && contact->handoff.paused_at_us != TIME_NONE) {
        clocks_pause(contact, effects); /* what begins during a pause rests too */
    }
    return code;
}

/* ---- ending ---- */

static enum err_code clock_event(const struct contact *contact, const struct clock_record *clock,
                                 const char *type, struct effects *effects)
{
    return EFFECTS_EVENT(effects, type, contact, /* is_historical= */ false,
                         event_uuid("clock_id", clock->clock_id),
                         event_uuid("handoff_id", clock->handoff_id),
                         event_text("kind", clock->kind), event_time("due_at", clock->due_at_us));
}

/* The flagger would have come a moment later. */
static enum err_code breach_if_late(const struct contact *contact, struct clock_record *clock,
                                    struct effects *effects)
{
    if (clock->state != CLOCK_RUNNING || clock->due_at_us > effects->now_us) {
        return OK;
    }
    clock->state = CLOCK_BREACHED;
    clock->breached_at_us = effects->now_us;
    clock->warning_count = 0;
    touch(clock, effects);
    return clock_event(contact, clock, "sla.breached", effects);
}

static void resume(struct clock_record *clock, int64_t at_us, struct effects *effects)
{
    if (clock->state != CLOCK_PAUSED) {
        return;
    }
    const int64_t pause_us = at_us > clock->paused_at_us ? at_us - clock->paused_at_us : 0;
    clock->state = CLOCK_RUNNING;
    promise_rest(clock, calendar_of(clock, effects), clock->paused_at_us,
                 clock->paused_at_us + pause_us);
    clock->paused_seconds += (double)pause_us / (double)US_PER_SECOND;
    clock->paused_at_us = TIME_NONE;
    touch(clock, effects);
}

/* The clock's last moment: what was open about it is settled first. */
static enum err_code end_clock(const struct contact *contact, struct clock_record *clock,
                               const char *word, struct effects *effects)
{
    resume(clock, effects->now_us, effects);
    const enum err_code code = breach_if_late(contact, clock, effects);
    clock->ended_at_us = effects->now_us;
    clock->end_reason = str_from(word);
    clock->warning_count = 0;
    clock->step_count = 0;
    touch(clock, effects);
    return code;
}

enum err_code clocks_meet(struct contact *contact, const char *kind, const char *word,
                          int64_t at_us, struct effects *effects)
{
    for (size_t i = 0; i < contact->clock_count; i++) {
        struct clock_record *clock = &contact->clocks[i];
        if (!str_is(clock->kind, kind) || clock->ended_at_us != TIME_NONE ||
            contact->handoff.attempts < clock->attempts_needed) {
            continue;
        }
        enum err_code code = end_clock(contact, clock, word, effects);
        clock->met_at_us = effects->now_us;
        clock->evidence_at_us = at_us;
        if (code == OK && clock->state == CLOCK_RUNNING) {
            clock->state = CLOCK_MET;
            code = clock_event(contact, clock, "sla.met", effects);
        }
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

static enum err_code end_all(struct contact *contact, enum clock_state state, const char *word,
                             struct effects *effects)
{
    for (size_t i = 0; i < contact->clock_count; i++) {
        struct clock_record *clock = &contact->clocks[i];
        if (clock->ended_at_us != TIME_NONE) {
            continue;
        }
        enum err_code code = end_clock(contact, clock, word, effects);
        if (code == OK && clock->state == CLOCK_RUNNING) {
            clock->state = state;
            code = clock_event(contact, clock, "sla.cancelled", effects);
        }
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

enum err_code clocks_end(struct contact *contact, const char *word, struct effects *effects)
{
    return end_all(contact, CLOCK_CANCELLED, word, effects);
}

enum err_code clocks_excuse(struct contact *contact, const char *word, struct effects *effects)
{
    return end_all(contact, CLOCK_EXCUSED, word, effects);
}

/* ---- pausing ---- */

void clocks_pause(struct contact *contact, struct effects *effects)
{
    for (size_t i = 0; i < contact->clock_count; i++) {
        struct clock_record *clock = &contact->clocks[i];
        if (clock->state == CLOCK_RUNNING && clock->due_at_us > effects->now_us) {
            clock->state = CLOCK_PAUSED;
            clock->paused_at_us = effects->now_us;
            touch(clock, effects);
        }
    }
}

void clocks_resume(struct contact *contact, int64_t at_us, struct effects *effects)
{
    for (size_t i = 0; i < contact->clock_count; i++) {
        resume(&contact->clocks[i], at_us, effects);
    }
}

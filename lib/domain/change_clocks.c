/*
 * SLA clocks of a handoff: started by policies, met by evidence, cancelled when the handoff closes.
 *
 * Met or breached is decided by when something was recorded, by the database's clock. The flagger may be
 * late by a moment, never wrong: a clock that is past its deadline when evidence comes is breached here and
 * now, and met late.
 */
#include "domain/change_internal.h"

enum err_code clocks_start(struct contact *contact, enum clock_start start, struct effects *effects)
{
    size_t count;
    const struct policy *const *policies = catalog_policies(effects->catalog, &count);
    for (size_t i = 0; i < count; i++) {
        const struct policy *policy = policies[i];
        if (policy->starts_on_accept != (start == CLOCK_STARTS_AT_ACCEPT)) {
            continue;
        }
        bool is_taken = false; /* the first policy of a kind wins */
        for (size_t c = 0; c < contact->clock_count; c++) {
            is_taken = is_taken || str_eq(contact->clocks[c].kind, policy->kind);
        }
        if (is_taken || contact->clock_count == CLOCKS_MAX) {
            continue;
        }
        struct clock_record *clock = &contact->clocks[contact->clock_count++];
        *clock = (struct clock_record){
            .clock_id = uuid_new(effects->now_us),
            .handoff_id = contact->handoff.handoff_id,
            .kind = policy->kind,
            .policy_id = policy->id,
            .policy = policy->name,
            .state = CLOCK_RUNNING,
            .started_at_us = effects->now_us,
            .due_at_us = effects->now_us + policy->target_us,
            .paused_at_us = TIME_NONE,
            .attempts_needed = policy->attempts,
            .met_at_us = TIME_NONE,
            .breached_at_us = TIME_NONE,
            .ended_at_us = TIME_NONE,
            .is_dirty = true,
        };
        for (size_t w = 0; w < policy->warn_count && w < ARRAY_LEN(clock->warnings_us); w++) {
            /* Whole milliseconds, as everything that is shown. */
            clock->warnings_us[clock->warning_count++] = interest_instant_us(
                effects->now_us + (int64_t)((double)policy->target_us * policy->warn_at[w]));
        }
        effects->has_clocks = true;
    }
    return OK;
}

static enum err_code clock_event(struct contact *contact, const struct clock_record *clock,
                                 const char *type, struct effects *effects)
{
    return EFFECTS_EVENT(effects, type, contact, /* is_historical= */ false,
                         EVENT_FIELD_UUID("clock_id", clock->clock_id),
                         EVENT_FIELD_UUID("handoff_id", clock->handoff_id),
                         EVENT_FIELD_TEXT("kind", clock->kind),
                         EVENT_FIELD_TIME("due_at", clock->due_at_us));
}

/* The flagger would have come a moment later. */
static enum err_code breach_if_late(struct contact *contact, struct clock_record *clock,
                                    struct effects *effects)
{
    if (clock->state != CLOCK_RUNNING || clock->due_at_us > effects->now_us) {
        return OK;
    }
    clock->state = CLOCK_BREACHED;
    clock->breached_at_us = effects->now_us;
    clock->warning_count = 0;
    clock->is_dirty = true;
    return clock_event(contact, clock, "sla.breached", effects);
}

enum err_code clocks_meet(struct contact *contact, const char *kind, struct effects *effects)
{
    for (size_t i = 0; i < contact->clock_count; i++) {
        struct clock_record *clock = &contact->clocks[i];
        const bool counts = str_is(clock->kind, kind) && clock->met_at_us == TIME_NONE &&
                            clock->state != CLOCK_CANCELLED && clock->state != CLOCK_EXCUSED &&
                            contact->handoff.attempts >= clock->attempts_needed;
        if (!counts) {
            continue;
        }
        enum err_code code = breach_if_late(contact, clock, effects);
        const bool is_in_time = clock->state != CLOCK_BREACHED;
        clock->met_at_us = effects->now_us;
        clock->ended_at_us = effects->now_us;
        clock->warning_count = 0;
        clock->is_dirty = true;
        if (is_in_time) {
            clock->state = CLOCK_MET;
            code = code != OK ? code : clock_event(contact, clock, "sla.met", effects);
        }
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

enum err_code clocks_end(struct contact *contact, const char *end_reason, struct effects *effects)
{
    for (size_t i = 0; i < contact->clock_count; i++) {
        struct clock_record *clock = &contact->clocks[i];
        if (clock->ended_at_us != TIME_NONE) {
            continue;
        }
        enum err_code code = breach_if_late(contact, clock, effects);
        const bool is_cancelled = clock->state == CLOCK_RUNNING || clock->state == CLOCK_PAUSED;
        clock->ended_at_us = effects->now_us;
        clock->end_reason = str_from(end_reason);
        clock->warning_count = 0;
        clock->is_dirty = true;
        if (is_cancelled) {
            clock->state = CLOCK_CANCELLED;
            code = code != OK ? code : clock_event(contact, clock, "sla.cancelled", effects);
        }
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

void clocks_pause(struct contact *contact, int64_t now_us)
{
    for (size_t i = 0; i < contact->clock_count; i++) {
        struct clock_record *clock = &contact->clocks[i];
        if (clock->state == CLOCK_RUNNING && clock->due_at_us > now_us) {
            clock->state = CLOCK_PAUSED;
            clock->paused_at_us = now_us;
            clock->is_dirty = true;
        }
    }
}

void clocks_resume(struct contact *contact, int64_t now_us)
{
    for (size_t i = 0; i < contact->clock_count; i++) {
        struct clock_record *clock = &contact->clocks[i];
        if (clock->state != CLOCK_PAUSED) {
            continue;
        }
        const int64_t pause_us = now_us - clock->paused_at_us;
        clock->state = CLOCK_RUNNING;
        clock->due_at_us += pause_us;
        for (size_t w = 0; w < clock->warning_count; w++) {
            clock->warnings_us[w] += pause_us;
        }
        clock->paused_seconds += (double)pause_us / (double)US_PER_SECOND;
        clock->paused_at_us = TIME_NONE;
        clock->is_dirty = true;
    }
}

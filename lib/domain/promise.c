#include "domain/promise.h"

#include "domain/escalation.h"

/* ---- by whose hours ---- */

static void add_hours(struct hours_of_clock *hours, const struct catalog *catalog, struct uuid id)
{
    const struct calendar *calendar = uuid_is_nil(id) ? NULL : catalog_calendar(catalog, id);
    if (calendar != NULL) {
        hours->items[hours->count++] = calendar;
    }
}

void promise_hours(const struct catalog *catalog, const struct policy *policy, struct uuid assignee,
                   struct hours_of_clock *ret_hours)
{
    *ret_hours = (struct hours_of_clock){.count = 0};
    if (policy->uses_assignee_calendar) {
        const struct organisation *organisation = catalog_organisation(catalog);
        const struct member *member = catalog_member(catalog, assignee);
        if (member != NULL) {
            add_hours(ret_hours, catalog, member->calendar_id);
        }
        const enum team team = member != NULL ? member->team : TEAM_SALES;
        add_hours(ret_hours, catalog, organisation->calendar_ids[team]);
    }
    ret_hours->items[ret_hours->count++] = policy->calendar;
}

/* ---- making it ---- */

bool promise_make(struct clock_record *clock, const struct policy *policy,
                  const struct hours_of_clock *hours, const struct zone *zone,
                  const struct calendar **ret_calendar)
{
    const int64_t from_us = clock->started_at_us;
    const struct calendar *calendar = NULL;
    int64_t due_at_us = TIME_NONE;
    bool is_known = false;
    for (size_t i = 0; i < hours->count && !is_known; i++) {
        calendar = hours->items[i];
        is_known = sla_target_due(&policy->target, calendar, zone, from_us, &due_at_us);
    }
    if (!is_known) {
        return false;
    }
    clock->policy = policy->name;
    clock->policy_version = policy->version;
    clock->calendar_id = calendar != NULL ? calendar->id : (struct uuid){{0}};
    clock->calendar_version = calendar != NULL ? calendar->version : 0;
    clock->due_at_us = due_at_us;
    clock->warning_count = 0;
    for (size_t w = 0; w < policy->warn_count && w < ARRAY_LEN(clock->warnings_us); w++) {
        /* Whole milliseconds, as everything that is shown. */
        clock->warnings_us[clock->warning_count++] = interest_instant_us(
            sla_target_fraction_us(calendar, from_us, due_at_us, policy->warn_at[w]));
    }
    escalation_schedule(clock, policy, calendar);
    *ret_calendar = calendar;
    return true;
}

/* ---- pauses ---- */

/* A moment to come, after the clock's pause. Where the calendar's rows end, a pause counts whole:
 * nobody loses by it. */
static int64_t after_pause(const struct calendar *calendar, int64_t at_us, int64_t paused_at_us,
                           int64_t resumed_at_us)
{
    int64_t later_us = TIME_NONE;
    if (!calendar_shift(calendar, at_us, paused_at_us, resumed_at_us, &later_us) &&
        !calendar_shift(/* calendar= */ NULL, at_us, paused_at_us, resumed_at_us, &later_us)) {
        return at_us;
    }
    return later_us;
}

void promise_rest(struct clock_record *clock, const struct calendar *calendar, int64_t paused_at_us,
                  int64_t resumed_at_us)
{
    const int64_t was_due_us = clock->due_at_us;
    clock->due_at_us = after_pause(calendar, was_due_us, paused_at_us, resumed_at_us);
    for (size_t w = 0; w < clock->warning_count; w++) {
        /* What came before the pause is over. */
        if (clock->warnings_us[w] > paused_at_us) {
            clock->warnings_us[w] =
                after_pause(calendar, clock->warnings_us[w], paused_at_us, resumed_at_us);
        }
    }
    for (size_t s = 0; s < clock->step_count; s++) {
        const int64_t step_us = clock->steps_us[s];
        if (step_us > was_due_us) {
            clock->steps_us[s] = clock->due_at_us + (step_us - was_due_us);
        } else if (step_us > paused_at_us) {
            clock->steps_us[s] = after_pause(calendar, step_us, paused_at_us, resumed_at_us);
        }
    }
}

/* ---- once more ---- */

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t count_until(const int64_t times_us[], size_t count, int64_t at_us)
{
    size_t past = 0;
    while (past < count && times_us[past] <= at_us) {
        past++;
    }
    return past;
}

/* What was said is not said again. */
static void leave_out_said(struct clock_record *clock, const struct renewal *renewal, int64_t at_us)
{
    const size_t warned =
        lesser(renewal->warned, count_until(clock->warnings_us, clock->warning_count, at_us));
    clock->warning_count -= warned;
    memmove(clock->warnings_us, clock->warnings_us + warned,
            clock->warning_count * sizeof clock->warnings_us[0]);
    const size_t taken =
        lesser(renewal->escalated, count_until(clock->steps_us, clock->step_count, at_us));
    clock->step_count -= taken;
    memmove(clock->steps_us, clock->steps_us + taken,
            clock->step_count * sizeof clock->steps_us[0]);
    memmove(clock->steps, clock->steps + taken, clock->step_count * sizeof clock->steps[0]);
}

bool promise_renew(struct clock_record *clock, const struct renewal *renewal)
{
    struct clock_record again = *clock;
    const struct calendar *calendar;
    if (!promise_make(&again, renewal->policy, &renewal->hours, renewal->zone, &calendar)) {
        return false;
    }
    for (size_t i = 0; i < renewal->pause_count; i++) {
        const struct pause *pause = &renewal->pauses[i];
        if (pause->from_us >= again.due_at_us) {
            break; /* it was late by then */
        }
        promise_rest(&again, calendar, pause->from_us, pause->to_us);
    }
    if (again.state == CLOCK_PAUSED && again.due_at_us <= again.paused_at_us) {
        again.state = CLOCK_RUNNING;
        again.paused_at_us = TIME_NONE;
    }
    leave_out_said(&again, renewal,
                   again.state == CLOCK_PAUSED ? again.paused_at_us : renewal->now_us);
    again.is_dirty = true;
    *clock = again;
    return true;
}

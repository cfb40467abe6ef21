#include "domain/escalation.h"

#include "domain/absence.h"
#include "domain/contact.h"
#include "schema/json.h"

const char *const escalation_names[] = {"assignee", "manager", "reassign_propose", "reassign",
                                        NULL};
_Static_assert(ARRAY_LEN(escalation_names) == ESCALATION_COUNT_ + 1, "every step has a name");

static const int64_t after_us_max = 366 * US_PER_DAY;

/* ---- when ---- */

bool escalation_when(const json_t *at, struct escalation_step *ret_step)
{
    struct escalation_step step = {.fraction = 0};
    bool is_valid = false;
    if (json_is_number(at)) {
        step.fraction = json_number_value(at);
        is_valid = step.fraction > 0 && step.fraction <= 1;
    } else if (json_is_string(at)) {
        is_valid = duration_parse(json_str_of(at), &step.after_us) && step.after_us > 0 &&
                   step.after_us <= after_us_max;
    }
    if (is_valid) {
        *ret_step = step;
    }
    return is_valid;
}

static int64_t step_at(const struct escalation_step *step, const struct clock_record *clock,
                       const struct calendar *calendar)
{
    if (step->fraction <= 0) {
        return clock->due_at_us + step->after_us;
    }
    if (step->fraction >= 1) {
        return clock->due_at_us;
    }
    /* Whole milliseconds, as everything that is shown. */
    return interest_instant_us(
        sla_target_fraction_us(calendar, clock->started_at_us, clock->due_at_us, step->fraction));
}

void escalation_schedule(struct clock_record *clock, const struct policy *policy,
                         const struct calendar *calendar)
{
    clock->step_count = 0;
    for (size_t i = 0; i < policy->step_count; i++) {
        const int64_t at_us = step_at(&policy->steps[i], clock, calendar);
        size_t place = clock->step_count++;
        for (; place > 0 && clock->steps_us[place - 1] > at_us; place--) {
            clock->steps_us[place] = clock->steps_us[place - 1];
            clock->steps[place] = clock->steps[place - 1];
        }
        clock->steps_us[place] = at_us;
        clock->steps[place] = policy->steps[i].to;
    }
}

/* ---- who ---- */

static struct workload workload_of(struct uuid member_id, const struct workload loads[],
                                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (uuid_eq(loads[i].member_id, member_id)) {
            return loads[i];
        }
    }
    return (struct workload){.member_id = member_id, .last_given_at_us = TIME_NONE};
}

/* TIME_NONE is before all times. */
static bool has_less(const struct workload *a, const struct workload *b)
{
    if (a->open != b->open) {
        return a->open < b->open;
    }
    if (a->last_given_at_us != b->last_given_at_us) {
        return a->last_given_at_us < b->last_given_at_us;
    }
    return uuid_compare(a->member_id, b->member_id) < 0;
}

/* A manager, who has hardly anything open, only where no rep has room. */
static bool is_better(const struct member *member, const struct workload *load,
                      const struct member *chosen, const struct workload *least)
{
    if (chosen == NULL || member->is_manager != chosen->is_manager) {
        return chosen == NULL || chosen->is_manager;
    }
    return has_less(load, least);
}

const struct member *escalation_pick(const struct catalog *catalog, struct uuid present,
                                     int64_t now_us, const struct workload loads[], size_t count,
                                     size_t *ret_candidates)
{
    size_t member_count;
    const struct catalog_entry *const *entries =
        catalog_list(catalog, CATALOG_MEMBER, &member_count);
    const struct member *chosen = NULL;
    struct workload least = {.open = 0};
    *ret_candidates = 0;
    for (size_t i = 0; i < member_count; i++) {
        const struct member *member = entries[i]->typed;
        if (member->team != TEAM_SALES || uuid_eq(member->id, present) ||
            !member_is_there(catalog, member, now_us)) {
            continue;
        }
        const struct workload load = workload_of(member->id, loads, count);
        if (load.this_week >= member->weekly_capacity) {
            continue;
        }
        (*ret_candidates)++;
        if (is_better(member, &load, chosen, &least)) {
            chosen = member;
            least = load;
        }
    }
    return chosen;
}

size_t escalation_managers(const struct catalog *catalog, int64_t now_us,
                           struct uuid out[static ESCALATION_MANAGERS_MAX])
{
    size_t count;
    size_t found = 0;
    const struct catalog_entry *const *entries = catalog_list(catalog, CATALOG_MEMBER, &count);
    for (size_t i = count; i > 0 && found < ESCALATION_MANAGERS_MAX; i--) {
        const struct member *member = entries[i - 1]->typed;
        if (member->team == TEAM_SALES && member->is_manager &&
            member_is_there(catalog, member, now_us)) {
            out[found++] = member->id;
        }
    }
    return found;
}

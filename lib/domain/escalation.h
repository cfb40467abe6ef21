/*
 * The ladder of a policy: whom a promise that is about to be broken, or is broken, is told to, and
 * who gets the handoff when nobody acts. Pure: when the steps are due is worked out from the clock,
 * who is free from what the store counted.
 *
 * A step is {"at": 0.8, "to": "assignee"}: at a fraction of the time (1: at the deadline), or
 * {"at": "PT2H", "to": "reassign"}: so long after the deadline, elapsed. Steps are taken in the
 * order of their times, each once, as long as the promise is open.
 */
#pragma once

#include "domain/catalog.h"

struct clock_record;

/* NULL-terminated, in the order of enum escalation: assignee, manager, reassign_propose, reassign.
 */
extern const char *const escalation_names[];

/* A step's "at", as it is in a policy. False: it is neither a fraction in (0, 1] nor a duration. */
bool escalation_when(const json_t *at, struct escalation_step *ret_step) MUSTCHECK;

/* Fills in the steps of a clock that has started or got another deadline, ascending. `calendar` is
 * the one it counts by; NULL: elapsed time. */
void escalation_schedule(struct clock_record *clock, const struct policy *policy,
                         const struct calendar *calendar);

/* How much a member has to do. */
struct workload {
    struct uuid member_id;
    int64_t open;             /* handoffs that are not closed */
    int64_t this_week;        /* given to them within 168 hours */
    int64_t last_given_at_us; /* TIME_NONE: never */
};

enum { ESCALATION_MANAGERS_MAX = 20 };

/*
 * Who gets a handoff that somebody else has let wait: an active member of sales who is there now,
 * is not `present`, and has been given less within the week than their capacity; a manager only
 * when no rep is. Of those who has the fewest open handoffs; of equals who was given one the
 * longest time ago, then the oldest member. NULL: there is nobody. Members who are not among
 * `loads` have nothing to do.
 */
const struct member *escalation_pick(const struct catalog *catalog, struct uuid present,
                                     int64_t now_us, const struct workload loads[], size_t count,
                                     size_t *ret_candidates);

/* The managers of sales who are there now, the oldest first; how many. */
size_t escalation_managers(const struct catalog *catalog, int64_t now_us,
                           struct uuid out[static ESCALATION_MANAGERS_MAX]);

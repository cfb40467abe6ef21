/*
 * What a clock promises: by whose working hours it counts, by when it is due, when it warns and
 * which steps of escalation follow; and what pauses, and another policy or calendar, make of it.
 *
 * By whose hours, in this order:
 *   1. a policy without assignee_calendar counts by its own calendar (none: elapsed time), whoever
 *      has the handoff;
 *   2. with it, by the calendar of who has the handoff;
 *   3. else by that of their team, while the handoff is nobody's by that of sales;
 *   4. else by the policy's.
 *
 * Pure and thread-safe. Times are µs since 1970 by the database's clock.
 */
#pragma once

#include "domain/catalog.h"
#include "domain/contact.h"

/* Calendars by which a clock may count, the one that goes before first; NULL: elapsed time. */
struct hours_of_clock {
    const struct calendar *items[3];
    size_t count; /* at least 1 */
};

/* `assignee`: nil when the handoff is nobody's. */
void promise_hours(const struct catalog *catalog, const struct policy *policy, struct uuid assignee,
                   struct hours_of_clock *ret_hours);

/*
 * Makes the promise from clock->started_at_us on: policy, calendar, deadline, warnings and steps;
 * nothing else of the clock changes. It counts by the first of the calendars in which the target
 * comes as far as that one is known. `zone` is the organisation's. False, and nothing has changed:
 * it comes in none.
 */
bool promise_make(struct clock_record *clock, const struct policy *policy,
                  const struct hours_of_clock *hours, const struct zone *zone,
                  const struct calendar **ret_calendar) MUSTCHECK;

/* A pause is over: what is to come moves by its open time, so that as much is left as was (without
 * a calendar, or beyond what is known of it, by the whole pause). Steps after the deadline keep
 * their distance from it. */
void promise_rest(struct clock_record *clock, const struct calendar *calendar, int64_t paused_at_us,
                  int64_t resumed_at_us);

struct pause {
    int64_t from_us;
    int64_t to_us;
};

struct renewal {
    const struct policy *policy;
    struct hours_of_clock hours;
    const struct zone *zone;    /* the organisation's */
    const struct pause *pauses; /* of the clock, those that are over, ascending */
    size_t pause_count;
    size_t warned;    /* warnings it gave already … */
    size_t escalated; /* … and steps it took; SIZE_MAX: all that have come due */
    int64_t now_us;
};

/*
 * Makes the promise of a clock that runs or rests once more, from when it started and with the
 * pauses it had, as if it had been made like that at first; original_due_at is kept. What comes due
 * earlier by it than now comes at once, except as many warnings and steps as there were already. A
 * rest that began after the new deadline stops nothing: the clock runs, and is late. False, and
 * nothing has changed: as promise_make.
 */
bool promise_renew(struct clock_record *clock, const struct renewal *renewal) MUSTCHECK;

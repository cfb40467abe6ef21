/* Promises by laws that hold whatever the numbers are: sums of pauses, deadlines that never come
 * earlier for who starts later or was given more, and a promise made once more. */
#include "test_domain_calendar_support.h"

#include "domain/promise.h"

enum { TRIES = 4000, PAUSES_MAX = 5 };

/* Open every weekday, closed on these days beside it. */
struct closings {
    char days[8][TIME_TEXT_BYTES];
    const char *names[9];
};

struct world {
    struct random random;
    struct test_calendar office;
    struct test_calendar fewer; /* the same with more closed days */
    struct closings closings;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->random = testing_random();
    test_calendar_init(&world->office, &office_week);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* A moment from February 2026 on, so that two changes of the clocks and all holidays are met. */
static int64_t any_start_us(struct random *random)
{
    return at("2026-02-01T00:00:00Z") +
           (int64_t)random_below(random, 500 * 24 * 3600) * US_PER_SECOND;
}

static struct sla_target any_target(struct random *random)
{
    const int64_t minute_us = 60 * US_PER_SECOND;
    struct sla_target target = {.kind = TARGET_DURATION};
    switch (random_below(random, 3)) {
    case 0:
        target.duration_us = (int64_t)(1 + random_below(random, 100 * 60)) * minute_us;
        break;
    case 1:
        target.kind = TARGET_DAYS;
        target.days = 1 + (int32_t)random_below(random, 20);
        target.duration_us = target.days * US_PER_DAY;
        break;
    default:
        target.kind = TARGET_WEEKDAY;
        target.weekday = (int)random_below(random, 7);
        target.minute = (int)random_below(random, 24 * 60 + 1);
        target.at_least_us = (int64_t)random_below(random, 48 * 60) * minute_us;
        break;
    }
    return target;
}

static int64_t due(const struct sla_target *target, const struct calendar *calendar,
                   int64_t from_us)
{
    const struct zone zone = paris();
    int64_t due_us = 0;
    assert_true(sla_target_due(target, calendar, &zone, from_us, &due_us));
    assert_true(due_us > from_us);
    return due_us;
}

/* ---- deadlines ---- */

/*
 * "The same local time on the next open day" keeps this order as long as it begins on open days:
 * from Saturday 23:00 it is Monday 23:00, from Sunday 10:00 Monday 10:00, as the words say. And
 * when the clocks go back, an hour comes twice: who asks in the second one, at 2:10, has until 2:10
 * of another day, who asked at 2:50 of the first until 2:50.
 */
static bool keeps_order(const struct sla_target *target, const struct calendar *calendar,
                        int64_t at_us)
{
    const bool comes_twice =
        (at_us >= at("2026-10-25T00:00:00Z") && at_us < at("2026-10-25T02:00:00Z")) ||
        (at_us >= at("2027-10-31T00:00:00Z") && at_us < at("2027-10-31T02:00:00Z"));
    return target->kind != TARGET_DAYS || calendar == NULL ||
           (!comes_twice && calendar_day_is_open(calendar, zone_day(&calendar->zone, at_us)));
}

static void test_a_later_start_never_has_an_earlier_deadline(void **state)
{
    struct world *world = *state;
    struct random *random = &world->random;
    for (int i = 0; i < TRIES; i++) {
        const struct calendar *calendar = i % 3 == 0 ? NULL : &world->office.calendar;
        const struct sla_target target = any_target(random);
        const int64_t first_us = any_start_us(random);
        const int64_t second_us =
            first_us + (int64_t)random_below(random, i % 2 == 0 ? 7200 : 864000) * US_PER_SECOND;
        if (!keeps_order(&target, calendar, first_us) || !keeps_order(&target, calendar, second_us))
            continue;
        assert_true(due(&target, calendar, first_us) <= due(&target, calendar, second_us));
    }
}

static void test_a_longer_target_never_has_an_earlier_deadline(void **state)
{
    struct world *world = *state;
    struct random *random = &world->random;
    for (int i = 0; i < TRIES; i++) {
        const struct calendar *calendar = i % 3 == 0 ? NULL : &world->office.calendar;
        const struct sla_target shorter = any_target(random);
        struct sla_target longer = shorter;
        const int64_t more_us = (int64_t)random_below(random, 100000) * US_PER_SECOND;
        const int32_t days = (int32_t)random_below(random, 10);
        longer.duration_us += shorter.kind == TARGET_DAYS ? days * US_PER_DAY : more_us;
        longer.days += days;
        longer.at_least_us += more_us;
        const int64_t from_us = any_start_us(random);
        assert_true(due(&shorter, calendar, from_us) <= due(&longer, calendar, from_us));
    }
}

/* Some days within the weeks after a moment. */
static void close_days(struct world *world, int64_t from_us)
{
    struct closings *closings = &world->closings;
    size_t count = 0;
    for (; office_holidays[count] != NULL; count++)
        closings->names[count] = office_holidays[count];
    for (size_t i = 0; i < 4; i++) {
        const struct zone zone = paris();
        const int32_t on = zone_day(&zone, from_us) + (int32_t)random_below(&world->random, 21);
        closings->names[count++] = date_format(on, closings->days[i]);
    }
    closings->names[count] = NULL;
    struct test_week week = office_week;
    week.closed_days = closings->names;
    test_calendar_init(&world->fewer, &week);
}

static void test_more_closed_days_never_make_an_earlier_deadline(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 40; i++) {
        const int64_t from_us = any_start_us(&world->random);
        close_days(world, from_us);
        for (int j = 0; j < 50; j++) {
            const struct sla_target target = any_target(&world->random);
            const int64_t start_us = from_us + (int64_t)random_below(&world->random, 14 * 86400) *
                                                   US_PER_SECOND;
            assert_true(due(&target, &world->office.calendar, start_us) <=
                        due(&target, &world->fewer.calendar, start_us));
        }
    }
}

/* ---- pauses ---- */

static struct policy any_policy(struct random *random, const struct calendar *calendar)
{
    return (struct policy){
        .name = STR_LITERAL("P"),
        .version = 1,
        .kind = STR_LITERAL("first_contact"),
        .target = any_target(random),
        .calendar = calendar,
        .warn_at = {0.25,                     0.5,       0.75},
        .warn_count = 3,
        .steps = { {ESCALATE_ASSIGNEE, 0.6, 0},
                    {ESCALATE_MANAGER, 1, 0},
                    {ESCALATE_REASSIGN, 0, 2 * HOUR_US},
                    {ESCALATE_PROPOSE, 0.1, 0}},
        .step_count = 4,
        .is_active = true,
    };
}

static struct clock_record started(const struct policy *policy, int64_t at_us)
{
    const struct zone zone = paris();
    const struct hours_of_clock hours = {.items = {policy->calendar}, .count = 1};
    struct clock_record clock = {
        .kind = policy->kind, .started_at_us = at_us, .paused_at_us = TIME_NONE};
    const struct calendar *calendar;
    assert_true(promise_make(&clock, policy, &hours, &zone, &calendar));
    assert_ptr_equal(calendar, policy->calendar);
    clock.original_due_at_us = clock.due_at_us;
    return clock;
}

/* Pauses one after the other, each begun before the clock is due by then; how many. */
static size_t rest_now_and_then(struct random *random, struct clock_record *clock,
                                const struct calendar *calendar, struct pause *pauses)
{
    size_t count = 0;
    int64_t at_us = clock->started_at_us;
    while (count < PAUSES_MAX) {
        const int64_t left_us = clock->due_at_us - at_us;
        at_us += 1 + (int64_t)(random_unit(random) * (double)left_us * 0.7);
        if (at_us >= clock->due_at_us)
            break;
        const int64_t until_us = at_us + (int64_t)random_below(random, 200000) * US_PER_SECOND;
        promise_rest(clock, calendar, at_us, until_us);
        pauses[count++] = (struct pause){.from_us = at_us, .to_us = until_us};
        at_us = until_us;
        if (random_below(random, 3) == 0)
            break;
    }
    return count;
}

static void test_pauses_add_up(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < TRIES; i++) {
        const struct calendar *calendar = i % 2 == 0 ? NULL : &world->office.calendar;
        struct policy policy = any_policy(&world->random, calendar);
        const int64_t start_us = any_start_us(&world->random);
        struct clock_record clock = started(&policy, start_us);
        struct pause pauses[PAUSES_MAX];
        const size_t count = rest_now_and_then(&world->random, &clock, calendar, pauses);
        int64_t wall_us = 0;
        int64_t open_us = 0;
        for (size_t p = 0; p < count; p++) {
            wall_us += pauses[p].to_us - pauses[p].from_us;
            open_us += calendar != NULL
                           ? calendar_open_us(calendar, pauses[p].from_us, pauses[p].to_us)
                           : 0;
        }
        if (calendar == NULL) {
            assert_int_equal(clock.due_at_us - clock.original_due_at_us, wall_us);
        } else if (policy.target.kind == TARGET_DURATION) {
            assert_int_equal(calendar_open_us(calendar, start_us, clock.due_at_us),
                             policy.target.duration_us + open_us);
        }
        assert_true(clock.due_at_us >= clock.original_due_at_us);
    }
}

/* What is to come is in order, and steps after the deadline keep their distance. */
static void test_the_ladder_stays_in_order(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < TRIES; i++) {
        const struct calendar *calendar = i % 2 == 0 ? NULL : &world->office.calendar;
        const struct policy policy = any_policy(&world->random, calendar);
        struct clock_record clock = started(&policy, any_start_us(&world->random));
        struct pause pauses[PAUSES_MAX];
        (void)rest_now_and_then(&world->random, &clock, calendar, pauses);
        static const enum escalation order[] = {ESCALATE_PROPOSE, ESCALATE_ASSIGNEE,
                                                ESCALATE_MANAGER, ESCALATE_REASSIGN};
        assert_int_equal(clock.step_count, ARRAY_LEN(order));
        for (size_t s = 0; s < ARRAY_LEN(order); s++) {
            assert_int_equal(clock.steps[s], order[s]);
            assert_true(s == 0 || clock.steps_us[s - 1] <= clock.steps_us[s]);
        }
        assert_int_equal(clock.steps_us[2], clock.due_at_us);
        assert_int_equal(clock.steps_us[3], clock.due_at_us + 2 * HOUR_US);
        for (size_t w = 0; w < clock.warning_count; w++) {
            assert_true(clock.warnings_us[w] <= clock.due_at_us);
            assert_true(w == 0 || clock.warnings_us[w - 1] <= clock.warnings_us[w]);
        }
    }
}

/* ---- once more ---- */

static size_t gone_by(int64_t times_us[], size_t *count, int64_t at_us)
{
    size_t gone = 0;
    while (gone < *count && times_us[gone] <= at_us)
        gone++;
    *count -= gone;
    memmove(times_us, times_us + gone, *count * sizeof times_us[0]);
    return gone;
}

/* A clock as it is at a moment: what came due was said. */
static struct renewal live_until(struct clock_record *clock, const struct policy *policy,
                                 const struct zone *zone, int64_t now_us)
{
    struct renewal renewal = {.policy = policy, .zone = zone, .now_us = now_us};
    renewal.hours.items[0] = policy->calendar;
    renewal.hours.count = 1;
    renewal.warned = gone_by(clock->warnings_us, &clock->warning_count, now_us);
    renewal.escalated = gone_by(clock->steps_us, &clock->step_count, now_us);
    memmove(clock->steps, clock->steps + renewal.escalated,
            clock->step_count * sizeof clock->steps[0]);
    return renewal;
}

static void test_the_same_promise_once_more_is_the_same(void **state)
{
    struct world *world = *state;
    const struct zone zone = paris();
    for (int i = 0; i < TRIES; i++) {
        const struct calendar *calendar = i % 2 == 0 ? NULL : &world->office.calendar;
        const struct policy policy = any_policy(&world->random, calendar);
        struct clock_record clock = started(&policy, any_start_us(&world->random));
        struct pause pauses[PAUSES_MAX];
        const size_t count = rest_now_and_then(&world->random, &clock, calendar, pauses);
        const int64_t since_us = count > 0 ? pauses[count - 1].to_us : clock.started_at_us;
        if (since_us >= clock.due_at_us)
            continue;
        const int64_t now_us = since_us + (int64_t)(random_unit(&world->random) *
                                                    (double)(clock.due_at_us - since_us));
        struct renewal renewal = live_until(&clock, &policy, &zone, now_us);
        renewal.pauses = pauses;
        renewal.pause_count = count;
        struct clock_record again = clock;
        assert_true(promise_renew(&again, &renewal));
        assert_int_equal(again.due_at_us, clock.due_at_us);
        assert_int_equal(again.original_due_at_us, clock.original_due_at_us);
        assert_int_equal(again.warning_count, clock.warning_count);
        assert_memory_equal(again.warnings_us, clock.warnings_us,
                            clock.warning_count * sizeof clock.warnings_us[0]);
        assert_int_equal(again.step_count, clock.step_count);
        assert_memory_equal(again.steps_us, clock.steps_us,
                            clock.step_count * sizeof clock.steps_us[0]);
    }
}

static struct policy of_hours(int64_t hours)
{
    return (struct policy){
        .name = STR_LITERAL("P"),
        .kind = STR_LITERAL("first_contact"),
        .target = {.kind = TARGET_DURATION, .duration_us = hours * HOUR_US},
        .warn_at = {0.5,                       0.8},
        .warn_count = 2,
        .steps = {{ESCALATE_ASSIGNEE, 0.9, 0}},
        .step_count = 1,
    };
}

/* A day becomes ten hours, eleven hours after the start, with one warning given of two. */
static void test_what_is_past_comes_at_once_and_what_was_said_is_not_said_again(void **state)
{
    (void)state;
    const struct zone zone = paris();
    const struct policy day = of_hours(24);
    const struct policy shorter = of_hours(10);
    const int64_t start_us = at("2026-11-20T08:00:00Z");
    struct clock_record clock = started(&day, start_us);
    clock.state = CLOCK_RUNNING;
    struct renewal renewal = live_until(&clock, &shorter, &zone, start_us + 13 * HOUR_US);
    assert_int_equal(renewal.warned, 1);
    assert_true(promise_renew(&clock, &renewal));
    assert_int_equal(clock.due_at_us, start_us + 10 * HOUR_US);
    assert_int_equal(clock.warning_count, 1);
    assert_int_equal(clock.warnings_us[0], start_us + 8 * HOUR_US);
    assert_int_equal(clock.step_count, 1);
    assert_int_equal(clock.steps_us[0], start_us + 9 * HOUR_US);
    assert_int_equal(clock.state, CLOCK_RUNNING);
    /* Nobody knows what it said: all that is past was. */
    clock = started(&day, start_us);
    renewal.warned = renewal.escalated = SIZE_MAX;
    assert_true(promise_renew(&clock, &renewal));
    assert_int_equal(clock.warning_count, 0);
    assert_int_equal(clock.step_count, 0);
}

static void test_a_rest_stops_only_what_is_not_late(void **state)
{
    (void)state;
    const struct zone zone = paris();
    const struct policy day = of_hours(24);
    const struct policy shorter = of_hours(2);
    const int64_t start_us = at("2026-11-20T08:00:00Z");
    const struct pause pause = {.from_us = start_us + 3 * HOUR_US, .to_us = start_us + 5 * HOUR_US};
    struct renewal renewal = {.policy = &shorter,
                              .hours = {.count = 1},
                              .zone = &zone,
                              .pauses = &pause,
                              .pause_count = 1,
                              .now_us = start_us + 6 * HOUR_US};
    struct clock_record clock = started(&day, start_us);
    assert_true(promise_renew(&clock, &renewal));
    assert_int_equal(clock.due_at_us, start_us + 2 * HOUR_US);
    /* Of one that rests since then: it runs, and is late. */
    clock = started(&day, start_us);
    clock.state = CLOCK_PAUSED;
    clock.paused_at_us = start_us + 6 * HOUR_US;
    assert_true(promise_renew(&clock, &renewal));
    assert_int_equal(clock.state, CLOCK_RUNNING);
    assert_int_equal(clock.paused_at_us, TIME_NONE);
    /* And one that had time left rests on. */
    renewal.policy = &day;
    clock.state = CLOCK_PAUSED;
    clock.paused_at_us = start_us + 6 * HOUR_US;
    assert_true(promise_renew(&clock, &renewal));
    assert_int_equal(clock.state, CLOCK_PAUSED);
    assert_int_equal(clock.due_at_us, start_us + 26 * HOUR_US);
}

/* A target that does not come as far as a calendar is known leaves all as it was. */
static void test_a_promise_that_cannot_be_made_changes_nothing(void **state)
{
    struct world *world = *state;
    const struct zone zone = paris();
    const struct policy day = of_hours(24);
    struct policy endless = of_hours(1000000);
    endless.version = 9;
    struct clock_record clock = started(&day, at("2026-11-20T08:00:00Z"));
    const struct clock_record before = clock;
    const struct renewal renewal = {
        .policy = &endless,
        .hours = {.items = {&world->office.calendar}, .count = 1},
        .zone = &zone,
        .now_us = clock.started_at_us + HOUR_US
    };
    assert_false(promise_renew(&clock, &renewal));
    assert_memory_equal(&clock, &before, sizeof clock);
    /* The next calendar is taken, where there is one. */
    struct renewal other = renewal;
    other.hours.count = 2;
    assert_true(promise_renew(&clock, &other));
    assert_int_equal(clock.policy_version, 9);
    assert_true(uuid_is_nil(clock.calendar_id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_later_start_never_has_an_earlier_deadline, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_longer_target_never_has_an_earlier_deadline, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_more_closed_days_never_make_an_earlier_deadline,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pauses_add_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_ladder_stays_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_promise_once_more_is_the_same, set_up,
                                        tear_down),
        cmocka_unit_test(test_what_is_past_comes_at_once_and_what_was_said_is_not_said_again),
        cmocka_unit_test(test_a_rest_stops_only_what_is_not_late),
        cmocka_unit_test_setup_teardown(test_a_promise_that_cannot_be_made_changes_nothing, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, /* group_setup= */ NULL, /* group_teardown= */ NULL);
}

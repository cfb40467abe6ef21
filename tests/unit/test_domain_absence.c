/* Who is away, who stands in, and who is given what somebody else has let wait: compared with the
 * plain words, for set-ups made at random. */
#include "test_domain_catalog_support.h"

#include "domain/absence.h"
#include "domain/escalation.h"

enum { ROUNDS = 60, ASKED = 100, PEOPLE = 10, ABSENCES = 14, HOURS = 200, TEXT_MAX = 400 };

/* 2026-11-23T08:00:00Z */
#define START_US    (INT64_C(1795420800) * US_PER_SECOND)
#define US_PER_HOUR (INT64_C(3600) * US_PER_SECOND)

struct staff {
    struct default_rows rows;
    char ids[PEOPLE + ABSENCES][UUID_TEXT_BYTES];
    char bodies[PEOPLE + ABSENCES][TEXT_MAX];
    struct uuid members[PEOPLE];
    bool is_active[PEOPLE];
    bool is_sales[PEOPLE];
    bool is_manager[PEOPLE];
    int64_t capacity[PEOPLE]; /* a week; -1: no limit */
    struct absence absences[ABSENCES];
    struct catalog *catalog;
};

static int64_t any_hour_us(struct random *random)
{
    return START_US + (int64_t)random_below(random, HOURS) * US_PER_HOUR;
}

static void make_member(struct staff *staff, size_t i, struct random *random)
{
    staff->is_active[i] = random_below(random, 5) > 0;
    staff->is_sales[i] = random_below(random, 4) > 0;
    staff->is_manager[i] = random_below(random, 3) == 0;
    staff->capacity[i] = random_below(random, 3) == 0 ? (int64_t)random_below(random, 6) : -1;
    char capacity[32] = "null";
    if (staff->capacity[i] >= 0)
        snprintf(capacity, sizeof capacity, "%lld", (long long)staff->capacity[i]);
    snprintf(staff->ids[i], sizeof staff->ids[i], "01936b1f-0000-7000-8000-%012zu", i + 1);
    snprintf(
        staff->bodies[i], sizeof staff->bodies[i],
        "{\"name\":\"M\",\"email\":null,\"team\":\"%s\",\"role\":\"%s\",\"weekly_capacity\":%s,"
        "\"time_zone\":null,\"active\":%s}",
        staff->is_sales[i] ? "sales" : "marketing", staff->is_manager[i] ? "manager" : "member",
        capacity, staff->is_active[i] ? "true" : "false");
    assert_true(uuid_parse(str_from(staff->ids[i]), &staff->members[i]));
    default_rows_add(&staff->rows, CATALOG_MEMBER, staff->ids[i], staff->ids[i], staff->bodies[i]);
}

static void make_absence(struct staff *staff, size_t a, struct random *random)
{
    const size_t row = PEOPLE + a;
    const size_t member = random_below(random, PEOPLE);
    const size_t substitute = random_below(random, PEOPLE);
    const bool has_substitute = random_below(random, 4) > 0 && substitute != member;
    struct absence *absence = &staff->absences[a];
    absence->member_id = staff->members[member];
    absence->substitute_id = has_substitute ? staff->members[substitute] : (struct uuid){{0}};
    absence->from_us = any_hour_us(random);
    absence->to_us = absence->from_us + (int64_t)(1 + random_below(random, 80)) * US_PER_HOUR;
    char from[TIME_TEXT_BYTES];
    char to[TIME_TEXT_BYTES];
    snprintf(staff->ids[row], sizeof staff->ids[row], "01936b1f-0001-7000-8000-%012zu", a + 1);
    snprintf(staff->bodies[row], sizeof staff->bodies[row],
             "{\"member\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"substitute\":%s%s%s}",
             staff->ids[member], time_format(absence->from_us, from),
             time_format(absence->to_us, to), has_substitute ? "\"" : "",
             has_substitute ? staff->ids[substitute] : "null", has_substitute ? "\"" : "");
    default_rows_add(&staff->rows, CATALOG_ABSENCE, staff->ids[row], staff->ids[row],
                     staff->bodies[row]);
}

static struct staff *staff_new(struct random *random)
{
    struct staff *staff = calloc(1, sizeof *staff);
    assert_non_null(staff);
    default_rows_init(&staff->rows);
    for (size_t i = 0; i < PEOPLE; i++)
        make_member(staff, i, random);
    for (size_t a = 0; a < ABSENCES; a++)
        make_absence(staff, a, random);
    staff->catalog = build_catalog(&staff->rows);
    return staff;
}

static void staff_free(struct staff *staff)
{
    catalog_unref(staff->catalog);
    default_rows_done(&staff->rows);
    free(staff);
}

/* ---- in plain words ---- */

/* The one that lasts longest; NULL: they are there. */
static const struct absence *away(const struct staff *staff, struct uuid member, int64_t at_us)
{
    const struct absence *last = NULL;
    for (size_t a = 0; a < ABSENCES; a++) {
        const struct absence *absence = &staff->absences[a];
        const bool is_on = uuid_eq(absence->member_id, member) && absence->from_us <= at_us &&
                           at_us < absence->to_us;
        if (is_on && (last == NULL || absence->to_us > last->to_us))
            last = absence;
    }
    return last;
}

static size_t index_of(const struct staff *staff, struct uuid member)
{
    size_t i = 0;
    while (i < PEOPLE && !uuid_eq(staff->members[i], member))
        i++;
    return i;
}

static bool is_there(const struct staff *staff, size_t i, int64_t at_us)
{
    return staff->is_active[i] && away(staff, staff->members[i], at_us) == NULL;
}

/* ---- tests ---- */

static void test_who_is_away_and_who_stands_in(void **state)
{
    (void)state;
    struct random random = testing_random();
    for (int round = 0; round < ROUNDS; round++) {
        struct staff *staff = staff_new(&random);
        for (int asked = 0; asked < ASKED; asked++) {
            const size_t i = random_below(&random, PEOPLE);
            /* Also at the very moments at which absences begin and end. */
            const int64_t at_us = any_hour_us(&random) - (int64_t)random_below(&random, 2);
            const struct absence *expected = away(staff, staff->members[i], at_us);
            const struct absence *found = absence_of(staff->catalog, staff->members[i], at_us);
            assert_int_equal(found != NULL, expected != NULL);
            assert_true(found == NULL || expected == NULL || found->to_us == expected->to_us);
            const struct member *member = catalog_member(staff->catalog, staff->members[i]);
            assert_int_equal(member_is_there(staff->catalog, member, at_us),
                             is_there(staff, i, at_us));
            const struct member *stand_in =
                absence_stand_in(staff->catalog, staff->members[i], at_us);
            if (found == NULL || uuid_is_nil(found->substitute_id)) {
                assert_null(stand_in);
            } else if (stand_in != NULL) {
                assert_true(is_there(staff, index_of(staff, stand_in->id), at_us));
                assert_false(uuid_eq(stand_in->id, staff->members[i]));
            } else { /* the first substitute cannot: inactive, or away too */
                assert_false(is_there(staff, index_of(staff, found->substitute_id), at_us));
            }
        }
        staff_free(staff);
    }
}

static bool is_before(const struct workload *a, const struct workload *b)
{
    if (a->open != b->open)
        return a->open < b->open;
    if (a->last_given_at_us != b->last_given_at_us)
        return a->last_given_at_us < b->last_given_at_us;
    return uuid_compare(a->member_id, b->member_id) < 0;
}

/* Members of sales who are there and have room; the index of the rep who has least to do, or
 * without a rep of the manager. */
static size_t least_loaded(const struct staff *staff, const struct workload loads[], size_t present,
                           int64_t at_us, size_t *ret_candidates)
{
    size_t chosen = PEOPLE;
    *ret_candidates = 0;
    for (size_t i = 0; i < PEOPLE; i++) {
        const bool has_room = staff->capacity[i] < 0 || loads[i].this_week < staff->capacity[i];
        if (i == present || !staff->is_sales[i] || !has_room || !is_there(staff, i, at_us))
            continue;
        (*ret_candidates)++;
        const bool is_alike = chosen < PEOPLE && staff->is_manager[i] == staff->is_manager[chosen];
        if (chosen == PEOPLE || (staff->is_manager[chosen] && !staff->is_manager[i]) ||
            (is_alike && is_before(&loads[i], &loads[chosen])))
            chosen = i;
    }
    return chosen;
}

static void test_who_is_given_what_somebody_let_wait(void **state)
{
    (void)state;
    struct random random = testing_random();
    for (int round = 0; round < ROUNDS; round++) {
        struct staff *staff = staff_new(&random);
        for (int asked = 0; asked < ASKED; asked++) {
            struct workload loads[PEOPLE];
            for (size_t i = 0; i < PEOPLE; i++) {
                loads[i] = (struct workload){
                    .member_id = staff->members[i],
                    .open = (int64_t)random_below(&random, 4),
                    .this_week = (int64_t)random_below(&random, 6),
                    .last_given_at_us = random_below(&random, 3) == 0
                                            ? TIME_NONE
                                            : START_US - (int64_t)random_below(&random, 3),
                };
            }
            const int64_t at_us = any_hour_us(&random);
            const size_t present = random_below(&random, PEOPLE);
            size_t expected_count;
            size_t count;
            const size_t expected = least_loaded(staff, loads, present, at_us, &expected_count);
            const struct member *found = escalation_pick(staff->catalog, staff->members[present],
                                                         at_us, loads, PEOPLE, &count);
            assert_int_equal(count, expected_count);
            assert_int_equal(found != NULL, expected < PEOPLE);
            assert_true(found == NULL || uuid_eq(found->id, staff->members[expected]));
            /* Managers of sales who are there, each once. */
            struct uuid managers[ESCALATION_MANAGERS_MAX];
            const size_t told = escalation_managers(staff->catalog, at_us, managers);
            size_t there = 0;
            for (size_t i = 0; i < PEOPLE; i++)
                there += staff->is_sales[i] && staff->is_manager[i] && is_there(staff, i, at_us);
            assert_int_equal(told, there);
            for (size_t m = 0; m < told; m++)
                assert_true(staff->is_manager[index_of(staff, managers[m])] &&
                            (m == 0 || uuid_compare(managers[m - 1], managers[m]) < 0));
        }
        staff_free(staff);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_away_and_who_stands_in),
        cmocka_unit_test(test_who_is_given_what_somebody_let_wait),
    };
    return cmocka_run_group_tests(tests, /* group_setup= */ NULL, /* group_teardown= */ NULL);
}

/* Proves that the public holidays of countries and their parts are those of the file made for us.
 */
#include "testing.h"

#include "domain/holiday.h"

enum { NAMES_BYTES_MAX = 4000 };

static int32_t day(const char *text)
{
    int32_t days = 0;
    assert_true(date_parse(str_from(text), &days));
    return days;
}

static size_t list(const char *region, const char *first, const char *last, char *out)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    const struct holiday *holidays;
    size_t count;
    assert_int_equal(
        holidays_of(str_from(region), day(first), day(last), &arena, &holidays, &count), OK);
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char text[TIME_TEXT_BYTES];
        len += (size_t)snprintf(out + len, NAMES_BYTES_MAX - len, "%s %.*s\n",
                                date_format(holidays[i].day, text), STR_ARGS(holidays[i].name));
    }
    arena_done(&arena);
    return count;
}

static void test_a_year_in_france(void **state)
{
    (void)state;
    char out[NAMES_BYTES_MAX];
    assert_int_equal(list("FR", "2026-01-01", "2026-12-31", out), 11);
    assert_string_equal(out, "2026-01-01 Jour de l'an\n"
                             "2026-04-06 Lundi de Pâques\n"
                             "2026-05-01 Fête du Travail\n"
                             "2026-05-08 Fête de la Victoire\n"
                             "2026-05-14 Ascension\n"
                             "2026-05-25 Lundi de Pentecôte\n"
                             "2026-07-14 Fête nationale\n"
                             "2026-08-15 Assomption\n"
                             "2026-11-01 Toussaint\n"
                             "2026-11-11 Armistice\n"
                             "2026-12-25 Noël\n");
    assert_int_equal(list("FR", "2026-05-01", "2026-05-08", out), 2);
}

static void test_parts_have_their_own_beside_the_countrys(void **state)
{
    (void)state;
    char out[NAMES_BYTES_MAX];
    static const char *const parts[] = {"FR-57", "FR-67", "FR-68"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        assert_int_equal(list(parts[i], "2026-01-01", "2026-12-31", out), 13);
        assert_non_null(strstr(out, "2026-04-03 Vendredi saint\n"));
        assert_non_null(strstr(out, "2026-12-26 Saint-Étienne\n"));
    }
    (void)list("FR-974", "2026-01-01", "2026-12-31", out);
    assert_non_null(strstr(out, "2026-12-20 Abolition de l'esclavage\n"));
    assert_non_null(strstr(out, "2026-07-14 Fête nationale\n"));
}

/* Two may meet, such as Ascension and the eighth of May. */
static void test_a_day_is_there_once(void **state)
{
    (void)state;
    char out[NAMES_BYTES_MAX];
    assert_int_equal(list("FR", "2024-05-09", "2024-05-09", out), 1);
    for (int year = HOLIDAY_FIRST_YEAR; year <= HOLIDAY_LAST_YEAR; year++) {
        char first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES];
        snprintf(first, sizeof first, "%d-01-01", year);
        snprintf(last, sizeof last, "%d-12-31", year);
        const size_t count = list("FR", first, last, out);
        assert_true(count == 11 || count == 10);
    }
}

static void test_what_is_not_known_has_none(void **state)
{
    (void)state;
    char out[NAMES_BYTES_MAX];
    static const char *const known[] = {"FR", "FR-971", "BE", "DE-BY", "CH-GE", "LU", "MC", "US"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        assert_true(holiday_region_is_known(str_from(known[i])));
    static const char *const unknown[] = {"", "XX", "fr", "FR-", "#", "FR-57 "};
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        assert_false(holiday_region_is_known(str_from(unknown[i])));
        assert_int_equal(list(unknown[i], "2026-01-01", "2026-12-31", out), 0);
    }
    assert_int_equal(list("FR", "2014-01-01", "2014-12-31", out), 0);
    assert_int_equal(list("FR", "2041-01-01", "2041-12-31", out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_year_in_france),
        cmocka_unit_test(test_parts_have_their_own_beside_the_countrys),
        cmocka_unit_test(test_a_day_is_there_once),
        cmocka_unit_test(test_what_is_not_known_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

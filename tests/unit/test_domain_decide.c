/* The words and the table of the decision. */
#include "test_domain_score_support.h"

static void decisions_have_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DECISION_COUNT_; i++) {
        enum decision decision;
        assert_true(decision_parse(str_from(decision_name((enum decision)i)), &decision));
        assert_int_equal(decision, i);
    }
    enum decision decision;
    assert_false(decision_parse(STR_LITERAL("MQL"), &decision));
    assert_false(decision_parse(STR_LITERAL("mqlx"), &decision));
    assert_false(decision_parse(STR_LITERAL(""), &decision));
    assert_false(decision_parse((struct str){.data = NULL}, &decision));
}

static void grades_are_read_and_written(void **state)
{
    (void)state;
    for (unsigned f = FIT_A; f < FIT_GRADE_COUNT_; f++) {
        for (unsigned i = INTEREST_1; i <= INTEREST_4; i++) {
            char text[GRADE_TEXT_BYTES];
            grade_format((enum fit_grade)f, (enum interest_grade)i, text);
            enum fit_grade fit;
            enum interest_grade interest;
            assert_true(grade_parse(str_from(text), &fit, &interest));
            assert_int_equal(fit, f);
            assert_int_equal(interest, i);
        }
    }
    static const char *const wrong[] = {"", "A", "A0", "A5", "E1", "a1", "1A", "A1 ", "B22"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        enum fit_grade fit;
        enum interest_grade interest;
        assert_false(grade_parse(str_from(wrong[i]), &fit, &interest));
    }
}

static void default_model_decides_as_agreed(void **state)
{
    (void)state;
    static const char *const expected[FIT_GRADE_COUNT_][INTEREST_GRADE_COUNT] = {
        [FIT_A] = {"mql",    "mql",     "nurture", "nurture"},
        [FIT_B] = {"mql",    "nurture", "nurture", "nurture"},
        [FIT_C] = {"review", "review",  "stay",    "stay"   },
        [FIT_D] = {"review", "review",  "stay",    "stay"   },
    };
    struct model *model = test_default_model();
    for (unsigned f = FIT_A; f < FIT_GRADE_COUNT_; f++) {
        for (unsigned i = INTEREST_1; i <= INTEREST_4; i++) {
            enum fit_grade fit = (enum fit_grade)f;
            enum interest_grade interest = (enum interest_grade)i;
            assert_string_equal(decision_name(decision_of(model, fit, interest, false)),
                                expected[f][i - 1]);
            assert_int_equal(decision_of(model, fit, interest, /* is_at_once= */ true),
                             DECISION_MQL);
        }
    }
    model_free(model);
}

static void grades_begin_at_their_bound(void **state)
{
    (void)state;
    struct model *model = test_default_model();
    static const struct {
        double points;
        enum fit_grade grade;
    } fits[] = {
        {70,     FIT_A},
        {60,     FIT_A},
        {59.999, FIT_B},
        {40,     FIT_B},
        {20,     FIT_C},
        {19,     FIT_D},
        {-40,    FIT_D},
    };
    for (size_t i = 0; i < ARRAY_LEN(fits); i++)
        assert_int_equal(fit_grade_of(model, fits[i].points), fits[i].grade);
    static const struct {
        double value;
        enum interest_grade grade;
    } interests[] = {
        {99,     INTEREST_1},
        {45,     INTEREST_1},
        {44.999, INTEREST_2},
        {25,     INTEREST_2},
        {24,     INTEREST_3},
        {8,      INTEREST_3},
        {7.9,    INTEREST_4},
        {0,      INTEREST_4},
    };
    for (size_t i = 0; i < ARRAY_LEN(interests); i++)
        assert_int_equal(interest_grade_of(model, interests[i].value), interests[i].grade);
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_have_names),
        cmocka_unit_test(grades_are_read_and_written),
        cmocka_unit_test(default_model_decides_as_agreed),
        cmocka_unit_test(grades_begin_at_their_bound),
    };
    return cmocka_run_group_tests_name("domain_decide", tests, NULL, NULL);
}

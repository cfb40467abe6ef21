#include "domain/decide.h"

#include <assert.h>

#include "domain/model.h"

const char *const decision_names[] = {
    [DECISION_STAY] = "stay",     [DECISION_NURTURE] = "nurture",
    [DECISION_REVIEW] = "review", [DECISION_STIMULATE] = "stimulate",
    [DECISION_MQL] = "mql",       [DECISION_COUNT_] = NULL,
};

const char *decision_name(enum decision decision)
{
    assert((unsigned)decision < DECISION_COUNT_);
    return decision_names[decision];
}

bool decision_parse(struct str text, enum decision *ret_decision)
{
    for (unsigned i = 0; i < DECISION_COUNT_; i++) {
        if (str_is(text, decision_names[i])) {
            *ret_decision = (enum decision)i;
            return true;
        }
    }
    return false;
}

char fit_grade_letter(enum fit_grade grade)
{
    assert((unsigned)grade < FIT_GRADE_COUNT_);
    return "ABCD"[grade];
}

char *grade_format(enum fit_grade fit, enum interest_grade interest,
                   char out[static GRADE_TEXT_BYTES])
{
    assert(interest >= INTEREST_1 && interest <= INTEREST_4);
    out[0] = fit_grade_letter(fit);
    out[1] = "1234"[interest - INTEREST_1];
    out[2] = '\0';
    return out;
}

bool grade_parse(struct str text, enum fit_grade *ret_fit, enum interest_grade *ret_interest)
{
    if (text.len != 2 || text.data[0] < 'A' || text.data[0] > 'D' || text.data[1] < '1' ||
        text.data[1] > '4')
        return false;
    *ret_fit = (enum fit_grade)(text.data[0] - 'A');
    *ret_interest = (enum interest_grade)(text.data[1] - '0');
    return true;
}

enum decision decision_of(const struct model *model, enum fit_grade fit,
                          enum interest_grade interest, bool is_at_once)
{
    assert((unsigned)fit < FIT_GRADE_COUNT_);
    assert(interest >= INTEREST_1 && interest <= INTEREST_4);
    return is_at_once ? DECISION_MQL : model->decisions[fit][interest - INTEREST_1];
}

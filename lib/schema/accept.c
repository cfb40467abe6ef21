#include "schema/accept.h"

#include <assert.h>

const char *const language_names[] = {"fr", "en", NULL};
static_assert(ARRAY_LEN(language_names) == LANGUAGE_COUNT_ + 1, "every language has a name");

double accept_weight(struct str parameters)
{
    while (parameters.data != NULL) {
        const struct str one = str_trim(str_cut(&parameters, ';'));
        double weight;
        if (one.len > 2 && (one.data[0] == 'q' || one.data[0] == 'Q') && one.data[1] == '=' &&
            str_to_double(str_slice(one.data + 2, one.len - 2), &weight) && weight >= 0 &&
            weight <= 1)
            return weight;
    }
    return 1;
}

/* "fr-CA" is French, "frr" (North Frisian) is not. LANGUAGE_COUNT_: none of ours. */
static enum language language_of(struct str tag)
{
    const struct str primary = str_cut(&tag, '-');
    for (enum language language = LANGUAGE_FR; language < LANGUAGE_COUNT_; language++)
        if (str_eq_nocase(primary, str_from(language_names[language])))
            return language;
    return LANGUAGE_COUNT_;
}

enum language accept_language(struct str header, enum language fallback)
{
    enum language best = fallback;
    double best_weight = 0;
    while (header.data != NULL) {
        struct str range = str_cut(&header, ',');
        const struct str tag = str_trim(str_cut(&range, ';'));
        const enum language language = str_is(tag, "*") ? fallback : language_of(tag);
        const double weight = accept_weight(range);
        if (language != LANGUAGE_COUNT_ && weight > best_weight) {
            best = language;
            best_weight = weight;
        }
    }
    return best;
}

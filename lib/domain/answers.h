/*
 * What the answers of another tool's form are for: which is the e-mail address, which attributes
 * the others are.
 *
 * In this order, the first that says something:
 *   1. the form's map (`fields`: their name → ours), by any name that the answer has, or its title,
 *      compared exactly, else without case, accents and punctuation;
 *   2. the tool's own format ("this is the page"), and its types: e-mail, telephone; of several
 *      the first that is called so, else the first;
 *   3. a name that is ours already: of an attribute, of a visit's context, consent_…;
 *   4. well-known labels in French and English (domain/known_label.h), and the attributes' labels;
 *   5. otherwise an attribute of its own, called after the label in words joined by "_".
 * One answer each: what finds its name taken goes on to 5. Where no answer is the e-mail address by
 * all this, the first whose value is one counts. Details are kept only by 1 and 2.
 *
 * Two values are read, not just copied: a full name is a first and a last name where the form does
 * not ask for them apart (domain/person_name.h), and of a range company_size is the lower end
 * (domain/headcount.h).
 */
#pragma once

#include "domain/catalog.h"
#include "schema/adapter.h"

struct our_field {
    struct str name; /* email, id, occurred_at, consent_…, of the context, or an attribute's */
    struct str value;
    struct str range; /* what the value is the lower end of; absent: it is as it was said */
};

/* Names that say something by themselves, so that no attribute gets one by chance. */
bool answers_has_a_meaning(struct str name);

/* Of a company_size that is no number, such as "50-249", the lower end, where it is certain. Only
 * ERR_NOMEM fails. */
enum err_code our_field_read_range(struct our_field *field, struct arena *arena) MUSTCHECK;

/*
 * `map` is the form's, or NULL. Values point into the answers or the arena; there may be one field
 * more than there are answers, since a name can be two. Names other than consent_… come once. Only
 * ERR_NOMEM fails.
 */
enum err_code answers_resolve(const struct catalog *catalog, const json_t *map,
                              const struct answer *answers, size_t count, struct arena *arena,
                              struct our_field **ret_fields, size_t *ret_count) MUSTCHECK;

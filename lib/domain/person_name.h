/*
 * A person's name in one field, as forms ask for it, as first and last name.
 *
 * "Jane van Doe" is Jane, van Doe: the first word is the first name. "DUPONT Jean" and "LE GALL
 * Anne-Marie" begin with the last name, which its capitals tell (the French way of writing lists of
 * people). Anything more would be guessing.
 */
#pragma once

#include "base/str.h"

struct person_name {
    struct str first; /* of a single word: that */
    struct str last;  /* absent when there is only one word */
};

/* Points into `text`, which is UTF-8. */
struct person_name person_name_split(struct str text);

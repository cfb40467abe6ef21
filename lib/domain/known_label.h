/*
 * What people call the usual questions of a form, in French and English: "Adresse e-mail
 * professionnelle *" is email, "What is your first name?" first_name.
 *
 * A label counts as known only as a whole: "Nom du projet" is not a name. Of several sentences or
 * clauses the last one is the label when it asks something: "Hello! What's your e-mail?".
 */
#pragma once

#include "base/str.h"

enum { KNOWN_LABEL_BYTES_MAX = 128 }; /* a longer label is not known */

enum known_label {
    KNOWN_NOTHING,
    KNOWN_FIELD,     /* ret_name says which: an attribute, email, or of a visit's context */
    KNOWN_FULL_NAME, /* first and last name in one */
    KNOWN_NAME,      /* "Name": the last name beside a first name, else both in one */
    KNOWN_NOM,       /* "Nom": the same, but alone it is the last name */
};

/* `ret_name` is static; NULL for all but KNOWN_FIELD. */
enum known_label known_label(struct str label, const char **ret_name);

/* A label as it is compared: its folded words (domain/fold.h) without numbering, "what is your …",
 * "votre", "please", "(required)". NUL-terminated into out; returns its length, 0: nothing is left.
 */
size_t known_label_fold(struct str label, char out[static KNOWN_LABEL_BYTES_MAX]);

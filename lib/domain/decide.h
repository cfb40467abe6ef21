/*
 * What the score decides about a contact: the words, the two grades and the table between them.
 *
 * Only the table is here. Whether an MQL decision opens a handoff (stage, objections, recycling) is
 * the funnel's to say.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

struct model;

enum decision {
    DECISION_STAY,      /* neither fit nor interest: nothing to do */
    DECISION_NURTURE,   /* fits, not interested enough yet */
    DECISION_REVIEW,    /* interested, does not fit: a person decides */
    DECISION_STIMULATE, /* hand over to be warmed, not closed */
    DECISION_MQL,       /* hand over */
    DECISION_COUNT_
};

/* How well the attributes match the ideal profile; A is best. */
enum fit_grade { FIT_A, FIT_B, FIT_C, FIT_D, FIT_GRADE_COUNT_ };

/* How engaged the contact is; 1 is best. The value is the digit. */
enum interest_grade { INTEREST_1 = 1, INTEREST_2, INTEREST_3, INTEREST_4 };

enum {
    INTEREST_GRADE_COUNT = INTEREST_4,
    GRADE_TEXT_BYTES = 3, /* "A2" and a NUL */
};

/* "stay", "nurture", "review", "stimulate", "mql"; NULL after the last. */
extern const char *const decision_names[];

/* Static. */
const char *decision_name(enum decision decision);
bool decision_parse(struct str text, enum decision *ret_decision) MUSTCHECK;

/* 'A'…'D' */
char fit_grade_letter(enum fit_grade grade);
/* "A2" into out, NUL-terminated. Returns out. */
char *grade_format(enum fit_grade fit, enum interest_grade interest,
                   char out[static GRADE_TEXT_BYTES]);
/* Exactly a letter A…D and a digit 1…4. */
bool grade_parse(struct str text, enum fit_grade *ret_fit,
                 enum interest_grade *ret_interest) MUSTCHECK;

/* The model's decision for a pair of grades; with `is_at_once` (one of mql_at_once fired) always
 * MQL. */
enum decision decision_of(const struct model *model, enum fit_grade fit,
                          enum interest_grade interest, bool is_at_once);

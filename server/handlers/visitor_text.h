/*
 * What the visitor of a web page reads about a form, in French and in English: labels, what is
 * wrong with an answer, why a form could not be taken. For people who know nothing of the API; its
 * clients read the faults as they are.
 */
#pragma once

#include "request.h"
#include "schema/accept.h"

/* `lang`, the query parameter of everything that visitors see: an index into language_names, or
 * ENUM_NONE. */
#define LANGUAGE_PARAM(type) QUERY_CHOICE("lang", type, language, language_names)
struct visitor_query {
    int language;
};
extern const struct query visitor_query;

/* What was asked for, else what the browser likes best, else the organisation's. */
enum language visitor_language(const struct request *request, int asked_for);

/* How a field is called (by our name): "E-mail address", an attribute's label, or for what nobody
 * declared its name in readable form. In the arena. */
struct str visitor_label(const struct request *request, struct str name, enum language language);

/* One sentence that names the field and says what would be right; in the arena. No answer is
 * repeated in it. */
struct str visitor_fault(const struct request *request, const struct fault *fault,
                         enum language language);

/* Why a post was refused, by its status. */
struct visitor_refusal {
    unsigned status;
    const char *title[LANGUAGE_COUNT_];
    const char *text[LANGUAGE_COUNT_]; /* one or two sentences */
    bool may_repeat;                   /* the same answers may be taken in a moment */
};
/* Never NULL: a status without words of its own gets those of a failure. */
const struct visitor_refusal *visitor_refusal(unsigned status);

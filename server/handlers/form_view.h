/*
 * The fields of a form as HTML: for the snippet that people paste into their site, and for the page
 * on which a visitor corrects what was refused. Plain HTML with class names (relais-…) and no style
 * of its own; each field has a label, its fault beside it, and says what a browser may fill in.
 */
#pragma once

#include "handlers/visitor_text.h"

struct form_view {
    const struct request *request;
    const struct form *form;
    enum language language;
    struct buf *out;
    const struct str *posted_names; /* ours of the fields that were posted; NULL: nothing was */
};

struct form_view_field {
    struct str name;       /* ours: "email" or an attribute's */
    struct str input_name; /* in the post; may be theirs */
    struct str value;      /* absent: empty */
    struct str fault;      /* a sentence; absent: none */
    bool is_required;
};

/* The name by which a post of this form gives our field: ours, or theirs where ours means something
 * else in it. */
struct str form_input_name(const struct form *form, struct str name);
bool form_requires(const struct form *form, struct str name);

/* The id of the field's element; in the arena. */
const char *form_view_id(const struct form_view *view, struct str name);
void form_view_write(const struct form_view *view, const struct form_view_field *field);
/* The box under which the consent text stands; nothing when the form has none. */
void form_view_consent(const struct form_view *view, bool is_ticked);
void form_view_hidden(const struct form_view *view, struct str input_name, struct str value);
void form_view_button(const struct form_view *view);

/* The text of the link to what the form gives: "Download “The hybrid cloud guide”". */
void form_view_offer(struct buf *out, const struct offer *offer, enum language language);

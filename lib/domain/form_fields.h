/*
 * What the fields of an HTML form are for, and what several of one name say together.
 *
 * A field is, the first that says something:
 *   1. what the form's map (`fields`) says of its name;
 *   2. its name, where that can be one of ours; "topics[]" is topics;
 *   3. what is known by such a label (domain/known_label.h): "E-mail" is email;
 *   4. an attribute called after the name's words joined by "_", which never takes a name that
 * means something (answers_has_a_meaning).
 *
 * Of an attribute or a consent that comes more than once (boxes of a group, a list of several) the
 * different values count, joined by ", "; of a box and the hidden field for an empty one ("0",
 * "no") the box. An e-mail address is the first that is not blank. What captchas put into a form is
 * no answer.
 */
#pragma once

#include "domain/answers.h"
#include "schema/form_body.h"

/* Our name of the field at `index` of a form, called `name`: it lives in `name`, the map or the
 * arena. The map may be NULL. Absent: out of memory. */
struct str form_field_meaning(const json_t *map, struct str name, size_t index,
                              struct arena *arena) MUSTCHECK;

/* Whether the value of a box says yes. */
bool form_box_is_ticked(struct str value);

/* The fields by our names, in their order, without those called `honeypot` (absent: there is none).
 * The last of several counts where they are neither attributes, consents nor the e-mail address.
 * Values point into the fields or the arena. Only ERR_NOMEM fails. */
enum err_code form_fields_resolve(const json_t *map, struct str honeypot,
                                  const struct form_field *fields, size_t count,
                                  struct arena *arena, struct our_field **ret_fields,
                                  size_t *ret_count) MUSTCHECK;

/* What the adapters share, for adapter*.c alone. */
#pragma once

#include "schema/adapter.h"
#include "schema/json.h"

/* Appends a zeroed answer with this value; NULL (nothing to fill in) when the value is absent or
 * blank, there are ANSWERS_MAX already, or memory is short. */
struct answer *adapted_add(struct adapted *adapted, struct str value);
/* Puts a name behind those there are; absent and empty ones, doubles and more than fit are left
 * out. */
void answer_add_name(struct answer *answer, struct str name);
/* adapted_add with one name, which is also the label. */
struct answer *adapted_add_named(struct adapted *adapted, struct str name, struct str value);
/* The page that the form stood on, called `name` by the tool; absent: not told. */
void adapted_add_page(struct adapted *adapted, const char *name, struct str url);

/* A value as text by the rules of adapter.h; absent for null, NULL and what is empty. Lives in the
 * value or the arena. */
struct str adapted_text(struct adapted *adapted, const json_t *value);
/* The texts of an array's items, `text_of` giving each; anything else is one item. */
struct str adapted_join(struct adapted *adapted, const json_t *items, const char *separator,
                        struct str (*text_of)(struct adapted *adapted, const json_t *item,
                                              const void *context),
                        const void *context);

/* An object as "name: value; name: value". */
struct str adapted_pairs(struct adapted *adapted, const json_t *object);

/* The submission's id, from what the tool calls it. A UUID counts as it is; anything else is hashed
 * together with `parts`, which say where that name is one of a kind. Absent or empty: no id. */
void adapted_identify(struct adapted *adapted, const char *tool, struct str token,
                      const struct str *parts, size_t count);

/* The fields of a flat object, as WordPress plugins and Webflow send them. Nested objects are taken
 * apart: {"names": {"first_name": …}} is an answer "names.first_name". Names that begin with "_",
 * and of captchas, are details. The field `but` (NULL: none) is left out. */
void adapted_take_flat(struct adapted *adapted, const json_t *object, const char *but);

/* The string at a name, absent when it is none or empty; a number's digits. */
struct str adapted_member(struct adapted *adapted, const json_t *object, const char *name);

enum err_code typeform_read(const json_t *body, struct adapted *adapted, struct err *reterr);
enum err_code tally_read(const json_t *body, struct adapted *adapted, struct err *reterr);
enum err_code webflow_read(const json_t *body, struct adapted *adapted, struct err *reterr);
enum err_code gravityforms_read(const json_t *body, struct adapted *adapted, struct err *reterr);
enum err_code fluentforms_read(const json_t *body, struct adapted *adapted, struct err *reterr);
enum err_code contactform7_read(const json_t *body, struct adapted *adapted, struct err *reterr);
enum err_code hubspot_read(const json_t *body, struct adapted *adapted, struct err *reterr);

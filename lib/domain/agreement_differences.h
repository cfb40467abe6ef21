/*
 * What one version of an agreement changes over another, for programs and in words.
 */
#pragma once

#include "domain/agreement.h"
#include "schema/accept.h"

/*
 * Writes an array of {"kind": "commitment|policy|scoring_model|definition|agreement", "id", "name",
 * "change": "added|removed|changed", "fields": [{"field", "before", "after"}], "words": {"fr",
 * "en"}}. `before` and `after` are bodies of agreements; before NULL: everything is added.
 */
void agreement_differences_write(struct json_writer *json, const json_t *before,
                                 const json_t *after, const struct catalog *catalog);
/* The same as blocks of a text (agreement_text.h), items of a list; empty when nothing differs. A
 * new reference; NULL: out of memory. */
json_t *agreement_differences_text(const json_t *before, const json_t *after,
                                   const struct catalog *catalog, enum language language) MUSTCHECK;

/*
 * From a stored body to the typed struct that the rest of the program uses, for catalog.c alone.
 */
#pragma once

#include "domain/catalog_kinds.h"

struct catalog_model_entry {
    int32_t version;
    int64_t activated; /* see struct model_body */
    struct model *compiled;
};

/* What the typed structs of a snapshot consist of. The arrays are in the arena and have room for
 * every entry (keys: two each); what is compiled is the snapshot's to free. */
struct catalog_parts {
    struct arena arena;
    struct api_key *keys;
    size_t key_count;
    struct policy *policies;
    struct absence *absences;
    size_t absence_count;
    struct jsonlogic **conditions; /* of the policies, NULL where there is none */
    struct uuid *policy_calendars; /* … nil where there is none */
    size_t policy_count;
    struct catalog_model_entry *models;
    size_t model_count;
};

/*
 * Makes the struct of one entry from its decoded body `in`, whose texts live in entry->body. What
 * the schema could not see (a rule, a hash) is added to `faults`. `expansion`: see struct
 * catalog_row.
 *
 * Returns what entry->typed shall point to, for a kind without a struct entry->body, and NULL when
 * out of memory.
 */
const void *catalog_read(struct catalog_parts *parts, const struct catalog_entry *entry,
                         const union catalog_body *in, const struct calendar *expansion,
                         struct faults *faults) MUSTCHECK;

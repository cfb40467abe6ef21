/*
 * Which variables of its data a JsonLogic rule names: what there is to know before it can be right.
 *
 * Names that the rule computes, absurdly long ones, and those inside the callbacks of map, filter,
 * reduce and the like, which see items and not the data, are left out.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"

enum { MODEL_VARIABLES_MAX = 64, MODEL_VARIABLE_BYTES_MAX = 256 };

/* Begins zeroed but for the arena. */
struct model_variables {
    struct arena *arena;                   /* where the names live */
    struct str names[MODEL_VARIABLES_MAX]; /* of the first step of each path; in order, each once */
    size_t count;
    bool is_full;          /* there are more than fit */
    bool is_out_of_memory; /* of the arena; what is noted stays */
};

/* Notes the variables of `rule`, which has to be one that jsonlogic_compile takes (that bounds its
 * depth). */
void model_variables_add(struct model_variables *variables, const json_t *rule);

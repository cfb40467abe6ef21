/*
 * What the files about agreements share in reading bodies.
 */
#pragma once

#include "domain/agreement.h"
#include "schema/json.h"

static inline struct str agreement_text_of(const json_t *object, const char *name)
{
    return json_str_of(json_object_get(object, name));
}

/* Days since 1970; DATE_NONE: none, or no date. */
static inline int32_t agreement_day_of(const json_t *object, const char *name)
{
    int32_t day;
    return date_parse(agreement_text_of(object, name), &day) ? day : DATE_NONE;
}

/* Of a list of promises the one with this id; NULL: none. */
const json_t *agreement_item(const json_t *items, struct str id);
/* An item as the set-up stores it: without its id. A new reference; NULL: out of memory. */
json_t *agreement_item_body(const json_t *item);
bool agreement_is_active(const struct catalog_entry *entry);

/* A record of `changes` that has not been applied. */
bool agreement_change_is_waiting(const json_t *record);
/* The first day of those; DATE_NONE: there are none. */
int32_t agreement_next_change(const json_t *body);
/* The signed version whose day is the earliest, of several of one day the oldest: so the newest
 * remains in force. NULL: none. */
const struct catalog_entry *agreement_next_signed(const struct catalog *catalog);

/*
 * Checking one proposed set-up entry: the state that catalog_check.c (what all kinds have in
 * common) and catalog_check_kinds.c (what each kind asks for) share, and their helpers.
 */
#pragma once

#include "domain/catalog_kinds.h"

struct check {
    const struct catalog *catalog;
    const struct catalog_proposal *proposal;
    struct arena *arena;
    struct faults *faults;
    json_t *body;           /* what will be stored, being completed; owned */
    union catalog_body *in; /* body decoded; its texts live in body until they are replaced */
    bool is_out_of_memory;
    const char *conflict; /* why the entry's present state does not allow it; NULL: it does */
};

/* What a kind asks for beyond its schema. Fields that broke the schema are none in check->in. */
void check_kind(struct check *check);
/* The same of a commitment: catalog_check_commitment.c. */
void check_commitment(struct check *check, const struct commitment_body *in);
/* The slug of a new entry, in the arena; absent when out of memory. */
struct str check_slug(struct check *check);

/* The thing named by an id, if any, must exist; it is stored by its slug. */
void check_reference_id(struct check *check, const char *name, enum catalog_kind kind,
                        struct uuid id);
/* Replaces a field of the body by `value` (a new reference, taken; NULL: out of memory). */
void check_set(struct check *check, const char *name, json_t *value);
void check_set_str(struct check *check, const char *name, struct str text);

/* A condition, if there is one, must be a JsonLogic rule; what is not is told below `pointer`. */
void check_condition(struct check *check, const json_t *condition, const char *pointer);

/* The form of an IANA name; whether PostgreSQL knows it, the store asks. */
void check_zone_name(struct check *check, struct str zone);

/* ---- catalog_check_sla.c ---- */
void check_policy(struct check *check, const struct policy_body *in);
void check_calendar(struct check *check, const struct calendar_body *in);
/* A member's, and the teams'. */
void check_own_calendar(struct check *check, struct uuid id);
void check_team_calendars(struct check *check, const struct team_calendars_body *in);

/* ---- catalog_check_notify.c ---- */
void check_member_notify(struct check *check, const json_t *notify);
void check_member_hours(struct check *check, const struct member_body *in);
void check_chat(struct check *check, const json_t *chat);

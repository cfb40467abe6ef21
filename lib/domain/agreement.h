/*
 * Agreements: what marketing and sales promise each other, as numbered versions that both sign.
 *
 * A version is set-up of kind CATALOG_AGREEMENT, and a snapshot: the commitments, the policies, the
 * funnel's definitions are copied into its body, so that what was signed stays readable whatever
 * becomes of them. What it lists is all there is: commitments and policies that it does not name
 * end when it comes into force.
 *
 *     draft ── a signature ──> partly_signed ── the other side's ──> signed ── the day ──> in_force
 *       └────────── withdraw ──────┘                                    (the next one) ──> ended
 *
 * A promise starts, changes and ends with one of its periods, never inside: when a version comes
 * into force, each commitment that differs changes on the first day on or after it on which a
 * period of that commitment begins. Policies and the scoring model change at once: clocks that run
 * keep theirs.
 *
 * Pure: days are days in the organisation's time zone, counted since 1970, and an argument.
 */
#pragma once

#include "domain/catalog_check.h"

enum agreement_state {
    AGREEMENT_DRAFT,
    AGREEMENT_PARTLY_SIGNED,
    AGREEMENT_SIGNED,
    AGREEMENT_IN_FORCE,
    AGREEMENT_ENDED,
    AGREEMENT_WITHDRAWN,
    AGREEMENT_STATE_COUNT_
};
extern const char *const agreement_state_names[];

/* Of a stored body (catalog_entry.body of CATALOG_AGREEMENT). */
enum agreement_state agreement_state_of(const json_t *body);
int32_t agreement_version_of(const json_t *body);
/* Whether somebody of this team has signed. */
bool agreement_is_signed_by(const json_t *body, struct str team);

/* The one in force; NULL when there is none. */
const struct catalog_entry *agreement_in_force(const struct catalog *catalog);
/* By its version or id; NULL: none. */
const struct catalog_entry *agreement_find(const struct catalog *catalog, struct str version);
/* What a comparison starts from when nobody says: the version in force when this one was proposed,
 * else the newest earlier one that ever was. NULL: this is the first. */
const struct catalog_entry *agreement_before(const struct catalog *catalog, const json_t *body);

/*
 * Why this set-up entry must not be changed by one side alone while an agreement is in force: a
 * sentence in the arena that says what to do, and NULL when it may. `patch` is the proposed change
 * (NULL: it is to be deleted).
 */
const char *agreement_forbids(const struct catalog *catalog, const struct catalog_entry *entry,
                              const json_t *patch, struct arena *arena);

/*
 * The first policy of a kind that applies decides. Why a policy must not be as in `body` (checked,
 * complete) while an agreement is in force: it would come before one that was agreed on, and take
 * its place. A sentence in the arena; NULL when it may.
 */
const char *agreement_forbids_before(const struct catalog *catalog, const json_t *body,
                                     struct arena *arena);

/* ---- what becomes of each commitment ---- */

enum promise_change {
    PROMISE_UNCHANGED,
    PROMISE_ADDED,
    PROMISE_CHANGED,
    PROMISE_ENDED,
};
extern const char *const promise_change_names[]; /* unchanged, added, changed, ended */

struct agreement_change {
    enum promise_change kind;
    const json_t *item;                   /* of the agreement; NULL for one that ends */
    const struct catalog_entry *existing; /* NULL for one that is added */
    int32_t from;                         /* the first day of the first period */
};

/* The commitments of the body against the set-up as it is, were it to come into force on `day`;
 * those that end behind the others. In the arena; false: out of memory. */
bool agreement_changes(const struct catalog *catalog, const json_t *body, int32_t day,
                       struct arena *arena, struct agreement_change **ret_changes,
                       size_t *ret_count) MUSTCHECK;
/* The first day on or after `day` on which a period like this begins ({"every", "starts"}; a week
 * without "starts" begins on `week_starts_on`). */
int32_t agreement_period_start(const json_t *period, struct str week_starts_on, int32_t day);

/* ---- coming into force ---- */

/* The first day on which something is to be done: a signed version comes into force, or a
 * commitment of the one in force changes. It may have passed. DATE_NONE: nothing is waiting. */
int32_t agreement_next_day(const struct catalog *catalog);

/* One row of the set-up to be written. */
struct agreement_write {
    enum catalog_kind kind;
    const struct catalog_entry *existing; /* NULL: a new one with this id and slug */
    struct uuid id;
    struct str slug;
    json_t *body; /* owned */
};
enum { AGREEMENT_WRITES_MAX = 1024 };
struct agreement_enactment {
    struct agreement_write *writes; /* in the arena */
    size_t count;
    int32_t comes_into_force; /* the version that does; 0: only commitments change */
    int32_t replaces;         /* the version that ends thereby; 0: none */
};

/* When the steps below run, all by the database's clock. */
struct agreement_clock {
    int32_t day;          /* agreement_next_day, which has come */
    int32_t today;        /* in the organisation's time zone */
    int64_t day_start_us; /* when `day` began */
    int64_t now_us;
};

/*
 * The next step, for one version and one day: a version comes into force, or commitments of the one
 * in force change. Signed by both before its day began, a version comes into force with that day;
 * signed later, at once, and then commitments change from tomorrow on, since today's periods have
 * begun. A row that the set-up would refuse now is left out, and the agreement says so ("problem").
 */
enum err_code agreement_enact(const struct catalog *catalog, const struct agreement_clock *clock,
                              struct arena *arena, struct agreement_enactment *ret_enactment,
                              struct err *reterr) MUSTCHECK;
/* Takes NULL. */
void agreement_enactment_done(struct agreement_enactment *enactment);

/* ---- for the catalog's own files ---- */

/* Brings a proposed agreement into its stored form. Beside what a client writes it takes "act":
 * {"sign": {"member", "actor"}} or {"withdraw": {"actor"}}; without one it is a new draft or a
 * changed one. */
void agreement_check(struct check *check, const struct agreement_body *in);
/* What the API shows beside the body's own fields: state, takes_effect. */
void agreement_write_rest(struct json_writer *json, const struct catalog_entry *entry,
                          const struct catalog *catalog);

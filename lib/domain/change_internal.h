/* What the files of change_*.c share. Every function that can run out of memory returns ERR_NOMEM; since an
 * input is refused before anything is changed, that only ever ends the whole batch. */
#pragma once

#include "domain/change.h"

/* A new slot in an effect list, zeroed; NULL when out of memory. */
#define EFFECT_ADD(effects, list)                                                                  \
    ((__typeof__((effects)->list.items))effect_slot((effects)->arena, (void **)&(effects)->list.items, \
                                                    &(effects)->list.count, &(effects)->list.capacity, \
                                                    sizeof *(effects)->list.items))
void *effect_slot(struct arena *arena, void **items, size_t *count, size_t *capacity, size_t item_size);

/* ---- events ---- */

struct event_field {
    const char *name;
    enum { EVENT_TEXT, EVENT_UUID, EVENT_TIME, EVENT_BOOL, EVENT_INT, EVENT_RAW } kind;
    struct str text;
    struct uuid uuid;
    int64_t number;
};
/* Absent texts, nil ids and missing times are left out; use EVENT_NULLABLE for those shown as null. */
#define EVENT_FIELD_TEXT(field, value)                                                             \
    (struct event_field){.name = (field), .kind = EVENT_TEXT, .text = (value)}
#define EVENT_FIELD_UUID(field, value)                                                             \
    (struct event_field){.name = (field), .kind = EVENT_UUID, .uuid = (value)}
#define EVENT_FIELD_TIME(field, value)                                                             \
    (struct event_field){.name = (field), .kind = EVENT_TIME, .number = (value)}
#define EVENT_FIELD_BOOL(field, value)                                                             \
    (struct event_field){.name = (field), .kind = EVENT_BOOL, .number = (value) ? 1 : 0}
#define EVENT_FIELD_INT(field, value)                                                              \
    (struct event_field){.name = (field), .kind = EVENT_INT, .number = (value)}
#define EVENT_FIELD_RAW(field, value)                                                              \
    (struct event_field){.name = (field), .kind = EVENT_RAW, .text = (value)}

enum err_code effects_event(struct effects *effects, const char *type, const struct contact *contact,
                            bool is_historical, const struct event_field *fields, size_t count) MUSTCHECK;
#define EFFECTS_EVENT(effects, type, contact, is_historical, ...)                                  \
    effects_event((effects), (type), (contact), (is_historical),                                   \
                  (const struct event_field[]){__VA_ARGS__},                                       \
                  ARRAY_LEN(((const struct event_field[]){__VA_ARGS__})))
/* handoff.TYPE with the handoff's state, assignee and who did it. */
enum err_code handoff_event(struct effects *effects, const char *type, const struct contact *contact,
                            const struct input *input, struct str reason) MUSTCHECK;

/* ---- contacts ---- */

/* Marks the stored record as changed: a new version, once per batch and contact is enough, but each counts. */
void contact_touch(struct contact *contact, const struct effects *effects);

struct transition {
    enum stage to;
    struct str reason;
    struct str note;
    struct uuid handoff_id;
    int64_t at_us; /* TIME_NONE: now */
    bool is_implied;
    bool is_silent; /* another event tells it (submission.received has stage_to) */
};
/* History row, event and new stage; `reached` follows unless it is the side exit. */
enum err_code contact_set_stage(struct contact *contact, const struct input *input,
                                const struct transition *transition, struct effects *effects) MUSTCHECK;

/*
 * Claims by the source rule: a person or CRM beats an import, which beats a form; among equals the later
 * one wins; an empty value never overwrites; null removes, for a person or CRM. Changed names go into
 * `changed` (ATTRIBUTES_MAX slots). A value that does not fit its attribute's type is skipped: whoever sends
 * claims was told before, or is an HTML form.
 */
enum err_code contact_claim(struct contact *contact, const struct input *input, int64_t at_us,
                            struct effects *effects, struct str changed[], size_t *ret_changed) MUSTCHECK;
enum err_code contact_consent(struct contact *contact, const struct input *input, struct effects *effects,
                              bool *ret_is_granting) MUSTCHECK;
/* contact.updated with the names of what changed. */
enum err_code contact_updated_event(struct contact *contact, const struct input *input,
                                    const struct str changed[], size_t count, struct effects *effects)
    MUSTCHECK;

/* ---- score and decision ---- */

/* What came in, as far as the decision cares. */
struct evidence {
    const struct activity_facts *facts; /* NULL: no activity (attributes changed, merge) */
    bool is_form;                       /* facts are a form's: its activity's id names the submission */
    bool attributes_changed;
    bool is_merge;
    bool is_granting; /* consent was given anew with it */
};
/* Scores the evidence, tells what changed, takes the decision and hands off if it says so. */
enum err_code contact_score(struct contact *contact, const struct input *input,
                            const struct evidence *evidence, struct effects *effects) MUSTCHECK;

/* ---- handoffs ---- */

struct opening {
    enum purpose purpose;
    struct str trigger; /* JSON */
    struct str reason;
    struct str note;
};
/* Opens one: stage, snapshot, clocks, events. The caller has made sure that none is open. */
enum err_code handoff_open(struct contact *contact, const struct input *input,
                           const struct opening *opening, struct effects *effects) MUSTCHECK;
/* Closes it with what remains of its clocks. */
enum err_code handoff_close(struct contact *contact, const struct input *input, enum handoff_state state,
                            struct effects *effects) MUSTCHECK;
enum clock_start { CLOCK_STARTS_AT_MQL, CLOCK_STARTS_AT_ACCEPT };
enum err_code clocks_start(struct contact *contact, enum clock_start start, struct effects *effects) MUSTCHECK;
/* An attempt, an acceptance or a verdict was recorded now: clocks of `kind` are met or were already late. */
enum err_code clocks_meet(struct contact *contact, const char *kind, struct effects *effects) MUSTCHECK;
enum err_code clocks_end(struct contact *contact, const char *end_reason, struct effects *effects) MUSTCHECK;
void clocks_pause(struct contact *contact, int64_t now_us);
void clocks_resume(struct contact *contact, int64_t now_us);

/* ---- one function per kind of input ---- */

enum err_code change_submission(struct contact *contact, struct input *input, struct effects *effects) MUSTCHECK;
enum err_code change_upsert(struct contact *contact, struct input *input, struct effects *effects) MUSTCHECK;
enum err_code change_patch(struct contact *contact, struct input *input, struct effects *effects) MUSTCHECK;
enum err_code change_merge(struct contact *contact, struct contact *survivor, struct input *input,
                           struct effects *effects) MUSTCHECK;
enum err_code change_handoff(struct contact *contact, struct input *input, struct effects *effects) MUSTCHECK;
enum err_code change_move(struct contact *contact, struct input *input, struct effects *effects) MUSTCHECK;
enum err_code change_decision(struct contact *contact, struct input *input, struct effects *effects) MUSTCHECK;
enum err_code change_requalify(struct contact *contact, struct input *input, struct effects *effects) MUSTCHECK;
enum err_code change_deal(struct contact *contact, struct input *input, struct effects *effects) MUSTCHECK;

/* The input is refused; nothing was changed. Returns OK: a refusal is an answer. */
enum err_code refuse(struct input *input, enum err_code code, const char *detail);

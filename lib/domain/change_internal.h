/*
 * What the files of change_*.c share. Every function that can run out of memory returns ERR_NOMEM;
 * since an input is refused before anything is changed, that only ever ends the whole batch.
 */
#pragma once

#include "domain/change.h"

/* A new slot in an effect list, zeroed; NULL when out of memory. */
#define EFFECT_ADD(effects, list)                                                                  \
    ((__typeof__((effects)->list.items))effect_slot(                                               \
        (effects)->arena, (void **)&(effects)->list.items, &(effects)->list.count,                 \
        &(effects)->list.capacity, sizeof *(effects)->list.items))
void *effect_slot(struct arena *arena, void **items, size_t *count, size_t *capacity,
                  size_t item_size);

/* The input is refused; nothing was changed. Returns OK: a refusal is an answer. */
enum err_code refuse(struct input *input, enum err_code code, const char *detail);
/* The same, for what stands at `pointer` of the input. */
enum err_code refuse_field(struct input *input, const char *pointer, const char *fault_code,
                           const char *detail);

/* ---- events: the fields that api.md lists, no personal data, no free text ---- */

struct event_field {
    const char *name;
    enum { EVENT_TEXT, EVENT_UUID, EVENT_TIME, EVENT_BOOL, EVENT_INT, EVENT_RAW } kind;
    bool is_optional; /* left out when there is none; else null */
    struct str text;
    struct uuid uuid;
    int64_t number;
};

static inline struct event_field event_text(const char *name, struct str value)
{
    return (struct event_field){.name = name, .kind = EVENT_TEXT, .text = value};
}

static inline struct event_field event_word(const char *name, const char *value)
{
    return event_text(name, str_from(value));
}

static inline struct event_field event_uuid(const char *name, struct uuid value)
{
    return (struct event_field){.name = name, .kind = EVENT_UUID, .uuid = value};
}

static inline struct event_field event_time(const char *name, int64_t at_us)
{
    return (struct event_field){.name = name, .kind = EVENT_TIME, .number = at_us};
}

static inline struct event_field event_bool(const char *name, bool value)
{
    return (struct event_field){.name = name, .kind = EVENT_BOOL, .number = value ? 1 : 0};
}

static inline struct event_field event_int(const char *name, int64_t value)
{
    return (struct event_field){.name = name, .kind = EVENT_INT, .number = value};
}

/* JSON text */
static inline struct event_field event_raw(const char *name, struct str value)
{
    return (struct event_field){.name = name, .kind = EVENT_RAW, .text = value};
}

static inline struct event_field event_optional(struct event_field field)
{
    field.is_optional = true;
    return field;
}

enum err_code effects_event(struct effects *effects, const char *type,
                            const struct contact *contact, bool is_historical,
                            const struct event_field *fields, size_t count) MUSTCHECK;
#define EFFECTS_EVENT(effects, type, contact, is_historical, ...)                                  \
    effects_event((effects), (type), (contact), (is_historical),                                   \
                  (const struct event_field[]){__VA_ARGS__},                                       \
                  ARRAY_LEN(((const struct event_field[]){__VA_ARGS__})))
/* handoff.TYPE with the latest handoff's state and assignee and who did it. `code` is a reason's
 * code or a word of ours, absent when there is none: never what somebody wrote. */
enum err_code handoff_event(struct effects *effects, const char *type,
                            const struct contact *contact, const struct input *input,
                            struct str actor, struct str code) MUSTCHECK;

/* ---- contacts ---- */

/* Marks the stored record as changed: a new version, one for each input that changes it. */
void contact_touch(struct contact *contact, const struct effects *effects);
void handoff_touch(struct handoff *handoff, const struct effects *effects);

/* Nothing that was decided so far has made this contact: the input does. */
static inline bool contact_is_unmade(const struct contact *contact)
{
    return contact->is_new && !contact->is_dirty;
}

struct transition {
    enum stage to;
    struct str actor;  /* absent: the input's */
    struct str reason; /* for the history: a reason's code, or what a person wrote */
    struct str code;   /* what of it may be told to the world: a reason's code, or nothing */
    struct str note;
    struct uuid handoff_id;
    bool is_implied;
};
/* The history's row and the new stage; `reached` follows unless it is the side exit. Tells nobody.
 */
enum err_code contact_enter(struct contact *contact, const struct input *input,
                            const struct transition *transition, struct effects *effects) MUSTCHECK;
/* contact.stage_changed from a stage (NULL: from nothing) to the present one. */
enum err_code contact_tell_stage(const struct contact *contact, const struct input *input,
                                 const char *from, const struct transition *transition,
                                 struct effects *effects) MUSTCHECK;
/* Both. */
enum err_code contact_set_stage(struct contact *contact, const struct input *input,
                                const struct transition *transition,
                                struct effects *effects) MUSTCHECK;
/* contact.created and, when it begins further on, its stage. */
enum err_code contact_tell_created(const struct contact *contact, const struct input *input,
                                   struct effects *effects) MUSTCHECK;

/* Names of attributes that changed, each once; "channel", "email" and "consents" may be among them.
 */
struct changed_names {
    struct str names[ATTRIBUTES_MAX + 3]; /* and channel, email, consents */
    size_t count;
};
void changed_add(struct changed_names *changed, struct str name);
/* contact.updated with the names of what changed; nothing when nothing did. */
enum err_code contact_tell_updated(const struct contact *contact, const struct input *input,
                                   const struct changed_names *changed,
                                   struct effects *effects) MUSTCHECK;

/*
 * One claim, with its source and time, by the source rule: a form never overwrites what a person, a
 * CRM or an import said; of all others the later one wins, the later told of the same time. What is
 * empty never overwrites; with `removes` it takes away what it may overwrite. A contact that holds
 * ATTRIBUTES_MAX takes no further names.
 */
enum err_code contact_claim_one(struct contact *contact, const struct attribute *claim,
                                bool removes, struct effects *effects,
                                struct changed_names *changed) MUSTCHECK;
/* The input's claims, said at `at_us`. */
enum err_code contact_claim(struct contact *contact, const struct input *input, int64_t at_us,
                            struct effects *effects, struct changed_names *changed) MUSTCHECK;
/* Whether the contact can hold all the names claimed beside its own. */
bool contact_has_room(const struct contact *contact, const struct attribute claims[], size_t count);
/* The input's consents, said at `at_us`; "consents" is among what changed when they add to the
 * record. *ret_is_granting: one of them was given. */
enum err_code contact_consent(struct contact *contact, const struct input *input, int64_t at_us,
                              struct effects *effects, struct changed_names *changed,
                              bool *ret_is_granting) MUSTCHECK;
/* The survivor takes over the most restrictive word per purpose. *ret_has_objected: it objects to
 * something that it did not object to before. */
enum err_code contact_merge_consents(struct contact *survivor, const struct contact *duplicate,
                                     const struct input *input, struct effects *effects,
                                     struct changed_names *changed,
                                     bool *ret_has_objected) MUSTCHECK;

/* ---- score and decision ---- */

/* What came in, as far as the decision cares. */
struct evidence {
    const struct activity_facts *facts; /* NULL: no activity (attributes changed, merge) */
    bool attributes_changed;
    bool is_merge;
    bool is_granting; /* consent was given anew with it */
};
/* Scores the evidence, tells what changed, takes the decision and hands off if it says so. */
enum err_code contact_score(struct contact *contact, const struct input *input,
                            const struct evidence *evidence, struct effects *effects) MUSTCHECK;
/* The score by the model in force for a contact that has none yet, told to nobody and deciding
 * nothing; a copy of the present one otherwise. */
enum err_code contact_score_now(const struct contact *contact, struct effects *effects,
                                struct contact_score *ret_score) MUSTCHECK;

/* ---- handoffs ---- */

enum trigger_kind { TRIGGER_AT_ONCE, TRIGGER_SCORE, TRIGGER_DECISION, TRIGGER_MANUAL };

struct opening {
    enum trigger_kind trigger;
    enum purpose purpose;
    const struct activity_facts *facts; /* of the activity that did it, or NULL */
    struct str actor;                   /* whose decision it was */
    struct str reason;                  /* as a person wrote it */
    struct str note;
};
/* Opens one: stage, snapshot, clocks, events. The caller has made sure that none is open. */
enum err_code handoff_open(struct contact *contact, const struct input *input,
                           const struct opening *opening, struct effects *effects) MUSTCHECK;
/* Closes the contact's handoff and ends what remains of its clocks. `word` says why: a verdict's
 * name, or what else ended it. */
enum err_code handoff_close(struct contact *contact, const struct input *input,
                            enum handoff_state state, const char *word, struct str code,
                            struct effects *effects) MUSTCHECK;
/* The person objects: an open handoff goes back to marketing and its clocks are excused, unless
 * the person asked for it or sales has begun to make contact. */
enum err_code handoff_withdraw(struct contact *contact, const struct input *input,
                               struct effects *effects) MUSTCHECK;
/* Makes room for another latest handoff: what is still to be written of the present one is kept
 * aside. */
enum err_code handoff_retire(struct contact *contact, struct effects *effects) MUSTCHECK;
/* A pause that is over by now ended when it was to end, and is told to have, if nobody has noticed.
 */
enum err_code handoff_wake(struct contact *contact, const struct input *input,
                           struct effects *effects) MUSTCHECK;
/* The handoff of a customer is an upsell, however it began. */
void handoff_follow_stage(struct contact *contact, const struct effects *effects);

/* It becomes the member's (nil: nobody's): who had it, who has it and why stays in its history.
 * Tells nobody. `reason` is a word of ours, or absent. Nothing when it is theirs already. */
enum err_code handoff_assign(struct handoff *handoff, struct uuid member, struct str actor,
                             struct str reason, struct effects *effects) MUSTCHECK;
/* A pause as it is kept: begins now, until `until_us` or sooner. One that is on ends with it. The
 * reason is in the arena. */
enum err_code pause_begin(struct handoff *handoff, int64_t until_us, struct str reason,
                          struct str actor, struct effects *effects) MUSTCHECK;
/* … and is over at `at_us`, which may lie back; nothing when none is on. */
enum err_code pause_end(struct handoff *handoff, int64_t at_us, struct str actor,
                        struct effects *effects) MUSTCHECK;

enum clock_start { CLOCK_STARTS_AT_MQL, CLOCK_STARTS_AT_ACCEPT };
/* Starts a clock for each kind whose first applicable policy starts now. `asked_at_us`: when the
 * person asked for it, if that was earlier; else TIME_NONE. */
enum err_code clocks_start(struct contact *contact, enum clock_start start, int64_t asked_at_us,
                           struct effects *effects) MUSTCHECK;
/* Evidence was recorded now (`word`: attempt, accept, qualify …) of what happened at `at_us`, as
 * the rep says: clocks of `kind` are met, or were late already. Only now counts. */
enum err_code clocks_meet(struct contact *contact, const char *kind, const char *word,
                          int64_t at_us, struct effects *effects) MUSTCHECK;
/* No evidence can come any more. */
enum err_code clocks_end(struct contact *contact, const char *word,
                         struct effects *effects) MUSTCHECK;
/* Nobody is to make contact any more, through no fault of sales. */
enum err_code clocks_excuse(struct contact *contact, const char *word,
                            struct effects *effects) MUSTCHECK;
void clocks_pause(struct contact *contact, struct effects *effects);
/* The pause ended at `at_us`, which may lie back. */
void clocks_resume(struct contact *contact, int64_t at_us, struct effects *effects);

/* ---- one function per kind of input ---- */

enum err_code change_submission(struct contact *contact, struct input *input,
                                struct effects *effects) MUSTCHECK;
enum err_code change_upsert(struct contact *contact, struct input *input,
                            struct effects *effects) MUSTCHECK;
enum err_code change_patch(struct contact *contact, struct input *input,
                           struct effects *effects) MUSTCHECK;
enum err_code change_merge(struct contact *contact, struct contact *survivor, struct input *input,
                           struct effects *effects) MUSTCHECK;
enum err_code change_handoff(struct contact *contact, struct input *input,
                             struct effects *effects) MUSTCHECK;
enum err_code change_move(struct contact *contact, struct input *input,
                          struct effects *effects) MUSTCHECK;
enum err_code change_decision(struct contact *contact, struct input *input,
                              struct effects *effects) MUSTCHECK;
enum err_code change_requalify(struct contact *contact, struct input *input,
                               struct effects *effects) MUSTCHECK;
enum err_code change_deal(struct contact *contact, struct input *input,
                          struct effects *effects) MUSTCHECK;
/* What needs no contact: see change_needs_contact. */
enum err_code change_quarantine(struct input *input, struct effects *effects) MUSTCHECK;
/* The entry whose release this submission is becomes the contact's. */
enum err_code quarantine_release(const struct contact *contact, const struct input *input,
                                 int64_t occurred_at_us, struct effects *effects) MUSTCHECK;
/* What was compared with earlier submissions is remembered for later ones. */
enum err_code quarantine_trace(const struct input *input, struct effects *effects) MUSTCHECK;
enum err_code change_consent(struct contact *contact, struct input *input,
                             struct effects *effects) MUSTCHECK;
enum err_code change_erase(struct contact *contact, struct input *input,
                           struct effects *effects) MUSTCHECK;
/* The contact was erased before: what any other input about it is answered. */
enum err_code refuse_erased(struct input *input) MUSTCHECK;
/* The address is not to be brought back by anybody but its owner; false: it may come in. */
bool is_suppressed(const struct input *input);
enum err_code refuse_suppressed(struct input *input, const char *pointer) MUSTCHECK;

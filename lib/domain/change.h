/*
 * What may happen to a contact (struct input), what it causes (struct effects), and the one
 * function that decides: change_decide. The store reads, calls it for each input in the order of
 * arrival, and writes the effects; see store/batch.h.
 *
 * It either refuses an input whole (its result says why, nothing changed) or takes it whole.
 */
#pragma once

#include "domain/contact.h"
#include "domain/suspicion.h"

enum input_kind {
    INPUT_SUBMISSION, /* a form post */
    INPUT_ACTIVITY,
    INPUT_UPSERT,
    INPUT_PATCH,
    INPUT_MERGE,
    INPUT_HANDOFF, /* a handoff opened by hand */
    INPUT_MOVE,
    INPUT_DECISION, /* a review decided by hand */
    INPUT_REQUALIFY,
    INPUT_DEAL,
    INPUT_PURGE,   /* of an entry of the quarantine */
    INPUT_CONSENT, /* one consent or objection, recorded by hand */
    INPUT_ERASE,
    INPUT_KIND_COUNT_
};

struct actor {
    struct uuid member_id; /* nil when the key acts as itself */
    struct str text;       /* "member:ID", "key:ID", "form:SLUG", "import" */
};

/* What is done, before the catalog's facts are looked up (the offer's kind and step, the form's
 * makes). */
struct activity_input {
    struct uuid id;
    /* The client chose the id, or it was made of what the client sent: a repeat must be recognised.
     */
    bool has_client_id;
    struct str scope; /* activity_key.scope */
    struct sha256 fingerprint;
    struct str kind;
    struct str form;
    struct str offer;
    struct str campaign;
    struct str channel;
    int64_t occurred_at_us; /* TIME_NONE: when it is decided */
    int64_t received_at_us; /* 0: when it is decided; else it was kept somewhere until now */
    struct str properties;  /* JSON text or absent */
    struct str payload;     /* JSON text or absent */
};

struct move_input {
    enum move move;
    struct uuid member_id; /* assign: who; accept by a key that is nobody's: whose it becomes */
    int64_t work_by_us;
    struct str channel;
    struct str outcome;
    int64_t at_us;
    struct str note;
    struct str offers_sent; /* JSON array text */
    struct str gpct;        /* JSON object text */
    bool has_amount;
    int64_t amount;
    struct str currency;
    struct str expected_close; /* YYYY-MM-DD */
    struct str owner;
    struct str reason;
    int64_t until_us; /* nurture_until, pause until */
    struct str offer;
    struct str found_useful;
    int helped_the_call; /* -1 not said, 0, 1 */
};

struct deal_input {
    struct uuid deal_id; /* nil: a new one */
    struct str kind;     /* new | upsell | renewal */
    bool has_amount;
    int64_t amount;
    struct str currency;
    int64_t won_at_us; /* TIME_NONE: now */
    struct uuid assignee;
    struct uuid qualified_by;
};

/* Of a submission: whether it is kept in quarantine; of its release and its purge: which entry. */
struct quarantine_input {
    unsigned suspicions; /* why it is not trusted, see domain/suspicion.h; 0: as far as we know, it
                            is */
    const struct suspicion_watch *watch; /* what only the store can know; NULL: nothing */
    /* A body as it came, with its Content-Type, when there is no payload to make of it. */
    struct str raw;
    struct str raw_type;
    struct str raw_tool;   /* … and the form tool whose body it is; absent: the form's own post */
    struct uuid id;        /* a release's or purge's: the entry */
    struct str settled_by; /* … and who does it; the activity's own actor stays its form */

    /* The store's, anew in each attempt: what the watch found; where the entry stands, as read
     * under its lock, and if it was released, whose submission it became. */
    unsigned found;
    enum quarantine_state state;
    struct uuid contact_id;
};

/* Whether an address that nobody has was that of somebody who was erased. */
enum suppression {
    SUPPRESSION_NONE,
    SUPPRESSION_FOUND,
    SUPPRESSION_UNKNOWN, /* this process lacks the privacy key with which it would know */
};

struct erasure_input {
    /* Of an erasure that is done again from a list: the addresses as they stand in it. */
    const struct sha256 *hashes;
    size_t hash_count;
    /* The store's: those of the addresses that stand for the contact. */
    const struct sha256 *found;
    size_t found_count;
};

struct input_result {
    enum err_code code;    /* OK or why it was refused */
    const char *detail;    /* a sentence, in the arena of the input or static */
    struct faults *faults; /* or NULL */
    bool is_replay;        /* nothing changed: the first answer again */
    bool was_replay; /* of an Idempotency-Key's replay: whether the first answer was a repeat itself
                      */
    bool is_new_contact;
    bool changed;
    bool is_set_aside; /* it is in quarantine, and nobody's */
    int64_t received_at_us;
    struct uuid contact_id;
    /* Of the activity, deal, attempt, feedback or handoff made; of a move else the handoff. On
     * ERR_CONFLICT of a handoff by hand the one that is open already. */
    struct uuid id;
    /* ERR_CONFLICT of a move or a handoff by hand: where the handoff stands. */
    bool has_state;
    enum handoff_state state;
    struct uuid assignee;
};

struct input {
    enum input_kind kind;
    /* Who it is about: exactly one of these. */
    struct str email_key; /* with email */
    struct str email;     /* as it is stored and shown */
    struct uuid contact_id;
    struct uuid handoff_id;
    struct uuid other_contact_id; /* merge: the survivor */

    /* PATCH: a new address; the old one goes on standing for the contact. The store's: whose it is
     * by now. */
    struct str new_email;
    struct str new_email_key;
    struct uuid new_email_owner;

    struct actor actor;
    bool creates;               /* an unknown e-mail makes a contact */
    bool is_historical;         /* times come from the data; no clock, no open handoff */
    int32_t if_version;         /* If-Match on a contact, 0: none */
    int32_t if_handoff_version; /* the same on a handoff */

    /* Claims about the contact, name and value, checked against the attributes' definitions;
     * sources and times are filled in by decide. A null or empty value removes the attribute
     * (PATCH) and is ignored elsewhere. */
    struct attribute *attributes;
    size_t attribute_count;
    enum attribute_source source;
    struct consent *consents;
    size_t consent_count;
    struct str consent_text; /* the wording that was read */
    struct str network;      /* where from: the address cut to /24 or /48; absent: not known */

    /* SUBMISSION, ACTIVITY. Of an UPSERT and a PATCH the channel counts (first one stays; PATCH:
     * replaces it, empty removes it) and of an UPSERT when it was learnt. */
    struct activity_input activity;
    struct quarantine_input quarantine; /* SUBMISSION, PURGE */
    enum stage stage;             /* UPSERT: brings it at least there: contact, prospect or lead */
    struct move_input move;       /* MOVE */
    struct deal_input deal;       /* DEAL */
    enum decision decision;       /* DECISION */
    struct erasure_input erasure; /* ERASE */
    /* The store's: of the address that is not anybody's yet, given by somebody else than its owner;
     * of an ERASE whether this process may hash addresses. */
    enum suppression suppression;
    enum purpose purpose; /* HANDOFF */
    struct str reason;
    struct str note;

    struct arena *arena; /* of the request: where detail and faults are made */
    size_t position;     /* the store's: place in its batch */
    const char
        *refusal; /* the store's: the database refused it, it is left out; NULL: it did not */
    /* The store's: of the handoff named by handoff_id, as read under the contact's lock. */
    enum handoff_state handoff_state;
    struct uuid handoff_assignee;
    struct uuid handoff_contact_id;
    struct input_result result;
};

/* ---- effects: rows to write, collected over a batch, in order ---- */

struct activity_row {
    struct uuid contact_id;
    const struct input *input;
    int64_t occurred_at_us;
    int64_t received_at_us;
    struct activity_facts facts; /* offer_kind, journey_step … as they were */
};

struct event_row {
    const char *type; /* static */
    struct uuid contact_id;
    int64_t at_us;
    struct str data; /* JSON object text, in the arena */
};

struct stage_row {
    struct uuid contact_id;
    int64_t at_us;
    bool has_from;
    enum stage from;
    enum stage to;
    struct str actor;
    struct str reason;
    struct str note;
    struct uuid handoff_id;
    bool is_implied;
    bool is_historical;
};

struct attempt_row {
    struct uuid contact_id;
    struct uuid handoff_id;
    struct uuid attempt_id;
    const struct input *input;
    int64_t at_us;
    int64_t logged_at_us;
};

/* What became of a handoff beside its moves. */
enum history_kind { HISTORY_ASSIGNED, HISTORY_PAUSED };
struct history_row {
    struct uuid contact_id; /* the handoff's */
    struct uuid handoff_id;
    struct uuid entry_id;
    enum history_kind kind;
    int64_t at_us;
    struct str actor;
    struct str reason;
    struct uuid member; /* ASSIGNED: who has it, and who had it; nil: nobody */
    struct uuid previous;
    int64_t until_us;    /* PAUSED: when it is to end */
    int64_t ended_at_us; /* … when it did; TIME_NONE: it goes on */
    struct str ended_by;
};

/* The end of the pause that was on when the handoff was read. */
struct pause_end_row {
    struct uuid contact_id;
    struct uuid handoff_id;
    int64_t ended_at_us;
    struct str ended_by;
};

struct consent_row {
    struct uuid contact_id;
    struct uuid id;
    int64_t at_us;
    struct str purpose;
    bool is_granted;
    bool is_objection;
    struct str text;
    struct str text_version;
    struct str source;
    struct str actor;
    struct str network;
    struct str note;
    struct uuid activity_id;
};

struct deal_row {
    struct uuid contact_id;
    struct uuid deal_id;
    struct str kind;
    bool has_amount;
    int64_t amount;
    struct str currency;
    int64_t won_at_us;
    struct uuid handoff_id;
    struct uuid assignee;
    struct uuid qualified_by;
    struct str actor;
    bool is_historical;
};

/* A handoff that ceased to be its contact's latest in this batch, as it was left; only if it has to
 * be written. */
struct handoff_row {
    struct handoff handoff;
    struct clock_record clocks[CLOCKS_MAX]; /* those that are dirty are to be written */
    size_t clock_count;
};

/* A contact that is erased, with all that were merged into it. */
struct erasure_row {
    struct uuid contact_id;
    const struct input *input; /* its hashes, given and found; who does it */
};

/* A merge moved an identity: what store writes beside the contacts. */
struct merge_row {
    struct uuid duplicate;
    struct uuid survivor;
};

/* A submission that is kept in quarantine. */
struct quarantine_row {
    const struct input *input;
    unsigned suspicions;
    int64_t occurred_at_us;
    int64_t received_at_us;
};

/* An entry of the quarantine that was released (to a contact) or purged. */
struct settlement_row {
    const struct input *input;
    enum quarantine_state state;
    struct uuid contact_id;
    int64_t occurred_at_us; /* the activity's */
};

/* A growing array in the arena: EFFECT_LIST(struct event_row) events; */
#define EFFECT_LIST(type)                                                                          \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
        size_t capacity;                                                                           \
    }

struct effects {
    struct arena *arena;
    struct arena *scratch; /* for rules; cleared by each evaluation */
    const struct catalog *catalog;
    int64_t now_us; /* the transaction's time, read once from the database */
    EFFECT_LIST(struct activity_row) activities;
    EFFECT_LIST(struct event_row) events;
    EFFECT_LIST(struct stage_row) stages;
    EFFECT_LIST(struct attempt_row) attempts;
    EFFECT_LIST(struct attempt_row) feedback; /* the same shape: input->move says the rest */
    EFFECT_LIST(struct history_row) histories;
    EFFECT_LIST(struct pause_end_row) pause_ends; /* to be written before the histories */
    EFFECT_LIST(struct consent_row) consents;
    EFFECT_LIST(struct deal_row) deals;
    EFFECT_LIST(struct merge_row) merges;
    EFFECT_LIST(struct erasure_row) erasures;
    EFFECT_LIST(struct handoff_row) handoffs; /* beside the contacts' own */
    EFFECT_LIST(struct quarantine_row) quarantines;
    EFFECT_LIST(struct settlement_row) settlements;
    EFFECT_LIST(const struct input *) traces; /* submissions whose marks are to be remembered */
    bool has_clocks; /* a clock was started or changed: the flagger looks */
    /* Beside those in force: the older versions that clocks count by which were read. */
    const struct calendar *const *calendars;
    size_t calendar_count;
};

/* Whether the input is about a contact, as far as is known: false of a submission that is kept in
 * quarantine, of a purge, and of a release that comes too late. */
bool change_needs_contact(const struct input *input);

/* An erasure done again from a list, of a contact that is not there: only its line and its hashes
 * are to be written. OK, ERR_NOMEM. */
enum err_code change_erase_unknown(struct input *input, struct effects *effects) MUSTCHECK;

/*
 * Decides one input about `contact` (locked, as read or as left by the inputs before it; NULL
 * unless change_needs_contact). For a merge, `other` is the survivor; else NULL. Appends to
 * effects, changes contact, fills input->result.
 *
 * Returns OK also when the input was refused (result.code says so, nothing was changed). ERR_NOMEM
 * fails the batch: what was changed so far is to be thrown away with it. Needs contact->history
 * (and other->history) when change_needs_history says so; ERR_BUG, and the same, when it is not
 * there, or when the contact was merged into another one by an earlier input: that one decides.
 * ERR_CONFLICT when a submission's contact was erased by an earlier input: it makes a new one, in a
 * batch of its own.
 */
enum err_code change_decide(struct contact *contact, struct contact *other, struct input *input,
                            struct effects *effects) MUSTCHECK;

/* When it came: now, or when it was kept for later (by a clock that may be ahead). */
int64_t input_came_at_us(const struct input *input, int64_t now_us);

/*
 * Whether deciding needs the contact's activities (of a merge: both contacts'): an event not later
 * than the last step, or than an input of the batch before it, a merge, or a score not yet made
 * with this model. Events without a time of their own are decided at now_us, or a millisecond after
 * the contact's last step where that is later by no more than the batch itself.
 *
 * To be asked once about each input of a batch, in their order, before the first is decided: what
 * was asked about is noted in the contact.
 */
bool change_needs_history(struct contact *contact, const struct input *input,
                          const struct catalog *catalog, int64_t now_us);

/* A contact that does not exist yet: everything empty, is_new, created now (or when the historical
 * input happened). */
enum err_code contact_begin(struct contact *contact, struct uuid contact_id,
                            const struct input *input, struct effects *effects) MUSTCHECK;

/*
 * A contact as decisions see it: read under its lock, changed in memory, written back in sets.
 *
 * All texts and arrays live in the arena of the batch. Nothing here does I/O or knows the time.
 */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/uuid.h"
#include "domain/catalog.h"
#include "domain/decide.h"
#include "domain/fit.h"
#include "domain/funnel.h"
#include "domain/score.h"
#include "domain/seniority.h"

enum {
    ATTRIBUTES_MAX = 100, /* of one contact */
    ATTRIBUTE_NAME_BYTES_MAX = 64,
    ATTRIBUTE_TEXT_BYTES_MAX = 4096,
    CONSENTS_MAX = 32,          /* purposes of one contact */
    CLOCKS_MAX = 8,             /* live clocks of one handoff */
    CONSENT_VERSION_BYTES = 17, /* of a wording: 16 characters and a NUL */
};

/* Who said it. A form never overwrites what a person, a CRM or an import said; of all others the
 * later word wins. */
enum attribute_source { SOURCE_FORM, SOURCE_IMPORT, SOURCE_CRM, SOURCE_PERSON };
/* "form", "import", "crm", "person" */
extern const char *const attribute_source_names[];

enum attribute_kind {
    ATTRIBUTE_IS_NULL,
    ATTRIBUTE_IS_TEXT,
    ATTRIBUTE_IS_NUMBER,
    ATTRIBUTE_IS_BOOLEAN
};

struct attribute {
    struct str name;
    enum attribute_kind kind;
    struct str text; /* a text's characters; a number's JSON text */
    bool boolean;
    enum attribute_source source;
    int64_t at_us; /* when it was said, to the millisecond */
};

struct consent {
    struct str purpose;
    bool is_granted;
    bool is_objection; /* withdrawn after it was given, or refused other than by leaving a box empty
                        */
    int64_t at_us;     /* when it was said */
    struct str text_version; /* of the wording that was read; absent: none is known */
};

struct clock_record {
    struct uuid clock_id;
    struct uuid handoff_id;
    struct str kind;
    struct uuid policy_id;
    struct str policy;
    int32_t policy_version;  /* 0: from before versions were kept */
    struct uuid calendar_id; /* nil: elapsed time */
    int32_t calendar_version;
    enum clock_state state;
    int64_t started_at_us;
    int64_t asked_at_us; /* when the person asked, if that was kept somewhere until it started */
    int64_t due_at_us;
    int64_t original_due_at_us; /* the first one; of a clock that was read TIME_NONE: it is kept */
    int64_t warnings_us[8];     /* still to come, ascending */
    size_t warning_count;
    int64_t steps_us[POLICY_STEPS_MAX]; /* of escalation, still to come, ascending */
    enum escalation steps[POLICY_STEPS_MAX];
    size_t step_count;
    int64_t paused_at_us;
    double paused_seconds;
    int32_t attempts_needed;
    int64_t met_at_us;      /* when we were told of what met it */
    int64_t evidence_at_us; /* when that was, as the rep says; TIME_NONE also when it was read */
    int64_t breached_at_us;
    int64_t ended_at_us;
    struct str end_reason;
    bool is_dirty;
};

struct handoff {
    struct uuid handoff_id; /* nil: the contact has none */
    struct uuid contact_id; /* whose row it is: a merge moves no history, so maybe a duplicate's */
    enum handoff_state state;
    enum purpose purpose;
    int32_t cycle;
    struct uuid assignee;
    struct str trigger;      /* JSON text */
    struct str snapshot;     /* JSON text */
    int64_t submitted_at_us; /* what opened it was received; as assigned_at_us */
    int64_t opened_at_us;
    int64_t assigned_at_us; /* it became somebody's for the first time; of one that was read
                               TIME_NONE: it is kept */
    int64_t accepted_at_us;
    int64_t work_by_us;
    int64_t contacted_at_us;
    int64_t qualified_at_us;
    int64_t opportunity_at_us;
    int64_t closed_at_us;
    int64_t paused_at_us;
    int64_t paused_until_us;
    struct str pause_reason;
    int32_t attempts;
    struct str gpct; /* JSON text */
    struct str deal; /* JSON text */
    struct str reason;
    struct str note;
    int64_t nurture_until_us;
    bool is_historical;
    int32_t version;
    int64_t updated_at_us;
    bool is_dirty;
    bool is_touched; /* by the input being decided: one new version an input */
};

struct contact_score {
    bool exists;              /* it was computed with this model */
    struct str place;         /* of its row, the store's affair; absent: there is none yet */
    int32_t model;            /* version */
    struct interest interest; /* of the last step */
    double fit;
    enum fit_grade fit_grade;
    double fit_known;             /* 0…1 */
    char grade[GRADE_TEXT_BYTES]; /* as last told, "A2"; "" when never */
    enum decision decision;
    int32_t rule_errors;
    bool is_dirty;
};

/* One activity of the history, as loaded for a recomputation. Facts point into the batch's arena.
 */
struct history {
    struct activity_facts *activities; /* any order */
    size_t count;
    size_t capacity;
    bool is_loaded;
};

/* Appends one; properties (JSON text or absent) are parsed into a tree the history owns. OK,
 * ERR_NOMEM, ERR_STORE. */
enum err_code history_add(struct history *history, const struct activity_facts *facts,
                          struct str properties, struct arena *arena) MUSTCHECK;
/* Appends one whose properties are a tree already; the history takes a reference of its own. OK,
 * ERR_NOMEM. */
enum err_code history_add_facts(struct history *history, const struct activity_facts *facts,
                                struct arena *arena) MUSTCHECK;
/* Releases the properties' trees; the rest is the arena's. */
void history_done(struct history *history);

/* One time a contact came from somewhere. */
struct touch {
    int64_t at_us; /* TIME_NONE: there was none */
    struct str channel;
    struct str campaign; /* ours, else what the link says */
    struct str source;   /* what the link says, else the site it is on */
};

struct contact {
    struct uuid contact_id;
    struct str email;
    enum stage stage;
    enum stage reached;
    struct str channel;
    struct str journey_step;
    struct attribute *attributes; /* in the arena; grown by contact_add_attribute */
    size_t attribute_count;
    size_t attribute_capacity;
    struct consent *consents;
    size_t consent_count;
    size_t consent_capacity;
    int32_t cycle;
    int64_t nurture_until_us;
    int64_t released_at_us;
    struct uuid merged_into;
    int32_t version;
    int64_t created_at_us;
    int64_t updated_at_us;

    struct handoff handoff;                 /* the latest */
    struct clock_record clocks[CLOCKS_MAX]; /* of the latest handoff, not ended when read */
    size_t clock_count;
    struct contact_score score;
    struct history history;
    bool has_touches; /* these were read, for showing */
    struct touch first_touch;
    struct touch last_touch;

    /* change_needs_history's: of the inputs of this batch that it was asked about. */
    int64_t foreseen_at_us; /* the latest time that one of them claims; TIME_NONE when read */
    bool is_foreseen_now;   /* one of them claims none */

    bool is_new;
    bool is_dirty;
    bool is_touched; /* by the input being decided: one new version an input */
};

static inline bool contact_has_open_handoff(const struct contact *contact)
{
    return !uuid_is_nil(contact->handoff.handoff_id) && !handoff_is_closed(contact->handoff.state);
}

/* Somebody asked to be forgotten: the row stays for the figures, nothing in it tells who it was.
 * Everybody else has an address. */
static inline bool contact_is_erased(const struct contact *contact)
{
    return contact->email.data == NULL && !uuid_is_nil(contact->contact_id);
}

/* An attribute of a JSON value; false for an array or object. Texts point into `value` (numbers:
 * into the arena). Source and time are the caller's to set. */
bool attribute_from_json(struct str name, const json_t *value, struct arena *arena,
                         struct attribute *ret_attribute) MUSTCHECK;
/* A new slot at the end, zeroed; NULL when out of memory or at the limit. */
struct attribute *contact_add_attribute(struct contact *contact, struct arena *arena);
struct consent *contact_add_consent(struct contact *contact, struct arena *arena);
/* A wording's version, into `out`: 16 hexadecimal digits of its SHA-256. Returns out. */
char *consent_version(struct str text, char out[static CONSENT_VERSION_BYTES]);
/* The present state of a purpose; NULL: never spoken of. */
struct consent *contact_consent_to(const struct contact *contact, struct str purpose);

/*
 * The stored forms (the jsonb columns): attributes {name: value}; sources {name: [source, ms]},
 * where "*" stands for all attributes that are not named; consents {purpose: {"granted",
 * "objection"?, "at", "version"?}}. _read parses into the arena, ERR_STORE when it is not what
 * _write makes; without sources the attributes have none.
 */
enum err_code contact_read_attributes(struct contact *contact, struct str attributes,
                                      struct str sources, struct arena *arena,
                                      struct err *reterr) MUSTCHECK;
enum err_code contact_read_consents(struct contact *contact, struct str consents,
                                    struct arena *arena, struct err *reterr) MUSTCHECK;
/* Its value; null also when there is no attribute (NULL). */
void attribute_write(struct json_writer *json, const struct attribute *attribute);
void contact_write_attributes(struct json_writer *json, const struct contact *contact);
void contact_write_sources(struct json_writer *json, const struct contact *contact);
void contact_write_consents(struct json_writer *json, const struct contact *contact);

/*
 * The contact as rules see it: an object of its attributes, stored and derived (seniority,
 * email_domain, free_mail), and of `facts` beside them. A fact hides an attribute of its name.
 * Lives in the arena and borrows from contact and facts. OK, ERR_NOMEM.
 */
enum err_code contact_rule_data(const struct contact *contact, const struct logic_member facts[],
                                size_t fact_count, struct arena *arena,
                                struct logic_value *ret_data) MUSTCHECK;

/* What follows from the title and from the address. Worked out once by who needs it several times:
 * the lists of the world's domains are long. */
struct contact_derived {
    enum seniority seniority;
    struct str email_domain; /* the company's registrable domain, of the address; absent: free mail,
                                or nobody's (domain/free_mail.h) */
    bool has_free_mail;
};
struct contact_derived contact_derive(const struct contact *contact);

/* Evaluates the fit of the attributes, stored and derived, at `now_us`. OK, ERR_NOMEM. */
enum err_code contact_fit(const struct contact *contact, const struct contact_derived *derived,
                          const struct model *model, struct arena *arena, struct arena *scratch,
                          int64_t now_us, struct fit *ret_fit) MUSTCHECK;
/* Objects to being contacted, for any purpose: sales is not handed the contact. */
bool contact_is_objecting(const struct contact *contact);

/* The attribute of that name; NULL when unknown. */
const struct attribute *contact_attribute(const struct contact *contact, struct str name);

/*
 * Writes the contact as api.md shows it, as of `now_us`. Needs the catalog for the active model and
 * for derived attributes.
 */
enum err_code contact_write(struct json_writer *json, const struct contact *contact,
                            const struct catalog *catalog, struct arena *arena,
                            struct arena *scratch, int64_t now_us) MUSTCHECK;
/* The "score" object alone. */
enum err_code contact_write_score(struct json_writer *json, const struct contact *contact,
                                  const struct contact_derived *derived,
                                  const struct catalog *catalog, struct arena *arena,
                                  struct arena *scratch, int64_t now_us) MUSTCHECK;
/* The "attributes" object alone, derived ones included. */
void contact_write_shown_attributes(struct json_writer *json, const struct contact *contact,
                                    const struct contact_derived *derived);

/* The ETag of the stored record, with quotes: "\"3\"". Fading numbers do not change it. */
void contact_etag(const struct contact *contact, char out[static 16]);

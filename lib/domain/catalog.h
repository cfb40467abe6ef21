/*
 * The set-up as every decision sees it: an immutable snapshot of the organisation, attributes,
 * offers, forms, campaigns, members, reasons, funnel definitions, keys, SLA policies, calendars,
 * commitments and scoring models.
 *
 * A snapshot is built from the rows of catalog_entry (domain/catalog.c), shared by all threads and
 * freed with its last reference. Nobody changes one; a set-up write makes a new one. Everything a
 * getter returns belongs to the snapshot and lives as long as a reference to it is held.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/json_write.h"
#include "base/sha256.h"
#include "base/uuid.h"
#include "domain/commitment.h"
#include "domain/notification_kinds.h"
#include "domain/protection.h"
#include "domain/sla_target.h"

enum catalog_kind {
    CATALOG_ORGANISATION, /* exactly one, slug "organisation" */
    CATALOG_ATTRIBUTE,    /* slug = name */
    CATALOG_OFFER,
    CATALOG_FORM,
    CATALOG_CAMPAIGN,
    CATALOG_MEMBER,      /* slug = its id: members have none of their own */
    CATALOG_REASON,      /* slug = kind:code */
    CATALOG_STAGE,       /* funnel definitions; slug = stage */
    CATALOG_KEY,         /* slug = its id */
    CATALOG_POLICY,      /* slug = its id */
    CATALOG_CALENDAR,    /* slug = its id */
    CATALOG_MODEL,       /* scoring models; slug = version in decimal */
    CATALOG_FORM_SECRET, /* what form tokens are signed with; never shown; slug = its id */
    CATALOG_COMMITMENT,  /* slug = its id */
    CATALOG_AGREEMENT,   /* slug = version in decimal */
    CATALOG_ABSENCE,     /* of a member; slug = its id */
    CATALOG_KIND_COUNT_
};

extern const char *const catalog_kind_names[]; /* as in catalog_entry.kind */

enum attribute_type {
    ATTRIBUTE_TEXT,
    ATTRIBUTE_NUMBER,
    ATTRIBUTE_BOOLEAN,
    ATTRIBUTE_DATE,
    ATTRIBUTE_CHOICE,
    ATTRIBUTE_TYPE_COUNT_
};

/* Over all kinds; how many of each kind may be made is in domain/catalog_kinds.c. */
enum { CATALOG_ENTRIES_MAX = 100000, POLICY_WARNINGS_MAX = 8, POLICY_STEPS_MAX = 8 };

enum reason_kind { REASON_RECYCLE, REASON_REJECT, REASON_LOSE, REASON_KIND_COUNT_ };
enum team { TEAM_MARKETING, TEAM_SALES, TEAM_MANAGEMENT, TEAM_OPERATIONS, TEAM_COUNT_ };
extern const char *const attribute_type_names[];
extern const char *const reason_kind_names[];
extern const char *const team_names[];
extern const char
    *const journey_step_names[]; /* awareness, consideration, decision: in their order */
extern const char *const offer_kind_names[];

/* Scopes of a key, a set of bits. Admin includes all. */
enum scope {
    SCOPE_NONE = 0, /* no key needed */
    SCOPE_SUBMIT = 1 << 0,
    SCOPE_READ = 1 << 1,
    SCOPE_MARKETING = 1 << 2,
    SCOPE_SALES = 1 << 3,
    SCOPE_ADMIN = 1 << 4,
};
extern const char *const scope_names[]; /* submit, read, marketing, sales, admin: bit order */

/* One row of catalog_entry. */
struct catalog_entry {
    enum catalog_kind kind;
    struct uuid id;
    struct str slug;
    const json_t *body; /* an object with every field, defaults filled in */
    int32_t version;    /* the ETag */
    int64_t created_at_us;
    int64_t updated_at_us;
    const void *typed; /* struct form, struct offer … by kind; NULL for kinds without one */
};

/* Where a team's chat takes messages. */
struct chat_hook {
    struct str url; /* a secret; absent: there is none */
    enum chat_format format;
    unsigned kinds; /* what it wants to be told: 1 << enum notification_kind */
};

struct organisation {
    struct str name;
    struct str time_zone; /* IANA */
    struct zone zone;     /* … as far as it is known; without offsets: not at all */
    struct str currency;  /* ISO 4217 */
    struct str locale;    /* "fr" or "en" */
    struct str week_starts_on;
    struct chat_hook chat[TEAM_COUNT_];
    struct uuid calendar_ids[TEAM_COUNT_]; /* the teams' working hours; nil: none */
};

struct attribute_definition {
    struct str name;
    enum attribute_type type;
    const json_t *choices; /* an array of strings, or NULL */
};

struct offer {
    struct str slug;
    struct str title;
    struct str kind;
    struct str journey_step;
    struct str url; /* absent when none */
};

struct form {
    struct str slug;
    struct str activity; /* the kind of activity a submission records */
    bool makes_prospect; /* else lead */
    struct str offer;    /* slug, absent when none */
    struct str campaign;
    bool is_open;                  /* no key needed */
    const json_t *required;        /* array of names */
    const json_t *fields;          /* object their name -> our name, or NULL */
    const json_t *allowed_origins; /* array of exact origins, or NULL */
    struct str redirect_url;
    struct str consent_text;
    struct protection protection;
    const json_t *adapter_secrets; /* object adapter's name -> secret, or NULL */
    struct uuid hubspot_guid;      /* nil: none */
};

struct member {
    struct uuid id;
    struct str name;
    struct str email; /* absent when none */
    enum team team;
    bool is_manager;
    bool is_active;
    struct str time_zone;                              /* absent: the organisation's */
    struct str locale;                                 /* absent: the organisation's */
    enum notification_mode notify[NOTIFY_KIND_COUNT_]; /* as chosen, or as is usual in the team */
    struct working_hours hours;
    int digest_minute;       /* since local midnight: when the digest goes */
    struct uuid calendar_id; /* their own working hours; nil: none */
    int64_t weekly_capacity; /* handoffs; INT64_MAX: no limit */
};

struct absence {
    struct uuid id;
    struct uuid member_id;
    struct uuid substitute_id; /* nil: nobody stands in */
    int64_t from_us;
    int64_t to_us; /* not included */
};

/* One step of a policy's ladder, see domain/escalation.h. */
enum escalation {
    ESCALATE_ASSIGNEE, /* tell who has it */
    ESCALATE_MANAGER,  /* tell the managers of sales */
    ESCALATE_PROPOSE,  /* propose another member */
    ESCALATE_REASSIGN, /* give it to another member */
    ESCALATION_COUNT_
};
struct escalation_step {
    enum escalation to;
    double fraction; /* of the target, (0, 1]; 0: so long after the deadline: */
    int64_t after_us;
};

struct reason {
    enum reason_kind kind;
    struct str code;
    bool is_active;
};

/* A key has two of these after a rotation, the second with the previous hash and the time until
 * which that one works. */
struct api_key {
    struct uuid id;
    struct sha256 hash; /* of the whole key text */
    unsigned scopes;
    bool is_publishable;
    struct uuid member_id; /* nil when the key acts as itself */
    int64_t expires_at_us; /* of this hash; TIME_NONE: never */
    struct str form;       /* a publishable key may be bound to one form; absent: all */
};

struct policy {
    struct uuid id;
    struct str name;
    int64_t position;
    struct str kind;       /* first_contact | acceptance | qualification | attempts */
    bool starts_on_accept; /* else at MQL */
    int32_t version;       /* of its entry */
    struct sla_target target;
    const struct calendar *calendar;     /* NULL: elapsed time */
    bool uses_assignee_calendar;         /* … instead of it, when the assignee has one */
    int32_t attempts;                    /* for kind attempts, else 0 */
    double warn_at[POLICY_WARNINGS_MAX]; /* fractions of the target, ascending, each once */
    size_t warn_count;
    struct escalation_step steps[POLICY_STEPS_MAX]; /* in the policy's order */
    size_t step_count;
    const struct jsonlogic *applies_when; /* over the contact's attributes; NULL: always */
    bool is_active;
};

struct commitment {
    struct uuid id;
    struct str name;
    enum commitment_metric metric;
    struct str team;
    bool has_filter;
    bool has_capacity;
    bool is_active;
};

struct jsonlogic; /* domain/jsonlogic.h */
struct model;     /* domain/model.h */

struct catalog;

/* One row as the store read it; the texts are borrowed for the call only. */
struct catalog_row {
    enum catalog_kind kind;
    int32_t version;
    struct uuid id;
    struct str slug;
    struct str body; /* JSON text */
    int64_t created_at_us;
    int64_t updated_at_us;
    /* Of a calendar and of the organisation (whose has no hours): as expanded for this version.
     * NULL: not expanded. Borrowed for the call only. */
    const struct calendar *calendar;
};

/*
 * Builds a snapshot with one reference. A body that no longer validates is a fault of an older
 * release or of a hand in the database: ERR_STORE with the kind and slug in reterr.
 */
enum err_code catalog_build(int64_t version, const struct catalog_row *rows, size_t count,
                            struct catalog **ret_catalog, struct err *reterr) MUSTCHECK;
/* Thread-safe reference counting. _unref takes NULL. */
struct catalog *catalog_ref(struct catalog *catalog);
void catalog_unref(struct catalog *catalog);

int64_t catalog_version(const struct catalog *catalog);

/* Entries of a kind, newest first (created_at, id). */
const struct catalog_entry *const *catalog_list(const struct catalog *catalog,
                                                enum catalog_kind kind, size_t *ret_count);
/* By slug or, when `slug_or_id` is a UUID (in any case), by id. NULL when there is none. */
const struct catalog_entry *catalog_find(const struct catalog *catalog, enum catalog_kind kind,
                                         struct str slug_or_id);

const struct organisation *catalog_organisation(const struct catalog *catalog);
/* By name alone: what a client calls an attribute is never an id. */
const struct attribute_definition *catalog_attribute(const struct catalog *catalog,
                                                     struct str name);
const struct offer *catalog_offer(const struct catalog *catalog, struct str slug_or_id);
const struct form *catalog_form(const struct catalog *catalog, struct str slug_or_id);
/* The form that stands for the HubSpot form with this GUID; NULL when there is none. */
const struct form *catalog_form_by_hubspot(const struct catalog *catalog, struct uuid guid);
const struct member *catalog_member(const struct catalog *catalog, struct uuid id);
const struct reason *catalog_reason(const struct catalog *catalog, enum reason_kind kind,
                                    struct str code);
/* The key whose hash this is, or was before its rotation; NULL when unknown. Expiry is the caller's
 * to check: expires_at_us is that of the hash given. */
const struct api_key *catalog_key_by_hash(const struct catalog *catalog, const struct sha256 *hash);
/* A calendar as it is in force; NULL when there is none, or it is not expanded. */
const struct calendar *catalog_calendar(const struct catalog *catalog, struct uuid id);
/* A policy as its body says, whatever is in force by now, but without its condition; its calendar
 * is the one in force. Texts point into the body, which is borrowed. False: it is no policy's. */
bool catalog_policy_terms(const struct catalog *catalog, struct uuid id, int32_t version,
                          const json_t *body, struct arena *arena,
                          struct policy *ret_policy) MUSTCHECK;
/* Active policies by position, of the same position the older first. */
const struct policy *const *catalog_policies(const struct catalog *catalog, size_t *ret_count);
/* NULL when there is none. */
const struct commitment *catalog_commitment(const struct catalog *catalog, struct str id);
/* All absences, by member, of one the earlier first. */
const struct absence *const *catalog_absences(const struct catalog *catalog, size_t *ret_count);
/* What form tokens are signed with, the newest first; at most FORM_TOKEN_SECRETS_MAX. */
const struct form_token_secret *catalog_form_secrets(const struct catalog *catalog,
                                                     size_t *ret_count);
/* The scoring model in force, and its version. Never NULL: a fresh database has one. */
const struct model *catalog_active_model(const struct catalog *catalog, int32_t *ret_version);
/* Any stored version, compiled; NULL when there is none. */
const struct model *catalog_model(const struct catalog *catalog, int32_t version);

/* ---- set-up writes and pages ---- */

struct catalog_proposal {
    enum catalog_kind kind;
    const struct catalog_entry *existing; /* being changed; NULL for a new one */
    size_t beside_count;                  /* new ones of this kind that are made with it */
    /*
     * The whole proposed body; for a PATCH already merged into existing->body. Fields absent or
     * null get their default. Of some kinds it is not quite what a client sends:
     *   key    what the client chose and what the handler made: "hash" (hex SHA-256 of the key
     *          text), "prefix", "last4"; a rotation also sets "previous_hash" and
     *          "previous_expires_at". The handler has to refuse these names in a client's body.
     *   model  a new one: the definition alone, as POST /v1/scoring/models takes it; it becomes a
     *          draft with the next version. A change: "state": "active" puts it into force (the one
     *          in force until then is thereby retired), "activation" keeps the job's report.
     */
    const json_t *body;
    struct uuid id; /* of a new one */
    int64_t now_us; /* the database's */
};

/*
 * Validates a proposed body against its schema and the rest of the snapshot (references, slug, what
 * may not change), and returns the body to store, complete and normalised: a new reference of the
 * caller's that may share parts with the proposal. ret_slug lives in the arena. Whether the slug is
 * taken is the caller's to see.
 *
 * ERR_CONFLICT when the state of an existing one (an agreement that is signed) does not allow it.
 * ERR_INVALID with all faults at once: the codes of schema/schema.h and reference, immutable,
 * fixed, reserved, unsupported, not_allowed, order, duplicate, too_many, unknown_operator;
 * ERR_NOMEM. Time zones are checked for their shape only: which ones exist the database knows.
 */
enum err_code catalog_check(const struct catalog *catalog, const struct catalog_proposal *proposal,
                            struct arena *arena, json_t **ret_body, struct str *ret_slug,
                            struct faults *faults, struct err *reterr) MUSTCHECK;

/*
 * Writes an entry as the API shows it: id, the body's fields, created_at, updated_at; a key without
 * its hashes; a model as its definition with version, state, activation. The organisation and the
 * stages have no id, a stage also no times: it is a value of /v1/funnel's "stages".
 */
void catalog_write_entry(struct json_writer *json, const struct catalog_entry *entry,
                         const struct catalog *catalog);
/* The same without the braces, for who has more to say. */
void catalog_write_fields(struct json_writer *json, const struct catalog_entry *entry,
                          const struct catalog *catalog);

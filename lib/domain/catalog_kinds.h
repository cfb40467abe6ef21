/*
 * What each kind of set-up looks like when stored, for the catalog's own files: catalog_check.c
 * checks a proposal against it, catalog.c reads the rows with it.
 */
#pragma once

#include "domain/catalog.h"
#include "domain/model.h"
#include "schema/schema.h"

enum {
    WEEKDAY_COUNT = 7,
    WINDOWS_PER_DAY_MAX = 8,
    CALENDAR_EXCEPTIONS_MAX = 1000,
    LABEL_CHARS_MAX = 200,
    PROSE_CHARS_MAX = 4000,
    KEY_HASH_CHARS = 2 * SHA256_BYTES,
    POLICY_POSITION_MAX = 1000,
    POLICY_ATTEMPTS_DEFAULT = 5,
    COMMITMENT_SETTLE_DAYS_MAX = 92,
};

struct team_calendars_body {
    struct uuid of[TEAM_COUNT_];
};

struct organisation_body {
    struct str name;
    struct str time_zone;
    struct str currency;
    int locale;
    int week_starts_on;
    const json_t *chat;
    struct team_calendars_body calendars;
};

struct attribute_body {
    struct str name;
    int type;
    const struct str *choices;
    size_t choice_count;
    const json_t *label;
};

struct offer_body {
    struct str slug;
    struct str title;
    int kind;
    int journey_step;
    struct str url;
    struct str summary;
    int audience;
    int64_t published_at_us;
};

struct form_body_stored {
    struct str slug;
    struct str name;
    struct str activity;
    int makes;
    struct str offer;
    struct str campaign;
    bool is_open;
    const struct str *required;
    size_t required_count;
    const json_t *fields;
    const struct str *allowed_origins;
    size_t allowed_origin_count;
    struct str redirect_url;
    struct str consent_text;
    const json_t *protection;
    const json_t *adapter_secrets;
    struct uuid hubspot_guid;
};

struct campaign_body {
    struct str slug;
    struct str name;
    struct str persona;
    int32_t starts_on;
    int32_t ends_on;
    struct str goal;
    int64_t budget;
    struct str currency;
    struct str brief;
};

struct working_hours_body {
    struct str from; /* absent: no hours were given */
    struct str to;
    const int *days;
    size_t day_count;
};

struct chat_hook_body {
    struct str url;
    int format;
    const int *kinds;
    size_t kind_count;
};

struct member_body {
    struct str name;
    struct str email;
    int team;
    int role;
    int64_t weekly_capacity;
    struct str time_zone;
    int locale;
    const json_t *notify;
    struct working_hours_body hours;
    struct str digest_at;
    struct uuid calendar;
    bool is_active;
};

struct reason_body {
    struct str code;
    int kind;
    const json_t *label;
    bool is_active;
};

struct stage_body {
    int owner;
    const json_t *label;
    const json_t *definition;
    const json_t *guidance;
};

struct key_body {
    struct str name;
    int kind;
    const int *scopes;
    size_t scope_count;
    struct uuid member;
    struct str form;
    struct str prefix;
    struct str last4;
    int64_t expires_at_us;
    int64_t previous_expires_at_us;
    struct str hash;
    struct str previous_hash;
};

struct escalation_body {
    const json_t *at;
    int to;
};

struct policy_body {
    struct str name;
    int64_t position;
    int kind;
    int starts;
    int64_t attempts;
    const json_t *target;
    struct uuid calendar;
    bool uses_assignee_calendar;
    const double *warn_at;
    size_t warn_count;
    const struct escalation_body *escalate;
    size_t escalate_count;
    const json_t *applies_when;
    bool is_active;
};

struct hours_of_day {
    const json_t *const *windows; /* [from, to] each */
    size_t count;
};

struct hours_body {
    struct hours_of_day days[WEEKDAY_COUNT]; /* Monday first */
};

struct exception_body {
    int32_t date;
    struct hours_of_day hours;
};

struct calendar_body {
    struct str name;
    struct str time_zone;
    struct hours_body hours;
    struct str holidays; /* a region of domain/holiday.h */
    const struct exception_body *exceptions;
    size_t exception_count;
};

struct period_body {
    int every;
    int starts;
};

struct commitment_body {
    int team;
    struct str name;
    int metric;
    double at_least;
    double at_most;
    struct period_body period;
    const json_t *filter;
    struct uuid calendar;
    int64_t capacity;
    int64_t settle_days;
    bool is_active;
};

struct model_body {
    int64_t version;
    int64_t activated; /* the how-manieth activation of all put it into force; 0: never */
    int64_t activated_at_us;
    const json_t *activation;
    const json_t *definition;
    int state; /* only in a proposal: 0 puts it into force */
};

struct absence_body {
    struct uuid member;
    int64_t from_us;
    int64_t to_us;
    struct uuid substitute;
};

struct form_secret_body {
    struct str secret;
};

/* Promises and definitions are as stored; see domain/agreement.h. */
struct agreement_body {
    int64_t version;
    struct str name;
    struct str note;
    int32_t effective_on;
    const json_t *commitments;
    const json_t *policies;
    int64_t scoring_model;
    int64_t funnel;            /* version of the definitions */
    const json_t *definitions; /* of the stages, by name */
    struct str currency;
    struct str proposed_by;
    const json_t *signatures;
    const json_t *text; /* frozen by the first signature; by language */
    int64_t withdrawn_at_us;
    int64_t in_force_at_us;
    int64_t ended_at_us;
    const json_t *changes;  /* to commitments: what, from when, whether it is done */
    const json_t *problems; /* what could not be put into force */
    const json_t *act;      /* only in a proposal: what is done to it */
};

union catalog_body {
    struct organisation_body organisation;
    struct attribute_body attribute;
    struct offer_body offer;
    struct form_body_stored form;
    struct campaign_body campaign;
    struct member_body member;
    struct reason_body reason;
    struct stage_body stage;
    struct key_body key;
    struct policy_body policy;
    struct calendar_body calendar;
    struct model_body model;
    struct form_secret_body form_secret;
    struct commitment_body commitment;
    struct agreement_body agreement;
    struct absence_body absence;
};

struct catalog_kind_rules {
    struct schema schema; /* of the body, into the kind's member of union catalog_body */
    const char *defaults; /* JSON: what fields get that are absent or null; those not named
                             here get null, or are faults when the schema requires them */
    const char *identity; /* the field that is the slug; NULL: the slug is made otherwise */
    const char *fixed[5]; /* fields that never change once stored; NULL-terminated */
    size_t count_max;     /* entries of this kind */
    bool is_given;        /* a fresh database holds all there are: none can be added */
};

extern const struct catalog_kind_rules catalog_kind_rules[CATALOG_KIND_COUNT_];
/* What stands inside others' bodies. */
extern const struct schema chat_hook_schema;
extern const char *const weekday_names[];
extern const char *const locale_names[];
extern const char *const clock_kind_names[];

enum { KEY_SECRET, KEY_PUBLISHABLE };
enum { FORM_MAKES_LEAD, FORM_MAKES_PROSPECT };
enum { CLOCK_FIRST_CONTACT, CLOCK_ACCEPTANCE, CLOCK_QUALIFICATION, CLOCK_ATTEMPTS };
enum { STARTS_AT_MQL, STARTS_AT_ACCEPT };
enum { MEMBER_ROLE_MEMBER, MEMBER_ROLE_MANAGER };

/* How much a calendar is open in a week without holidays and exceptions. */
struct week_hours {
    int32_t minutes;
    int32_t days;
};
/* Of a calendar's "hours", which were checked. */
struct week_hours week_hours_of(const json_t *hours);

/* "HH:MM", 00:00 to 24:00: minutes since midnight, or -1. */
int time_of_day_parse(struct str text);

#include "domain/catalog_kinds.h"

#include <assert.h>

#include "domain/commitment.h"
#include "domain/escalation.h"
#include "domain/funnel.h"

const char *const catalog_kind_names[] = {
    "organisation", "attribute",  "offer",     "form",    "campaign", "member",
    "reason",       "stage",      "key",       "policy",  "calendar", "model",
    "form_secret",  "commitment", "agreement", "absence", NULL};
static_assert(ARRAY_LEN(catalog_kind_names) == CATALOG_KIND_COUNT_ + 1, "every kind has a name");

const char *const attribute_type_names[] = {"text", "number", "boolean", "date", "choice", NULL};
const char *const reason_kind_names[] = {"recycle", "reject", "lose", NULL};
const char *const team_names[] = {"marketing", "sales", "management", "operations", NULL};
const char *const journey_step_names[] = {"awareness", "consideration", "decision", NULL};
const char *const offer_kind_names[] = {
    "ebook", "white_paper", "guide",   "buying_guide", "webinar", "demo", "trial",
    "quote", "case_study",  "article", "newsletter",   "other",   NULL};
const char *const scope_names[] = {"submit", "read", "marketing", "sales", "admin", NULL};
static_assert(ARRAY_LEN(attribute_type_names) == ATTRIBUTE_TYPE_COUNT_ + 1 &&
                  ARRAY_LEN(reason_kind_names) == REASON_KIND_COUNT_ + 1 &&
                  ARRAY_LEN(team_names) == TEAM_COUNT_ + 1 &&
                  1 << (ARRAY_LEN(scope_names) - 2) == SCOPE_ADMIN,
              "every word has a name");

const char *const weekday_names[] = {"monday", "tuesday",  "wednesday", "thursday",
                                     "friday", "saturday", "sunday",    NULL};
static_assert(ARRAY_LEN(weekday_names) == WEEKDAY_COUNT + 1, "every day has a name");
const char *const locale_names[] = {"fr", "en", NULL};
const char *const clock_kind_names[] = {"first_contact", "acceptance", "qualification", "attempts",
                                        NULL};
static const char *const audience_names[] = {"public", "sales", "both", NULL};
static const char *const makes_names[] = {"lead", "prospect", NULL};
static const char *const role_names[] = {"member", "manager", NULL};
static const char *const owner_names[] = {"marketing", "sales", "both", NULL};
static const char *const key_kind_names[] = {"secret", "publishable", NULL};
static const char *const starts_names[] = {"mql", "accepted", NULL};
static const char *const model_state_names[] = {"active", NULL};

#define REQUIRED    .flags = FIELD_REQUIRED
#define OPTIONAL    .flags = FIELD_NULLABLE
#define NAME(limit) .min = 1, .max = (limit), .flags = FIELD_REQUIRED | FIELD_LINE
#define LINE(limit) .min = 1, .max = (limit), .flags = FIELD_NULLABLE | FIELD_LINE
#define TEXT(limit) .min = 1, .max = (limit), .flags = FIELD_NULLABLE
#define URL         LINE(2048)
/* A slug or the id of something else; stored as its slug. */
#define REFERENCE LINE(64)

#define ORGANISATION   struct organisation_body
#define TEAM_CALENDARS struct team_calendars_body
static const struct field team_calendars_fields[] = {
    FIELD("marketing", UUID, TEAM_CALENDARS, of[TEAM_MARKETING], OPTIONAL),
    FIELD("sales", UUID, TEAM_CALENDARS, of[TEAM_SALES], OPTIONAL),
    FIELD("management", UUID, TEAM_CALENDARS, of[TEAM_MANAGEMENT], OPTIONAL),
    FIELD("operations", UUID, TEAM_CALENDARS, of[TEAM_OPERATIONS], OPTIONAL),
};
static const struct schema team_calendars_schema = SCHEMA(TEAM_CALENDARS, team_calendars_fields);

static const struct field organisation_fields[] = {
    FIELD("name", STRING, ORGANISATION, name, .max = 200, .flags = FIELD_REQUIRED | FIELD_LINE),
    FIELD("time_zone", STRING, ORGANISATION, time_zone, NAME(64)),
    FIELD("currency", STRING, ORGANISATION, currency, NAME(3)),
    FIELD_CHOICE("locale", ORGANISATION, locale, locale_names, REQUIRED),
    FIELD_CHOICE("week_starts_on", ORGANISATION, week_starts_on, weekday_names, REQUIRED),
    FIELD("chat", MAP, ORGANISATION, chat, .max = TEAM_COUNT_, OPTIONAL),
    FIELD_NESTED("calendars", ORGANISATION, calendars, &team_calendars_schema, OPTIONAL),
};

#define CHAT_HOOK struct chat_hook_body
static const struct field chat_hook_fields[] = {
    FIELD("url", STRING, CHAT_HOOK, url, NAME(2048)),
    FIELD_CHOICE("format", CHAT_HOOK, format, chat_format_names, REQUIRED),
    FIELD_ARRAY("kinds", CHAT_HOOK, kinds, kind_count,
                &FIELD_ELEMENT(ENUM, .choices = notification_kind_names), .max = NOTIFY_KIND_COUNT_,
                OPTIONAL),
};
const struct schema chat_hook_schema = SCHEMA(CHAT_HOOK, chat_hook_fields);

#define ATTRIBUTE struct attribute_body
static const struct field attribute_fields[] = {
    FIELD("name", SLUG, ATTRIBUTE, name, REQUIRED),
    FIELD_CHOICE("type", ATTRIBUTE, type, attribute_type_names, REQUIRED),
    FIELD_ARRAY("choices", ATTRIBUTE, choices, choice_count,
                &FIELD_ELEMENT(STRING, .min = 1, .max = 200, .flags = FIELD_LINE), .min = 1,
                .max = 200, OPTIONAL),
    FIELD("label", JSON, ATTRIBUTE, label, OPTIONAL),
};

#define OFFER struct offer_body
static const struct field offer_fields[] = {
    FIELD("slug", SLUG, OFFER, slug, REQUIRED),
    FIELD("title", STRING, OFFER, title, NAME(300)),
    FIELD_CHOICE("kind", OFFER, kind, offer_kind_names, REQUIRED),
    FIELD_CHOICE("journey_step", OFFER, journey_step, journey_step_names, REQUIRED),
    FIELD("url", STRING, OFFER, url, URL),
    FIELD("summary", STRING, OFFER, summary, TEXT(PROSE_CHARS_MAX)),
    FIELD_CHOICE("audience", OFFER, audience, audience_names, REQUIRED),
    FIELD("published_at", TIME, OFFER, published_at_us, OPTIONAL),
};

#define FORM struct form_body_stored
static const struct field form_fields[] = {
    FIELD("slug", SLUG, FORM, slug, REQUIRED),
    FIELD("name", STRING, FORM, name, NAME(200)),
    FIELD("activity", SLUG, FORM, activity, REQUIRED),
    FIELD_CHOICE("makes", FORM, makes, makes_names, REQUIRED),
    FIELD("offer", STRING, FORM, offer, REFERENCE),
    FIELD("campaign", STRING, FORM, campaign, REFERENCE),
    FIELD("open", BOOL, FORM, is_open, REQUIRED),
    FIELD_ARRAY("required", FORM, required, required_count, &FIELD_ELEMENT(SLUG), .max = 50,
                REQUIRED),
    FIELD("fields", MAP, FORM, fields, .max = 100, OPTIONAL),
    FIELD_ARRAY("allowed_origins", FORM, allowed_origins, allowed_origin_count,
                &FIELD_ELEMENT(STRING, .min = 1, .max = 255, .flags = FIELD_LINE), .max = 50,
                OPTIONAL),
    FIELD("redirect_url", STRING, FORM, redirect_url, URL),
    FIELD("consent_text", STRING, FORM, consent_text, TEXT(PROSE_CHARS_MAX)),
    FIELD("protection", JSON, FORM, protection, REQUIRED),
    FIELD("adapter_secrets", MAP, FORM, adapter_secrets, .max = 10, OPTIONAL),
    FIELD("hubspot_guid", UUID, FORM, hubspot_guid, OPTIONAL),
};

#define CAMPAIGN struct campaign_body
static const struct field campaign_fields[] = {
    FIELD("slug", SLUG, CAMPAIGN, slug, REQUIRED),
    FIELD("name", STRING, CAMPAIGN, name, NAME(200)),
    FIELD("persona", STRING, CAMPAIGN, persona, TEXT(1000)),
    FIELD("starts_on", DATE, CAMPAIGN, starts_on, REQUIRED),
    FIELD("ends_on", DATE, CAMPAIGN, ends_on, REQUIRED),
    FIELD("goal", STRING, CAMPAIGN, goal, TEXT(PROSE_CHARS_MAX)),
    FIELD("budget", INT, CAMPAIGN, budget, .min = 0, .max = 9007199254740991.0, OPTIONAL),
    FIELD("currency", STRING, CAMPAIGN, currency, LINE(3)),
    FIELD("brief", STRING, CAMPAIGN, brief, TEXT(20000)),
};

#define WORKING_HOURS struct working_hours_body
static const struct field working_hours_fields[] = {
    FIELD("from", STRING, WORKING_HOURS, from, NAME(5)),
    FIELD("to", STRING, WORKING_HOURS, to, NAME(5)),
    FIELD_ARRAY("days", WORKING_HOURS, days, day_count,
                &FIELD_ELEMENT(ENUM, .choices = weekday_names), .min = 1, .max = WEEKDAY_COUNT,
                OPTIONAL),
};
static const struct schema working_hours_schema = SCHEMA(WORKING_HOURS, working_hours_fields);

#define MEMBER struct member_body
static const struct field member_fields[] = {
    FIELD("name", STRING, MEMBER, name, NAME(200)),
    FIELD("email", STRING, MEMBER, email, TEXT(320)),
    FIELD_CHOICE("team", MEMBER, team, team_names, REQUIRED),
    FIELD_CHOICE("role", MEMBER, role, role_names, REQUIRED),
    FIELD("weekly_capacity", INT, MEMBER, weekly_capacity, .min = 0, .max = 100000, OPTIONAL),
    FIELD("time_zone", STRING, MEMBER, time_zone, LINE(64)),
    FIELD_CHOICE("locale", MEMBER, locale, locale_names, OPTIONAL),
    FIELD("notify", MAP, MEMBER, notify, .max = NOTIFY_KIND_COUNT_, OPTIONAL),
    FIELD_NESTED("working_hours", MEMBER, hours, &working_hours_schema, OPTIONAL),
    FIELD("digest_at", STRING, MEMBER, digest_at, LINE(5)),
    FIELD("calendar", UUID, MEMBER, calendar, OPTIONAL),
    FIELD("active", BOOL, MEMBER, is_active, REQUIRED),
};

#define REASON struct reason_body
static const struct field reason_fields[] = {
    FIELD("code", SLUG, REASON, code, REQUIRED),
    FIELD_CHOICE("kind", REASON, kind, reason_kind_names, REQUIRED),
    FIELD("label", JSON, REASON, label, OPTIONAL),
    FIELD("active", BOOL, REASON, is_active, REQUIRED),
};

#define STAGE struct stage_body
static const struct field stage_fields[] = {
    FIELD_CHOICE("owner", STAGE, owner, owner_names, OPTIONAL),
    FIELD("label", JSON, STAGE, label, REQUIRED),
    FIELD("definition", JSON, STAGE, definition, REQUIRED),
    FIELD("guidance", JSON, STAGE, guidance, REQUIRED),
};

#define KEY struct key_body
static const struct field key_fields[] = {
    FIELD("name", STRING, KEY, name, NAME(120)),
    FIELD_CHOICE("kind", KEY, kind, key_kind_names, REQUIRED),
    FIELD_ARRAY("scopes", KEY, scopes, scope_count, &FIELD_ELEMENT(ENUM, .choices = scope_names),
                .max = 5, OPTIONAL),
    FIELD("member", UUID, KEY, member, OPTIONAL),
    FIELD("form", STRING, KEY, form, REFERENCE),
    FIELD("prefix", STRING, KEY, prefix, NAME(16)),
    FIELD("last4", STRING, KEY, last4, .min = 4, .max = 4, .flags = FIELD_REQUIRED | FIELD_LINE),
    FIELD("expires_at", TIME, KEY, expires_at_us, OPTIONAL),
    FIELD("previous_expires_at", TIME, KEY, previous_expires_at_us, OPTIONAL),
    FIELD("hash", STRING, KEY, hash, .min = KEY_HASH_CHARS, .max = KEY_HASH_CHARS, REQUIRED),
    FIELD("previous_hash", STRING, KEY, previous_hash, .min = KEY_HASH_CHARS, .max = KEY_HASH_CHARS,
          OPTIONAL),
};

#define STEP struct escalation_body
static const struct field escalation_fields[] = {
    FIELD("at", JSON, STEP, at, REQUIRED),
    FIELD_CHOICE("to", STEP, to, escalation_names, REQUIRED),
};
static const struct schema escalation_schema = SCHEMA(STEP, escalation_fields);

#define POLICY struct policy_body
static const struct field policy_fields[] = {
    FIELD("name", STRING, POLICY, name, NAME(200)),
    FIELD("position", INT, POLICY, position, .min = 1, .max = POLICY_POSITION_MAX, OPTIONAL),
    FIELD_CHOICE("kind", POLICY, kind, clock_kind_names, REQUIRED),
    FIELD_CHOICE("starts", POLICY, starts, starts_names, REQUIRED),
    FIELD("attempts", INT, POLICY, attempts, .min = 1, .max = 100, OPTIONAL),
    FIELD("target", JSON, POLICY, target, REQUIRED),
    FIELD("calendar", UUID, POLICY, calendar, OPTIONAL),
    FIELD("assignee_calendar", BOOL, POLICY, uses_assignee_calendar, OPTIONAL),
    FIELD_ARRAY("warn_at", POLICY, warn_at, warn_count,
                &FIELD_ELEMENT(REAL, .min = 0.001, .max = 0.999), .max = POLICY_WARNINGS_MAX,
                REQUIRED),
    FIELD_ARRAY("escalate", POLICY, escalate, escalate_count,
                &FIELD_ELEMENT(OBJECT, .schema = &escalation_schema), .max = POLICY_STEPS_MAX,
                OPTIONAL),
    FIELD("applies_when", JSON, POLICY, applies_when, OPTIONAL),
    FIELD("active", BOOL, POLICY, is_active, REQUIRED),
};

#define HOURS struct hours_body
#define WEEKDAY(day, index)                                                                        \
    FIELD_ARRAY(day, HOURS, days[(index)].windows, days[(index)].count, &FIELD_ELEMENT(JSON),      \
                .max = WINDOWS_PER_DAY_MAX, OPTIONAL)
static const struct field hours_fields[] = {
    WEEKDAY("monday", 0), WEEKDAY("tuesday", 1),  WEEKDAY("wednesday", 2), WEEKDAY("thursday", 3),
    WEEKDAY("friday", 4), WEEKDAY("saturday", 5), WEEKDAY("sunday", 6),
};
static const struct schema hours_schema = SCHEMA(HOURS, hours_fields);

#define EXCEPTION struct exception_body
static const struct field exception_fields[] = {
    FIELD("date", DATE, EXCEPTION, date, REQUIRED),
    FIELD_ARRAY("hours", EXCEPTION, hours.windows, hours.count, &FIELD_ELEMENT(JSON),
                .max = WINDOWS_PER_DAY_MAX, REQUIRED),
};
static const struct schema exception_schema = SCHEMA(EXCEPTION, exception_fields);

#define CALENDAR struct calendar_body
static const struct field calendar_fields[] = {
    FIELD("name", STRING, CALENDAR, name, NAME(200)),
    FIELD("time_zone", STRING, CALENDAR, time_zone, NAME(64)),
    FIELD_NESTED("hours", CALENDAR, hours, &hours_schema, REQUIRED),
    FIELD("holidays", STRING, CALENDAR, holidays, LINE(16)),
    FIELD_ARRAY("exceptions", CALENDAR, exceptions, exception_count,
                &FIELD_ELEMENT(OBJECT, .schema = &exception_schema), .max = CALENDAR_EXCEPTIONS_MAX,
                REQUIRED),
};

#define MODEL struct model_body
static const struct field model_fields[] = {
    FIELD("version", INT, MODEL, version, .min = 1, .max = INT32_MAX, REQUIRED),
    FIELD("activated", INT, MODEL, activated, .min = 0, .max = INT32_MAX, REQUIRED),
    FIELD("activated_at", TIME, MODEL, activated_at_us, OPTIONAL),
    FIELD("activation", MAP, MODEL, activation, .max = 20, OPTIONAL),
    FIELD("definition", MAP, MODEL, definition, .max = 1000, REQUIRED),
    FIELD_CHOICE("state", MODEL, state, model_state_names, OPTIONAL),
};

#define FORM_SECRET struct form_secret_body
static const struct field form_secret_fields[] = {
    FIELD("secret", STRING, FORM_SECRET, secret, .min = KEY_HASH_CHARS, .max = KEY_HASH_CHARS,
          REQUIRED),
};

#define PERIOD struct period_body
static const struct field period_fields[] = {
    FIELD_CHOICE("every", PERIOD, every, commitment_every_names, REQUIRED),
    FIELD_CHOICE("starts", PERIOD, starts, weekday_names, OPTIONAL),
};
static const struct schema period_schema = SCHEMA(PERIOD, period_fields);

/* Beyond that a double no longer tells integers apart. */
#define TARGET_MAX 9007199254740991.0
#define COMMITMENT struct commitment_body
static const struct field commitment_fields[] = {
    FIELD_CHOICE("team", COMMITMENT, team, commitment_team_names, REQUIRED),
    FIELD("name", STRING, COMMITMENT, name, NAME(200)),
    FIELD_CHOICE("metric", COMMITMENT, metric, commitment_metric_names, REQUIRED),
    FIELD("at_least", REAL, COMMITMENT, at_least, .min = 0, .max = TARGET_MAX, OPTIONAL),
    FIELD("at_most", REAL, COMMITMENT, at_most, .min = 0, .max = TARGET_MAX, OPTIONAL),
    FIELD_NESTED("period", COMMITMENT, period, &period_schema, REQUIRED),
    FIELD("filter", JSON, COMMITMENT, filter, OPTIONAL),
    FIELD("calendar", UUID, COMMITMENT, calendar, OPTIONAL),
    FIELD("capacity", INT, COMMITMENT, capacity, .min = 1, .max = 1000000, OPTIONAL),
    FIELD("settle_days", INT, COMMITMENT, settle_days, .min = 0, .max = COMMITMENT_SETTLE_DAYS_MAX,
          OPTIONAL),
    FIELD("active", BOOL, COMMITMENT, is_active, REQUIRED),
};

#define AGREEMENT struct agreement_body
static const struct field agreement_fields[] = {
    FIELD("version", INT, AGREEMENT, version, .min = 1, .max = INT32_MAX, OPTIONAL),
    FIELD("name", STRING, AGREEMENT, name, LINE(200)),
    FIELD("note", STRING, AGREEMENT, note, TEXT(PROSE_CHARS_MAX)),
    FIELD("effective_on", DATE, AGREEMENT, effective_on, REQUIRED),
    FIELD("commitments", JSON, AGREEMENT, commitments, OPTIONAL),
    FIELD("policies", JSON, AGREEMENT, policies, OPTIONAL),
    FIELD("scoring_model", INT, AGREEMENT, scoring_model, .min = 1, .max = INT32_MAX, OPTIONAL),
    FIELD("funnel", INT, AGREEMENT, funnel, .min = 1, .max = INT32_MAX, OPTIONAL),
    FIELD("definitions", JSON, AGREEMENT, definitions, OPTIONAL),
    FIELD("currency", STRING, AGREEMENT, currency, LINE(3)),
    FIELD("proposed_by", STRING, AGREEMENT, proposed_by, LINE(64)),
    FIELD("signatures", JSON, AGREEMENT, signatures, OPTIONAL),
    FIELD("text", JSON, AGREEMENT, text, OPTIONAL),
    FIELD("withdrawn_at", TIME, AGREEMENT, withdrawn_at_us, OPTIONAL),
    FIELD("in_force_at", TIME, AGREEMENT, in_force_at_us, OPTIONAL),
    FIELD("ended_at", TIME, AGREEMENT, ended_at_us, OPTIONAL),
    FIELD("changes", JSON, AGREEMENT, changes, OPTIONAL),
    FIELD("problems", JSON, AGREEMENT, problems, OPTIONAL),
    FIELD("act", JSON, AGREEMENT, act, OPTIONAL),
};

#define ABSENCE struct absence_body
static const struct field absence_fields[] = {
    FIELD("member", UUID, ABSENCE, member, REQUIRED),
    FIELD("from", TIME, ABSENCE, from_us, REQUIRED),
    FIELD("to", TIME, ABSENCE, to_us, REQUIRED),
    FIELD("substitute", UUID, ABSENCE, substitute, OPTIONAL),
};

enum {
    ATTRIBUTES_MAX = 1000,
    OFFERS_MAX = 20000,
    FORMS_MAX = 20000,
    CAMPAIGNS_MAX = 20000,
    MEMBERS_MAX = 20000,
    REASONS_MAX = 1000,
    KEYS_MAX = 10000,
    POLICIES_MAX = 200, /* every handoff looks at all of them */
    CALENDARS_MAX = 200,
    MODELS_MAX = 500, /* every set-up change compiles all of them */
    ABSENCES_MAX = 5000,
    COMMITMENTS_MAX = 200, /* every status measures all of them */
    AGREEMENTS_MAX = 300,  /* each holds all that it promises: kept in memory */
};
static_assert(1 + ATTRIBUTES_MAX + OFFERS_MAX + FORMS_MAX + CAMPAIGNS_MAX + MEMBERS_MAX +
                      REASONS_MAX + (int)STAGE_COUNT_ + KEYS_MAX + POLICIES_MAX + CALENDARS_MAX +
                      MODELS_MAX + COMMITMENTS_MAX + ABSENCES_MAX + AGREEMENTS_MAX +
                      (int)FORM_TOKEN_SECRETS_MAX <=
                  CATALOG_ENTRIES_MAX,
              "what may be written can be loaded");

const struct catalog_kind_rules catalog_kind_rules[CATALOG_KIND_COUNT_] = {
    [CATALOG_ORGANISATION] = {.schema = SCHEMA(ORGANISATION,                       organisation_fields),
                              .defaults = "{\"name\":\"\",\"time_zone\":\"Europe/Paris\","
                                          "\"currency\":\"EUR\",\"locale\":\"fr\","
                                          "\"week_starts_on\":\"monday\"}",                                                          .count_max = 1,
                              .is_given = true                                                                                                                                                                                                     },
    [CATALOG_ATTRIBUTE] = {.schema = SCHEMA(ATTRIBUTE,                          attribute_fields),
                              .defaults = "{}",
                              .identity = "name",
                              .fixed = {"name", "type"},
                              .count_max = ATTRIBUTES_MAX},
    [CATALOG_OFFER] = {.schema = SCHEMA(OFFER,                                                   offer_fields),
                              .defaults = "{\"audience\":\"public\"}",
                              .identity = "slug",
                              .fixed = {"slug"},
                              .count_max = OFFERS_MAX},
    [CATALOG_FORM] = {.schema = SCHEMA(FORM,                             form_fields),
                              .defaults = "{\"activity\":\"form_submission\",\"makes\":\"lead\","
                                  "\"open\":false,\"required\":[\"email\"],\"protection\":{}}",                                                       .identity = "slug",
                              .fixed = {"slug"},
                              .count_max = FORMS_MAX},
    [CATALOG_CAMPAIGN] = {.schema = SCHEMA(CAMPAIGN,                                   campaign_fields),
                              .defaults = "{}",
                              .identity = "slug",
                              .fixed = {"slug"},
                              .count_max = CAMPAIGNS_MAX},
    [CATALOG_MEMBER] = {.schema = SCHEMA(MEMBER,                                  member_fields),
                              .defaults = "{\"role\":\"member\",\"active\":true}",
                              .count_max = MEMBERS_MAX                                                                                                                                                   },
    [CATALOG_REASON] = {.schema = SCHEMA(REASON, reason_fields),
                              .defaults = "{\"active\":true}",
                              .fixed = {"code", "kind"},
                              .count_max = REASONS_MAX                                                                                                                                                                 },
    [CATALOG_STAGE] = {.schema = SCHEMA(STAGE,                           stage_fields),
                              .defaults = "{}",
                              .count_max = STAGE_COUNT_,
                              .is_given = true},
    [CATALOG_KEY] = {.schema = SCHEMA(KEY,                           key_fields),
                              .defaults = "{\"kind\":\"secret\"}",
                              .fixed = {"kind", "scopes", "member", "form"},
                              .count_max = KEYS_MAX},
    [CATALOG_POLICY] = {.schema = SCHEMA(POLICY,       policy_fields),
                              .defaults = "{\"starts\":\"mql\",\"assignee_calendar\":false,\"warn_at\":["
                                    "0.5,0.8],\"escalate\":[],\"active\":true}",                                                                               .count_max = POLICIES_MAX                                                                                                                                },
    [CATALOG_CALENDAR] = {.schema = SCHEMA(CALENDAR,                          calendar_fields),
                              .defaults = "{\"exceptions\":[]}",
                              .count_max = CALENDARS_MAX},
    [CATALOG_MODEL] = {.schema = SCHEMA(MODEL,                                                   model_fields),
                              .defaults = "{\"activated\":0}",
                              .fixed = {"version", "activated", "activated_at"},
                              .count_max = MODELS_MAX                                                                                                                                       },
    [CATALOG_FORM_SECRET] = {.schema = SCHEMA(FORM_SECRET,                                                   form_secret_fields),
                              .defaults = "{}",
                              .count_max = FORM_TOKEN_SECRETS_MAX,
                              .is_given = true                                                                                                                                                                                      },
    [CATALOG_COMMITMENT] = {.schema = SCHEMA(COMMITMENT,                                                   commitment_fields),
                              .defaults = "{\"active\":true}",
                              .fixed = {"metric", "period"},
                              .count_max = COMMITMENTS_MAX                                                                                                                                                                                    },
    [CATALOG_AGREEMENT] = {.schema = SCHEMA(AGREEMENT,                                                   agreement_fields),
                              .defaults = "{}",
                              .fixed = {"version", "currency", "proposed_by"},
                              .count_max = AGREEMENTS_MAX                                                                                                                                                                    },
    [CATALOG_ABSENCE] = {.schema = SCHEMA(ABSENCE,                                                   absence_fields),
                              .defaults = "{}",
                              .fixed = {"member"},
                              .count_max = ABSENCES_MAX                                                                                                                                                                                  },
};

int time_of_day_parse(struct str text)
{
    if (text.len != 5 || text.data[2] != ':')
        return -1;
    for (size_t i = 0; i < text.len; i++)
        if (i != 2 && (text.data[i] < '0' || text.data[i] > '9'))
            return -1;
    int hour = (text.data[0] - '0') * 10 + text.data[1] - '0';
    int minute = (text.data[3] - '0') * 10 + text.data[4] - '0';
    bool is_valid = minute < 60 && (hour < 24 || (hour == 24 && minute == 0));
    return is_valid ? hour * 60 + minute : -1;
}

struct week_hours week_hours_of(const json_t *hours)
{
    struct week_hours week = {0};
    for (size_t day = 0; day < WEEKDAY_COUNT; day++) {
        const json_t *windows = json_object_get(hours, weekday_names[day]);
        for (size_t i = 0; i < json_array_size(windows); i++) {
            const json_t *window = json_array_get(windows, i);
            const int from = time_of_day_parse(json_str_of(json_array_get(window, 0)));
            const int to = time_of_day_parse(json_str_of(json_array_get(window, 1)));
            week.minutes += from >= 0 && to > from ? to - from : 0;
        }
        week.days += json_array_size(windows) > 0 ? 1 : 0;
    }
    return week;
}

#include "domain/notification.h"

#include <assert.h>

#include "domain/absence.h"

const char *const notification_kind_names[] = {
    "new_mql",   "assigned",           "warning",    "breach", "refusal",
    "new_offer", "commitment_at_risk", "escalation", NULL};
const char *const notification_mode_names[] = {"none", "at_once", "digest", NULL};
const char *const notification_channel_names[] = {"mail", "chat", NULL};
const char *const notification_state_names[] = {"pending", "sent", "skipped", "failed", NULL};
const char *const chat_format_names[] = {"slack", "teams", "plain", NULL};
static_assert(ARRAY_LEN(notification_kind_names) == NOTIFY_KIND_COUNT_ + 1 &&
                  ARRAY_LEN(notification_mode_names) == NOTIFY_MODE_COUNT_ + 1 &&
                  ARRAY_LEN(notification_channel_names) == NOTIFY_CHANNEL_COUNT_ + 1 &&
                  ARRAY_LEN(chat_format_names) == CHAT_FORMAT_COUNT_ + 1,
              "every word has a name");

enum { WORKDAYS = 0x1F, OPENS_HOUR = 8, CLOSES_HOUR = 19, DIGEST_MINUTES = 60 };
enum { FREE_STEPS_MAX = 16 };
const struct working_hours default_working_hours = {
    .opens_minute = OPENS_HOUR * 60, .closes_minute = CLOSES_HOUR * 60, .days = WORKDAYS};

/* ---- kinds ---- */

static const struct {
    const char *type;
    enum notification_kind kind;
} event_kinds[] = {
    {"handoff.opened",     NOTIFY_NEW_MQL           },
    {"handoff.assigned",   NOTIFY_ASSIGNED          },
    {"handoff.recycled",   NOTIFY_REFUSAL           },
    {"handoff.rejected",   NOTIFY_REFUSAL           },
    {"sla.warning",        NOTIFY_WARNING           },
    {"sla.breached",       NOTIFY_BREACH            },
    {"sla.escalated",      NOTIFY_ESCALATION        },
    {"commitment.at_risk", NOTIFY_COMMITMENT_AT_RISK},
    {"commitment.missed",  NOTIFY_COMMITMENT_AT_RISK},
};
const char *const notification_event_types[] = {
    "handoff.opened", "handoff.assigned", "handoff.recycled",   "handoff.rejected",  "sla.warning",
    "sla.breached",   "sla.escalated",    "commitment.at_risk", "commitment.missed", NULL};
static_assert(ARRAY_LEN(event_kinds) + 1 == ARRAY_LEN(notification_event_types),
              "what is asked for is known");

bool notification_kind_of(struct str event_type, enum notification_kind *ret_kind)
{
    for (size_t i = 0; i < ARRAY_LEN(event_kinds); i++) {
        if (str_is(event_type, event_kinds[i].type)) {
            *ret_kind = event_kinds[i].kind;
            return true;
        }
    }
    return false;
}

/* ---- who is told ---- */

/* What is usual: who has to act is told at once, who has to know reads it once a day. */
#define NO   NOTIFY_NONE
#define NOW  NOTIFY_AT_ONCE
#define ONCE NOTIFY_DIGEST
static const enum notification_mode default_modes[TEAM_COUNT_][2][NOTIFY_KIND_COUNT_] = {
  /*                    new_mql assigned warning breach refusal offer commitment escalation */
    [TEAM_MARKETING] = {{NO, NO, NO, NO, ONCE, NO, ONCE, NO},
                        {NO, NO, NO, ONCE, ONCE, NO, NOW, NO}                                          },
    [TEAM_SALES] = {{NOW, NOW, NOW, NOW, NO, ONCE, ONCE, NOW},
                        {ONCE, NOW, ONCE, NOW, ONCE, ONCE, NOW, NOW}                                   },
    [TEAM_MANAGEMENT] = {{NO, NO, NO, NO, NO, NO, ONCE, NO},        {NO, NO, NO, ONCE, NO, NO, ONCE, NO}},
    [TEAM_OPERATIONS] = {{NO, NO, NO, NO, NO, NO, NO, NO},          {NO, NO, NO, NO, NO, NO, NO, NO}    },
};
#undef NO
#undef NOW
#undef ONCE

enum notification_mode notification_default(enum team team, bool is_manager,
                                            enum notification_kind kind)
{
    assert(team < TEAM_COUNT_ && kind < NOTIFY_KIND_COUNT_);
    return default_modes[team][is_manager ? 1 : 0][kind];
}

unsigned notification_chat_default(enum team team)
{
    static const unsigned kinds[TEAM_COUNT_] = {
        [TEAM_MARKETING] = 1U << NOTIFY_REFUSAL | 1U << NOTIFY_COMMITMENT_AT_RISK,
        [TEAM_SALES] = 1U << NOTIFY_NEW_MQL | 1U << NOTIFY_BREACH | 1U << NOTIFY_NEW_OFFER |
                       1U << NOTIFY_COMMITMENT_AT_RISK,
        [TEAM_MANAGEMENT] = 1U << NOTIFY_BREACH | 1U << NOTIFY_COMMITMENT_AT_RISK,
    };
    assert(team < TEAM_COUNT_);
    return kinds[team];
}

/* Who is named, and of what nobody could be named for, or has to be decided, the managers. Who is
 * given a handoff is told of that as always. */
static bool escalation_concerns(const struct notification_event *event, const struct member *member)
{
    const bool is_sales = member->team == TEAM_SALES;
    const bool is_manager = is_sales && member->is_manager;
    bool is_named = false;
    for (size_t i = 0; i < event->named_count; i++) {
        is_named = is_named || uuid_eq(event->named[i], member->id);
    }
    switch (event->step) {
    case ESCALATE_ASSIGNEE:
        if (event->named_count > 0) {
            return is_named;
        }
        return uuid_is_nil(event->assignee) ? is_sales : is_manager;
    case ESCALATE_MANAGER:
        return is_named;
    case ESCALATE_PROPOSE:
        return is_named || is_manager;
    case ESCALATE_REASSIGN:
        return is_manager && !is_named;
    case ESCALATION_COUNT_:
        break;
    }
    return false;
}

/* Whether it is any of the member's business, whatever they want to be told. */
static bool concerns(const struct notification_event *event, const struct member *member)
{
    const bool is_nobodys = uuid_is_nil(event->assignee);
    const bool is_theirs = !is_nobodys && uuid_eq(event->assignee, member->id);
    const bool is_sales = member->team == TEAM_SALES;
    switch (event->kind) {
    case NOTIFY_NEW_MQL:
        return is_theirs || (is_sales && is_nobodys);
    case NOTIFY_ASSIGNED:
        return is_theirs;
    case NOTIFY_WARNING:
    case NOTIFY_BREACH:
        return is_theirs || (is_sales && (is_nobodys || member->is_manager)) ||
               (member->is_manager && !is_sales && member->team != TEAM_OPERATIONS);
    case NOTIFY_REFUSAL:
        return member->team == TEAM_MARKETING || (is_sales && member->is_manager);
    case NOTIFY_NEW_OFFER:
        return is_sales;
    case NOTIFY_COMMITMENT_AT_RISK:
        return member->team != TEAM_OPERATIONS;
    case NOTIFY_ESCALATION:
        return escalation_concerns(event, member);
    case NOTIFY_KIND_COUNT_:
        break;
    }
    assert(event->kind < NOTIFY_KIND_COUNT_);
    return false;
}

enum notification_mode notification_for_member(const struct notification_event *event,
                                               const struct member *member)
{
    const bool did_it = !uuid_is_nil(event->actor) && uuid_eq(event->actor, member->id);
    if (!member->is_active || member->email.data == NULL || did_it || !concerns(event, member)) {
        return NOTIFY_NONE;
    }
    return member->notify[event->kind];
}

bool notification_for_team(const struct notification_event *event, const struct organisation *org,
                           enum team team)
{
    const struct chat_hook *hook = &org->chat[team];
    return hook->url.data != NULL && (hook->kinds >> event->kind & 1U) != 0;
}

/* ---- what is known when it goes out ---- */

struct notification_time notification_time_parse(struct str text)
{
    struct notification_time time = {.is_known = text.data != NULL};
    int *const parts[] = {&time.weekday, &time.day,  &time.month,
                          &time.year,    &time.hour, &time.minute};
    for (size_t i = 0; i < ARRAY_LEN(parts) && time.is_known; i++) {
        int64_t value = 0;
        const struct str part = str_cut(&text, ' ');
        time.is_known = str_to_int64(part, &value) && value >= 0 && value <= 9999 &&
                        (text.data != NULL || i + 1 == ARRAY_LEN(parts));
        *parts[i] = (int)value;
    }
    time.is_known = time.is_known && time.weekday >= 1 && time.weekday <= 7 && time.month >= 1 &&
                    time.month <= 12;
    return time;
}

/* A promise that still runs, or was broken and nobody has made up for it. */
static const char *clock_is_over(const struct notification_facts *facts)
{
    const char *awaited = facts->kind == NOTIFY_WARNING ? "running" : "breached";
    if (facts->is_closed) {
        return "closed";
    }
    if (facts->is_met || str_is(facts->clock_state, "met")) {
        return "met";
    }
    const bool stands = str_is(facts->clock_state, awaited) ||
                        (facts->kind == NOTIFY_ESCALATION && str_is(facts->clock_state, "running"));
    return stands ? NULL : "changed";
}

static const char *handoff_is_over(const struct notification_facts *facts,
                                   const struct member *member)
{
    if (!facts->has_handoff) {
        return "gone";
    }
    switch (facts->kind) {
    case NOTIFY_NEW_MQL:
        return str_is(facts->handoff_state, "open") ? NULL : "handled";
    case NOTIFY_ASSIGNED:
        if (facts->is_closed) {
            return "closed";
        }
        return member == NULL || uuid_eq(facts->assignee, member->id) ? NULL : "reassigned";
    case NOTIFY_WARNING:
    case NOTIFY_BREACH:
    case NOTIFY_ESCALATION:
        return clock_is_over(facts);
    case NOTIFY_REFUSAL:
    case NOTIFY_NEW_OFFER:
    case NOTIFY_COMMITMENT_AT_RISK:
    case NOTIFY_KIND_COUNT_:
        break;
    }
    return NULL;
}

const char *notification_is_over(const struct notification_facts *facts,
                                 const struct member *member)
{
    if (member != NULL && (!member->is_active || member->email.data == NULL)) {
        return "member_gone";
    }
    if (member != NULL && member->notify[facts->kind] == NOTIFY_NONE) {
        return "unwanted";
    }
    if (facts->is_erased) {
        return "erased";
    }
    if (facts->kind == NOTIFY_COMMITMENT_AT_RISK) {
        return !facts->is_forecast ? NULL
               : facts->is_judged  ? "judged"
                                   : (facts->has_recovered ? "recovered" : NULL);
    }
    return facts->kind != NOTIFY_NEW_OFFER ? handoff_is_over(facts, member) : NULL;
}

static bool is_of_clock(const struct notification_facts *facts)
{
    return (facts->kind == NOTIFY_WARNING || facts->kind == NOTIFY_BREACH ||
            facts->kind == NOTIFY_ESCALATION) &&
           !uuid_is_nil(facts->clock_id);
}

bool notification_is_superseded(const struct notification_facts *facts, size_t count, size_t at)
{
    for (size_t i = at + 1; i < count && is_of_clock(&facts[at]); i++) {
        if (is_of_clock(&facts[i]) && uuid_eq(facts[i].clock_id, facts[at].clock_id)) {
            return true;
        }
    }
    return false;
}

/* Until when the day off lasts; `at_us`: it is none, or nothing is known of it. */
static int64_t day_off_ends_us(const struct calendar *calendar, int64_t at_us)
{
    int32_t next;
    if (calendar == NULL || !calendar_covers(calendar, at_us, at_us + 1)) {
        return at_us;
    }
    const int32_t day = zone_day(&calendar->zone, at_us);
    return calendar_day_is_open(calendar, day) || !calendar_next_open_day(calendar, day, &next)
               ? at_us
               : zone_day_starts_us(&calendar->zone, next);
}

int64_t notification_free_us(const struct catalog *catalog, const struct member *member,
                             int64_t now_us)
{
    const struct uuid team = catalog_organisation(catalog)->calendar_ids[member->team];
    const struct calendar *calendar =
        catalog_calendar(catalog, uuid_is_nil(member->calendar_id) ? team : member->calendar_id);
    int64_t at_us = now_us;
    /* An absence may end on a day off, and another one begin with the day after. */
    for (int i = 0; i < FREE_STEPS_MAX; i++) {
        const struct absence *absence = absence_of(catalog, member->id, at_us);
        const int64_t next_us = absence != NULL ? absence->to_us : day_off_ends_us(calendar, at_us);
        if (next_us == at_us) {
            break;
        }
        at_us = next_us;
    }
    return at_us;
}

bool notification_may_go(const struct member *member, enum notification_mode mode,
                         const struct notification_time *now)
{
    const struct working_hours *hours = &member->hours;
    if (!now->is_known) {
        return true;
    }
    const int minute = now->hour * 60 + now->minute;
    const bool is_day = (hours->days >> (now->weekday - 1) & 1U) != 0;
    const bool is_open = minute >= hours->opens_minute && minute < hours->closes_minute;
    const bool is_digest = mode == NOTIFY_DIGEST && minute >= member->digest_minute &&
                           minute < member->digest_minute + DIGEST_MINUTES;
    return is_day && (is_open || is_digest);
}

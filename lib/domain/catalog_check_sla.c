/* What calendars and policies of service levels ask for beyond the shape of their fields. */
#include <stdio.h>

#include "domain/catalog_check.h"
#include "domain/escalation.h"
#include "domain/holiday.h"

enum { POINTER_BYTES_MAX = 96, TARGET_WEEKS_MAX = 104 };

/* ---- whose calendar it is ---- */

/* A calendar that never opens is of no use to anybody who counts by it. */
static void check_opens(struct check *check, const char *pointer, struct uuid id)
{
    char text[UUID_TEXT_BYTES];
    const struct catalog_entry *calendar =
        uuid_is_nil(id)
            ? NULL
            : catalog_find(check->catalog, CATALOG_CALENDAR, str_from(uuid_format(id, text)));
    if (calendar != NULL && week_hours_of(json_object_get(calendar->body, "hours")).minutes == 0)
        faults_add(check->faults, pointer, "empty",
                   "This calendar has no opening hours: a target would never come.");
}

void check_own_calendar(struct check *check, struct uuid id)
{
    check_reference_id(check, "calendar", CATALOG_CALENDAR, id);
    check_opens(check, "/calendar", id);
}

/* Those of the teams, as far as they have one. */
void check_team_calendars(struct check *check, const struct team_calendars_body *in)
{
    json_t *kept = json_object();
    for (size_t i = 0; i < TEAM_COUNT_; i++) {
        char text[UUID_TEXT_BYTES];
        char pointer[POINTER_BYTES_MAX];
        if (uuid_is_nil(in->of[i]))
            continue;
        (void)uuid_format(in->of[i], text);
        snprintf(pointer, sizeof pointer, "/calendars/%s", team_names[i]);
        if (catalog_find(check->catalog, CATALOG_CALENDAR, str_from(text)) == NULL)
            faults_add(check->faults, pointer, "reference", "There is no such calendar.");
        check_opens(check, pointer, in->of[i]);
        if (kept == NULL || json_object_set_new(kept, team_names[i], json_string(text)) != 0)
            check->is_out_of_memory = true;
    }
    check_set(check, "calendars", kept);
    if (json_object_size(kept) == 0)
        (void)json_object_del(check->body, "calendars");
}

/* ---- policies and calendars ---- */

/* A target must come to an end well within what is expanded, holidays and exceptions apart. */
static bool is_reached_in(const struct sla_target *target, struct week_hours week)
{
    const int64_t open_us = (int64_t)week.minutes * 60 * US_PER_SECOND * TARGET_WEEKS_MAX;
    switch (target->kind) {
    case TARGET_DURATION:
        return target->duration_us <= open_us;
    case TARGET_DAYS:
        return target->days <= week.days * TARGET_WEEKS_MAX;
    case TARGET_WEEKDAY:
        return target->at_least_us <= open_us;
    }
    return false;
}

static void check_target(struct check *check, const struct policy_body *in)
{
    struct sla_target target;
    const bool has_calendar = !uuid_is_nil(in->calendar);
    check_own_calendar(check, in->calendar);
    if (in->uses_assignee_calendar && !has_calendar)
        faults_add(check->faults, "/calendar", "required",
                   "It needs a calendar for assignees without one of their own.");
    if (in->target == NULL ||
        !sla_target_read(in->target, has_calendar, "/target", &target, check->faults))
        return;
    char text[UUID_TEXT_BYTES];
    const struct catalog_entry *calendar =
        has_calendar ? catalog_find(check->catalog, CATALOG_CALENDAR,
                                    str_from(uuid_format(in->calendar, text)))
                     : NULL;
    if (calendar == NULL)
        return;
    const struct week_hours week = week_hours_of(json_object_get(calendar->body, "hours"));
    if (week.minutes > 0 && !is_reached_in(&target, week))
        faults_add(check->faults, "/target", "range",
                   "By this calendar the target takes more than two years.");
}

static void check_escalation(struct check *check, const struct policy_body *in)
{
    for (size_t i = 0; i < in->escalate_count; i++) {
        struct escalation_step ignored;
        char pointer[POINTER_BYTES_MAX];
        snprintf(pointer, sizeof pointer, "/escalate/%zu/at", i);
        if (in->escalate[i].at != NULL && !escalation_when(in->escalate[i].at, &ignored))
            faults_add(
                check->faults, pointer, "format",
                "A step comes at a fraction of the time, such as 0.8 (1 is the deadline), or "
                "so long after the deadline, such as \"PT2H\" (at most P366D).");
    }
}

/* After the last one. */
static int64_t next_position(const struct catalog *catalog)
{
    size_t count;
    const struct catalog_entry *const *entries = catalog_list(catalog, CATALOG_POLICY, &count);
    int64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        const struct policy *policy = entries[i]->typed;
        last = policy->position > last ? policy->position : last;
    }
    return last < POLICY_POSITION_MAX ? last + 1 : POLICY_POSITION_MAX;
}

void check_policy(struct check *check, const struct policy_body *in)
{
    check_target(check, in);
    check_escalation(check, in);
    if (json_is_null(json_object_get(check->body, "position")))
        check_set(check, "position", json_integer(next_position(check->catalog)));
    if (in->kind == CLOCK_ACCEPTANCE && in->starts == STARTS_AT_ACCEPT)
        faults_add(check->faults, "/starts", "not_allowed",
                   "Acceptance cannot start with acceptance.");
    if (in->kind == CLOCK_ATTEMPTS) {
        if (json_is_null(json_object_get(check->body, "attempts")))
            check_set(check, "attempts", json_integer(POLICY_ATTEMPTS_DEFAULT));
    } else if (in->kind != ENUM_NONE && in->attempts != INT_NONE) {
        faults_add(check->faults, "/attempts", "not_allowed",
                   "Only a policy of kind attempts has them.");
    }
    check_condition(check, in->applies_when, "/applies_when");
}

/* [["09:00", "12:30"], ["14:00", "18:00"]]: in order, not overlapping. */
static void check_hours(struct check *check, const char *base, const struct hours_of_day *hours)
{
    int closed_at = 0; /* minutes since midnight */
    for (size_t i = 0; i < hours->count; i++) {
        char pointer[POINTER_BYTES_MAX];
        snprintf(pointer, sizeof pointer, "%s/%zu", base, i);
        const json_t *window = hours->windows[i];
        const int from = time_of_day_parse(json_str_of(json_array_get(window, 0)));
        const int to = time_of_day_parse(json_str_of(json_array_get(window, 1)));
        if (json_array_size(window) != 2 || from < 0 || to < 0)
            faults_add(check->faults, pointer, "format",
                       "Opening hours are two times of day, such as [\"09:00\", \"12:30\"].");
        else if (from >= to || from < closed_at)
            faults_add(check->faults, pointer, "order",
                       "Opening hours are in order, end after they start and do not overlap.");
        closed_at = to > closed_at ? to : closed_at;
    }
}

static bool is_hours_of_team(const struct catalog *catalog, struct uuid id)
{
    const struct organisation *organisation = catalog_organisation(catalog);
    for (size_t i = 0; i < TEAM_COUNT_; i++)
        if (uuid_eq(organisation->calendar_ids[i], id))
            return true;
    return false;
}

static bool is_hours_of_member(const struct catalog *catalog, struct uuid id)
{
    size_t count;
    const struct catalog_entry *const *entries = catalog_list(catalog, CATALOG_MEMBER, &count);
    for (size_t i = 0; i < count; i++) {
        const struct member *member = entries[i]->typed;
        if (uuid_eq(member->calendar_id, id))
            return true;
    }
    return false;
}

/* Members and teams whose hours they are go on to have some. */
static void check_people_of(struct check *check)
{
    const struct catalog_entry *existing = check->proposal->existing;
    if (existing == NULL || week_hours_of(json_object_get(check->body, "hours")).minutes > 0)
        return;
    if (is_hours_of_member(check->catalog, existing->id) ||
        is_hours_of_team(check->catalog, existing->id))
        faults_add(check->faults, "/hours", "empty",
                   "Members or a team have this calendar: it needs opening hours.");
}

/* Policies that count by the calendar go on to have targets that come. */
static void check_policies_of(struct check *check)
{
    const struct catalog_entry *existing = check->proposal->existing;
    const struct week_hours week = week_hours_of(json_object_get(check->body, "hours"));
    size_t count;
    const struct catalog_entry *const *entries =
        catalog_list(check->catalog, CATALOG_POLICY, &count);
    for (size_t i = 0; existing != NULL && i < count; i++) {
        const struct policy *policy = entries[i]->typed;
        if (policy->calendar == NULL || !uuid_eq(policy->calendar->id, existing->id) ||
            is_reached_in(&policy->target, week))
            continue;
        faults_add(check->faults, "/hours", week.minutes == 0 ? "empty" : "range",
                   "The policy \"%.*s\" counts by this calendar, which would not be open long "
                   "enough for its target.",
                   STR_ARGS(policy->name));
        return;
    }
}

void check_calendar(struct check *check, const struct calendar_body *in)
{
    char base[POINTER_BYTES_MAX / 2];
    const size_t before = check->faults->count;
    check_zone_name(check, in->time_zone);
    if (in->holidays.data != NULL && !holiday_region_is_known(in->holidays))
        faults_add(check->faults, "/holidays", "choice",
                   "No holidays are known of this place. Use a country, such as FR, or a part of "
                   "one, such as FR-57 or DE-BY.");
    for (size_t day = 0; day < WEEKDAY_COUNT; day++) {
        snprintf(base, sizeof base, "/hours/%s", weekday_names[day]);
        check_hours(check, base, &in->hours.days[day]);
    }
    for (size_t i = 0; i < in->exception_count; i++) {
        snprintf(base, sizeof base, "/exceptions/%zu/hours", i);
        check_hours(check, base, &in->exceptions[i].hours);
        for (size_t j = 0; j < i; j++) {
            if (in->exceptions[i].date == DATE_NONE ||
                in->exceptions[i].date != in->exceptions[j].date)
                continue;
            snprintf(base, sizeof base, "/exceptions/%zu/date", i);
            faults_add(check->faults, base, "duplicate", "This day has its hours already.");
            break;
        }
    }
    if (check->faults->count == before)
        check_policies_of(check);
    if (check->faults->count == before)
        check_people_of(check);
}

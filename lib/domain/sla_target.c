#include "domain/sla_target.h"

#include <assert.h>
#include <stdio.h>

#include "domain/catalog_kinds.h"
#include "domain/funnel.h"
#include "schema/json.h"

enum { POINTER_BYTES_MAX = 96 };

/* ---- reading ---- */

/* "P5D" and nothing else. */
static bool parse_days(struct str text, int32_t *ret_days)
{
    int64_t days;
    if (text.len < 3 || text.data[0] != 'P' || text.data[text.len - 1] != 'D' ||
        !str_to_int64(str_slice(text.data + 1, text.len - 2), &days) || days < 0 ||
        days > INT32_MAX) {
        return false;
    }
    *ret_days = (int32_t)days;
    return true;
}

/* The date part of an ISO 8601 duration has something. */
static bool has_date_part(struct str text)
{
    return text.len > 1 && text.data[1] != 'T';
}

static bool is_in_range(int64_t duration_us)
{
    return duration_us >= US_PER_SECOND && duration_us <= TARGET_DAYS_MAX * US_PER_DAY;
}

static void read_duration(struct str text, bool has_calendar, const char *pointer,
                          struct sla_target *target, struct faults *faults)
{
    if (!duration_parse(text, &target->duration_us)) {
        faults_add(faults, pointer, "format", "A target is an ISO 8601 duration, such as PT24H.");
    } else if (!is_in_range(target->duration_us)) {
        faults_add(faults, pointer, "range", "A target is from PT1S to P%dD.", TARGET_DAYS_MAX);
    } else if (parse_days(text, &target->days)) {
        target->kind = TARGET_DAYS;
    } else if (has_calendar && has_date_part(text)) {
        faults_add(faults, pointer, "format",
                   "With a calendar a target is open hours, such as PT8H, or open days, such as "
                   "P5D, not both.");
    }
}

static void below(char out[static POINTER_BYTES_MAX], const char *pointer, const char *name)
{
    snprintf(out, POINTER_BYTES_MAX, "%s/%s", pointer, name);
}

static void read_weekday(const json_t *json, const char *pointer, struct sla_target *target,
                         struct faults *faults)
{
    static const char *const names[] = {"weekday", "time", "at_least", NULL};
    char at[POINTER_BYTES_MAX];
    const char *name;
    const json_t *value;
    json_object_foreach(json_unconst(json), name, value)
    {
        below(at, pointer, name);
        if (name_index(names, str_from(name)) < 0) {
            faults_add(faults, at, "unknown", "There is no such field.");
        }
    }
    target->kind = TARGET_WEEKDAY;
    target->weekday = name_index(weekday_names, json_str_of(json_object_get(json, "weekday")));
    target->minute = time_of_day_parse(json_str_of(json_object_get(json, "time")));
    if (target->weekday < 0) {
        below(at, pointer, "weekday");
        faults_add(faults, at, "choice", "A day of the week, such as wednesday.");
    }
    if (target->minute < 0) {
        below(at, pointer, "time");
        faults_add(faults, at, "format", "A time of day, such as 18:00.");
    }
    const json_t *at_least = json_object_get(json, "at_least");
    if (at_least != NULL && !json_is_null(at_least) &&
        (!duration_parse(json_str_of(at_least), &target->at_least_us) ||
         target->at_least_us > TARGET_DAYS_MAX * US_PER_DAY)) {
        below(at, pointer, "at_least");
        faults_add(faults, at, "format",
                   "How far away at least: a duration of up to P%dD, such as "
                   "PT24H.",
                   TARGET_DAYS_MAX);
    }
}

bool sla_target_read(const json_t *json, bool has_calendar, const char *pointer,
                     struct sla_target *ret_target, struct faults *faults)
{
    struct sla_target target = {.kind = TARGET_DURATION};
    const size_t before = faults->count;
    if (json_is_string(json)) {
        read_duration(json_str_of(json), has_calendar, pointer, &target, faults);
    } else if (json_is_object(json)) {
        read_weekday(json, pointer, &target, faults);
    } else {
        faults_add(faults, pointer, "type",
                   "A target is a duration, such as PT24H, or {\"weekday\", \"time\", "
                   "\"at_least\"}.");
    }
    if (faults->count != before) {
        return false;
    }
    *ret_target = target;
    return true;
}

/* ---- due ---- */

static bool weekday_due(const struct sla_target *target, const struct calendar *calendar,
                        const struct zone *zone, int64_t from_us, int64_t *ret_due_us)
{
    int64_t earliest_us = from_us + target->at_least_us;
    if (zone->offset_count == 0) {
        return false; /* nobody knows what its clocks show */
    }
    if (calendar != NULL &&
        !calendar_add_open(calendar, from_us, target->at_least_us, &earliest_us)) {
        return false;
    }
    const int64_t time_us = target->minute * 60 * US_PER_SECOND;
    /* The day before counts too: its 24:00 is today. */
    int32_t day = zone_day(zone, earliest_us) - 1;
    day += (target->weekday - day_weekday(day) + WEEKDAY_COUNT) % WEEKDAY_COUNT;
    int64_t due_us = zone_last_us(zone, day * US_PER_DAY + time_us);
    if (due_us < earliest_us || due_us <= from_us) {
        day += WEEKDAY_COUNT;
        due_us = zone_last_us(zone, day * US_PER_DAY + time_us);
    }
    if (calendar != NULL && !calendar_day_is_open(calendar, day)) {
        if (!calendar_next_open_day(calendar, day, &day)) {
            return false;
        }
        due_us = zone_last_us(zone, day * US_PER_DAY + time_us);
    }
    *ret_due_us = due_us;
    return due_us <= zone->ends_at_us;
}

bool sla_target_due(const struct sla_target *target, const struct calendar *calendar,
                    const struct zone *zone, int64_t from_us, int64_t *ret_due_us)
{
    switch (target->kind) {
    case TARGET_WEEKDAY:
        return weekday_due(target, calendar, calendar != NULL ? &calendar->zone : zone, from_us,
                           ret_due_us);
    case TARGET_DAYS:
        if (calendar != NULL) {
            return calendar_add_days(calendar, from_us, target->days, ret_due_us);
        }
        break;
    case TARGET_DURATION:
        if (calendar != NULL) {
            return calendar_add_open(calendar, from_us, target->duration_us, ret_due_us);
        }
        break;
    }
    *ret_due_us = from_us + target->duration_us;
    return true;
}

int64_t sla_target_fraction_us(const struct calendar *calendar, int64_t from_us, int64_t due_us,
                               double fraction)
{
    assert(fraction >= 0 && fraction <= 1);
    const int64_t open_us = calendar != NULL ? calendar_open_us(calendar, from_us, due_us) : 0;
    int64_t at_us;
    if (open_us > 0 &&
        calendar_add_open(calendar, from_us, (int64_t)((double)open_us * fraction), &at_us)) {
        return at_us;
    }
    return from_us + (int64_t)((double)(due_us - from_us) * fraction);
}

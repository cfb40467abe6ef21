/*
 * What a calendar comes to: its days one by one, and when something asked for at a moment would be
 * due. Both from the rows that clocks count by. The calendars themselves are set-up like any other
 * (setup.c).
 */
#include "handlers/handlers.h"

#include "domain/catalog_kinds.h"
#include "domain/holiday.h"
#include "schema/json.h"

enum { DAYS_MAX = 400, DAYS_DEFAULT = 31 };

/* False: 404 is in the reply. */
static bool find_calendar(struct request *request, const struct catalog_entry **ret_entry,
                          const struct calendar **ret_calendar)
{
    const struct catalog_entry *entry =
        catalog_find(request->catalog, CATALOG_CALENDAR, request->params[0]);
    const struct calendar *calendar = entry != NULL ? catalog_calendar(request->catalog, entry->id)
                                                    : NULL;
    if (calendar == NULL) {
        (void)problem(request, ERR_NOT_FOUND, "There is no such calendar.");
        return false;
    }
    *ret_entry = entry;
    *ret_calendar = calendar;
    return true;
}

/* What is known of a calendar has a beginning and an end. */
static void add_reach_fault(struct request *request, const struct calendar *calendar,
                            const char *pointer)
{
    char from[TIME_TEXT_BYTES];
    char to[TIME_TEXT_BYTES];
    (void)date_format(zone_day(&calendar->zone, calendar->starts_at_us), from);
    (void)date_format(zone_day(&calendar->zone, calendar->zone.ends_at_us), to);
    faults_add(&request->faults, pointer, "range", "Working hours are known from %s to %s.", from,
               to);
}

/* ---- days ---- */

struct days_query {
    int32_t from;
    int32_t to;
};

static const struct query_param days_params[] = {
    QUERY_PARAM("from", DATE, struct days_query, from),
    QUERY_PARAM("to", DATE, struct days_query, to),
};
const struct query calendar_days_query = QUERY(struct days_query, days_params);

struct days {
    int32_t first;
    int32_t end;
    const struct holiday *holidays;
    size_t holiday_count;
};

/* False: the faults say why. */
static bool take_days(struct request *request, const struct calendar *calendar, int64_t now_us,
                      struct days *ret_days)
{
    const struct days_query *query = request->query;
    const int32_t first = query->from != DATE_NONE ? query->from
                                                   : zone_day(&calendar->zone, now_us);
    const int32_t end = query->to != DATE_NONE ? query->to : first + DAYS_DEFAULT;
    if (end <= first || end - first > DAYS_MAX) {
        faults_add(&request->faults, "?to", "range",
                   "It is a day after \"from\", at most %d days later, and is itself left out.",
                   DAYS_MAX);
    } else if (!calendar_covers(calendar, zone_day_starts_us(&calendar->zone, first),
                                zone_day_starts_us(&calendar->zone, end))) {
        add_reach_fault(request, calendar, "?from");
    }
    *ret_days = (struct days){.first = first, .end = end};
    return request->faults.count == 0;
}

static struct str holiday_on(const struct days *days, int32_t day)
{
    for (size_t i = 0; i < days->holiday_count; i++) {
        if (days->holidays[i].day == day) {
            return days->holidays[i].name;
        }
    }
    return (struct str){.data = NULL};
}

/* NULL: no exception. */
static const json_t *exception_on(const json_t *body, const char *date)
{
    const json_t *exceptions = json_object_get(body, "exceptions");
    for (size_t i = 0; i < json_array_size(exceptions); i++) {
        const json_t *exception = json_array_get(exceptions, i);
        if (str_is(json_str_of(json_object_get(exception, "date")), date)) {
            return json_object_get(exception, "hours");
        }
    }
    return NULL;
}

static void write_hours(struct json_writer *json, const json_t *hours)
{
    json_key(json, "hours");
    json_array_begin(json);
    for (size_t i = 0; i < json_array_size(hours); i++) {
        const json_t *window = json_array_get(hours, i);
        json_array_begin(json);
        json_str(json, json_str_of(json_array_get(window, 0)));
        json_str(json, json_str_of(json_array_get(window, 1)));
        json_array_end(json);
    }
    json_array_end(json);
}

static void write_day(struct json_writer *json, const struct days *days, int32_t day,
                      const json_t *body, const struct calendar *calendar)
{
    char date[TIME_TEXT_BYTES];
    (void)date_format(day, date);
    const char *weekday = weekday_names[day_weekday(day)];
    const struct str holiday = holiday_on(days, day);
    const json_t *exception = exception_on(body, date);
    const char *why = "week";
    const json_t *hours = json_object_get(json_object_get(body, "hours"), weekday);
    if (exception != NULL) {
        why = "exception";
        hours = exception;
    } else if (holiday.data != NULL) {
        why = "holiday";
        hours = NULL;
    }
    const int64_t open_us = calendar_open_us(calendar, zone_day_starts_us(&calendar->zone, day),
                                             zone_day_starts_us(&calendar->zone, day + 1));
    json_object_begin(json);
    JSON_FIELD(json, "date", json_text, date);
    JSON_FIELD(json, "weekday", json_text, weekday);
    JSON_FIELD(json, "open", json_bool, open_us > 0);
    JSON_FIELD(json, "why", json_text, why);
    JSON_FIELD(json, "holiday", json_str, holiday);
    write_hours(json, hours);
    JSON_FIELD(json, "open_seconds", json_int, open_us / US_PER_SECOND);
    json_object_end(json);
}

enum request_step calendar_days_start(struct request *request)
{
    return request_read(request) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

enum request_step calendar_days_finish(struct request *request)
{
    const struct catalog_entry *entry;
    const struct calendar *calendar;
    struct days days;
    if (!find_calendar(request, &entry, &calendar)) {
        return REQUEST_REPLY;
    }
    if (!take_days(request, calendar, request->read->op.now_us, &days)) {
        return problem_faults(request);
    }
    const struct str region = json_str_of(json_object_get(entry->body, "holidays"));
    if (region.data != NULL && holidays_of(region, days.first, days.end, request->arena,
                                           &days.holidays, &days.holiday_count) != OK) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    JSON_FIELD(&json, "calendar", json_uuid, entry->id);
    JSON_FIELD(&json, "version", json_int, calendar->version);
    JSON_FIELD(&json, "time_zone", json_str,
               json_str_of(json_object_get(entry->body, "time_zone")));
    json_key(&json, "data");
    json_array_begin(&json);
    for (int32_t day = days.first; day < days.end; day++) {
        write_day(&json, &days, day, entry->body, calendar);
    }
    json_array_end(&json);
    json_object_end(&json);
    return reply_end(request);
}

/* ---- preview ---- */

struct preview_body {
    int64_t from_us;
    const json_t *target;
};

static const struct field preview_fields[] = {
    FIELD("from", TIME, struct preview_body, from_us, .flags = FIELD_NULLABLE),
    FIELD("target", JSON, struct preview_body, target, .flags = FIELD_REQUIRED),
};
const struct schema calendar_preview_schema = SCHEMA(struct preview_body, preview_fields);

struct preview {
    int64_t from_us; /* TIME_NONE: now */
    struct sla_target target;
};

enum request_step calendar_preview_start(struct request *request)
{
    struct preview_body body;
    struct preview *preview = arena_alloc(request->arena, sizeof *preview);
    if (preview == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    if (!schema_decode(&calendar_preview_schema, request->body, request->arena, &body,
                       &request->faults) ||
        !sla_target_read(body.target, /* has_calendar= */ true, "/target", &preview->target,
                         &request->faults)) {
        return problem_faults(request);
    }
    preview->from_us = body.from_us;
    request->data = preview;
    return request_read(request) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

enum request_step calendar_preview_finish(struct request *request)
{
    const struct preview *preview = request->data;
    const struct catalog_entry *entry;
    const struct calendar *calendar;
    const int64_t from_us = preview->from_us != TIME_NONE ? interest_instant_us(preview->from_us)
                                                          : request->read->op.now_us;
    if (!find_calendar(request, &entry, &calendar)) {
        return REQUEST_REPLY;
    }
    int64_t due_us;
    if (!calendar_covers(calendar, from_us, from_us)) {
        add_reach_fault(request, calendar, "/from");
        return problem_faults(request);
    }
    if (!sla_target_due(&preview->target, calendar, &calendar->zone, from_us, &due_us)) {
        add_reach_fault(request, calendar, "/target");
        return problem_faults(request);
    }
    const int64_t open_us = calendar_open_us(calendar, from_us, due_us);
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    JSON_FIELD(&json, "calendar", json_uuid, entry->id);
    JSON_FIELD(&json, "version", json_int, calendar->version);
    JSON_FIELD(&json, "from", json_time, from_us);
    JSON_FIELD(&json, "due_at", json_time, due_us);
    JSON_FIELD(&json, "open_seconds", json_double, (double)open_us / (double)US_PER_SECOND);
    JSON_FIELD(&json, "wall_seconds", json_double,
               (double)(due_us - from_us) / (double)US_PER_SECOND);
    json_object_end(&json);
    return reply_end(request);
}

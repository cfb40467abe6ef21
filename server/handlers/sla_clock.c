#include "handlers/sla_clock.h"

#include <math.h>

static void write_version(struct json_writer *json, const char *name, const struct rows *rows,
                          size_t row, size_t column)
{
    json_key(json, name);
    if (row_is_null(rows, row, column)) {
        json_nil(json);
    } else {
        json_int(json, row_int(rows, row, column));
    }
}

/* In the order of sla_clock_pauses.sql. */
enum pause_column {
    PAUSE_FROM,
    PAUSE_ENDED_AT,
    PAUSE_UNTIL,
    PAUSE_ACTOR,
    PAUSE_REASON,
    PAUSE_ENDED_BY,
};

static double seconds_between(int64_t from_us, int64_t to_us)
{
    return to_us > from_us ? (double)(to_us - from_us) / (double)US_PER_SECOND : 0.0;
}

/* What met it was told only after the deadline, but happened before. */
static bool was_logged_late(int64_t due_at_us, int64_t evidence_at_us, int64_t met_at_us)
{
    return evidence_at_us != TIME_NONE && met_at_us != TIME_NONE && evidence_at_us < due_at_us &&
           met_at_us >= due_at_us;
}

static void write_fields(struct json_writer *json, const struct rows *rows, size_t row,
                         size_t column, int64_t now_us)
{
    const int64_t started_at_us = row_time(rows, row, column + SLA_CLOCK_STARTED_AT);
    const int64_t ended_at_us = row_time(rows, row, column + SLA_CLOCK_ENDED_AT);
    const int64_t due_at_us = row_time(rows, row, column + SLA_CLOCK_DUE_AT);
    const int64_t met_at_us = row_time(rows, row, column + SLA_CLOCK_MET_AT);
    const int64_t evidence_at_us = row_time(rows, row, column + SLA_CLOCK_EVIDENCE_AT);
    const int64_t paused_at_us = row_time(rows, row, column + SLA_CLOCK_PAUSED_AT);
    const int64_t until_us = ended_at_us != TIME_NONE ? ended_at_us : now_us;
    const double resting = paused_at_us != TIME_NONE ? seconds_between(paused_at_us, until_us)
                                                     : 0.0;
    JSON_FIELD(json, "id", json_uuid, row_uuid(rows, row, column + SLA_CLOCK_ID));
    JSON_FIELD(json, "handoff_id", json_uuid, row_uuid(rows, row, column + SLA_CLOCK_HANDOFF_ID));
    JSON_FIELD(json, "contact_id", json_uuid, row_uuid(rows, row, column + SLA_CLOCK_CONTACT_ID));
    JSON_FIELD(json, "assignee", json_uuid, row_uuid(rows, row, column + SLA_CLOCK_ASSIGNEE));
    JSON_FIELD(json, "kind", json_str, row_text(rows, row, column + SLA_CLOCK_KIND));
    JSON_FIELD(json, "policy", json_str, row_text(rows, row, column + SLA_CLOCK_POLICY));
    JSON_FIELD(json, "policy_id", json_uuid, row_uuid(rows, row, column + SLA_CLOCK_POLICY_ID));
    write_version(json, "policy_version", rows, row, column + SLA_CLOCK_POLICY_VERSION);
    JSON_FIELD(json, "calendar", json_uuid, row_uuid(rows, row, column + SLA_CLOCK_CALENDAR_ID));
    write_version(json, "calendar_version", rows, row, column + SLA_CLOCK_CALENDAR_VERSION);
    JSON_FIELD(json, "state", json_str, row_text(rows, row, column + SLA_CLOCK_STATE));
    JSON_FIELD(json, "started_at", json_time, started_at_us);
    JSON_FIELD(json, "due_at", json_time, due_at_us);
    JSON_FIELD(json, "original_due_at", json_time,
               row_time(rows, row, column + SLA_CLOCK_ORIGINAL_DUE_AT));
    JSON_FIELD(json, "met_at", json_time, met_at_us);
    JSON_FIELD(json, "evidence_at", json_time, evidence_at_us);
    JSON_FIELD(json, "logged_late", json_bool,
               was_logged_late(due_at_us, evidence_at_us, met_at_us));
    JSON_FIELD(json, "breached_at", json_time, row_time(rows, row, column + SLA_CLOCK_BREACHED_AT));
    JSON_FIELD(json, "ended_at", json_time, ended_at_us);
    JSON_FIELD(json, "end_reason", json_str, row_text(rows, row, column + SLA_CLOCK_END_REASON));
    JSON_FIELD(json, "wall_seconds", json_double, seconds_between(started_at_us, until_us));
    /* Whole milliseconds, as the others: it is the difference of two large sums. */
    JSON_FIELD(json, "open_seconds", json_double,
               round(row_real(rows, row, column + SLA_CLOCK_OPEN_SECONDS) * 1e3) / 1e3);
    JSON_FIELD(json, "paused_seconds", json_double,
               row_real(rows, row, column + SLA_CLOCK_PAUSED_SECONDS) + resting);
}

void sla_clock_write(struct json_writer *json, const struct rows *rows, size_t row, size_t column,
                     int64_t now_us)
{
    json_object_begin(json);
    write_fields(json, rows, row, column, now_us);
    json_object_end(json);
}

void sla_clock_write_whole(struct json_writer *json, const struct rows *rows,
                           const struct rows *pauses, int64_t now_us)
{
    json_object_begin(json);
    write_fields(json, rows, 0, 0, now_us);
    json_key(json, "pauses");
    json_array_begin(json);
    for (size_t i = 0; i < rows_count(pauses); i++) {
        const int64_t from_us = row_time(pauses, i, PAUSE_FROM);
        const int64_t ended_at_us = row_time(pauses, i, PAUSE_ENDED_AT);
        json_object_begin(json);
        JSON_FIELD(json, "from", json_time, from_us);
        JSON_FIELD(json, "until", json_time, ended_at_us);
        JSON_FIELD(json, "planned_until", json_time, row_time(pauses, i, PAUSE_UNTIL));
        JSON_FIELD(json, "reason", json_str, row_text(pauses, i, PAUSE_REASON));
        JSON_FIELD(json, "actor", json_str, row_text(pauses, i, PAUSE_ACTOR));
        JSON_FIELD(json, "ended_by", json_str, row_text(pauses, i, PAUSE_ENDED_BY));
        JSON_FIELD(json, "seconds", json_double,
                   seconds_between(from_us, ended_at_us != TIME_NONE ? ended_at_us : now_us));
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

#include "handlers/sla_clock.h"

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

void sla_clock_write(struct json_writer *json, const struct rows *rows, size_t row, size_t column,
                     int64_t now_us)
{
    const int64_t started_at_us = row_time(rows, row, column + SLA_CLOCK_STARTED_AT);
    const int64_t ended_at_us = row_time(rows, row, column + SLA_CLOCK_ENDED_AT);
    const int64_t wall_us = (ended_at_us != TIME_NONE ? ended_at_us : now_us) - started_at_us;
    json_object_begin(json);
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
    JSON_FIELD(json, "due_at", json_time, row_time(rows, row, column + SLA_CLOCK_DUE_AT));
    JSON_FIELD(json, "met_at", json_time, row_time(rows, row, column + SLA_CLOCK_MET_AT));
    JSON_FIELD(json, "breached_at", json_time, row_time(rows, row, column + SLA_CLOCK_BREACHED_AT));
    JSON_FIELD(json, "ended_at", json_time, ended_at_us);
    JSON_FIELD(json, "end_reason", json_str, row_text(rows, row, column + SLA_CLOCK_END_REASON));
    JSON_FIELD(json, "wall_seconds", json_double,
               wall_us > 0 ? (double)wall_us / (double)US_PER_SECOND : 0.0);
    JSON_FIELD(json, "open_seconds", json_double,
               row_real(rows, row, column + SLA_CLOCK_OPEN_SECONDS));
    json_object_end(json);
}

/* A clock as the API shows it: in the list of clocks and with its handoff. */
#pragma once

#include "base/json_write.h"
#include "store/rows.h"

/* In the order of sla_clock_page.sql. */
enum sla_clock_column {
    SLA_CLOCK_ID,
    SLA_CLOCK_HANDOFF_ID,
    SLA_CLOCK_CONTACT_ID,
    SLA_CLOCK_ASSIGNEE,
    SLA_CLOCK_KIND,
    SLA_CLOCK_POLICY,
    SLA_CLOCK_POLICY_ID,
    SLA_CLOCK_STATE,
    SLA_CLOCK_STARTED_AT,
    SLA_CLOCK_DUE_AT,
    SLA_CLOCK_MET_AT,
    SLA_CLOCK_BREACHED_AT,
    SLA_CLOCK_ENDED_AT,
    SLA_CLOCK_END_REASON,
    SLA_CLOCK_POLICY_VERSION,
    SLA_CLOCK_CALENDAR_ID,
    SLA_CLOCK_CALENDAR_VERSION,
    SLA_CLOCK_OPEN_SECONDS,
    SLA_CLOCK_ORIGINAL_DUE_AT,
    SLA_CLOCK_EVIDENCE_AT,
    SLA_CLOCK_PAUSED_AT,
    SLA_CLOCK_PAUSED_SECONDS,
};

/* Writes the object of one row, whose columns begin at `column`. A clock that has not ended has run
 * until `now_us`, the database's time. */
void sla_clock_write(struct json_writer *json, const struct rows *rows, size_t row, size_t column,
                     int64_t now_us);
/* The same with "pauses", from the rows of sla_clock_pauses.sql. */
void sla_clock_write_whole(struct json_writer *json, const struct rows *rows,
                           const struct rows *pauses, int64_t now_us);

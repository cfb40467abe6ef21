/*
 * How a commitment stands in a period, as commitment_status.sql and commitment_periods.sql say it,
 * made ready to be judged (domain/commitment.h).
 */
#pragma once

#include "domain/commitment.h"
#include "store/rows.h"

/* The columns that all have in common. */
enum standing_column {
    STANDING_NOW,
    STANDING_ID,
    STANDING_NAME,
    STANDING_SINCE,
    STANDING_UNTIL,
    STANDING_VERSION,
    STANDING_TEAM,
    STANDING_METRIC,
    STANDING_IS_AT_MOST,
    STANDING_TARGET,
    STANDING_PERIOD,
    STANDING_NUMERATOR,
    STANDING_DENOMINATOR,
    STANDING_PENDING,
    STANDING_SHARE,
    STANDING_NEXT_STEP_AT,
    STANDING_PAST_NUMERATORS,
    STANDING_PAST_DENOMINATORS,
    STANDING_CAPACITY,
    STANDING_EXCUSED,
    STANDING_COLUMNS_
};

/* Those that commitment_status.sql has behind them. */
enum status_column {
    STATUS_IN_DANGER_SINCE = STANDING_COLUMNS_,
    STATUS_IS_TOLD,
};

struct commitment_facts commitment_facts_read(const struct rows *rows, size_t row);

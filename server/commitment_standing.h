/*
 * How a commitment stands in a period, from the database's rows to JSON: what /v1/sla/status and
 * the commitment's own pages show alike.
 */
#pragma once

#include "base/json_write.h"
#include "store/commitment_rows.h"

/* Behind them, in commitment_periods.sql and report_attainment.sql: what was found when the period
 * closed. */
enum frozen_column {
    FROZEN_AT = STANDING_COLUMNS_,
    FROZEN_VERSION,
    FROZEN_TARGET,
    FROZEN_NUMERATOR,
    FROZEN_DENOMINATOR,
    FROZEN_PENDING,
    FROZEN_ACTUAL,
    FROZEN_STATE,
    FROZEN_COLUMNS_
};

struct standing {
    const struct rows *rows;
    size_t row;
    struct commitment_facts facts;
    struct commitment_verdict verdict;
};

/* Reads a row and judges it. */
struct standing standing_read(const struct rows *rows, size_t row);
/* Of rows with the frozen columns: whether it was found for ever, and whether other numbers would
 * be counted now. */
bool standing_is_frozen(const struct standing *standing);
bool standing_is_restated(const struct standing *standing);
/* The members that say which period it is and what was promised, without the enclosing braces. */
void standing_write_promise(struct json_writer *json, const struct standing *standing);
/* Those that say how it stands now. */
void standing_write_verdict(struct json_writer *json, const struct standing *standing);
/* An amount counted: a whole number where the metric counts or adds, else a fraction; NaN: null. */
void standing_write_value(struct json_writer *json, const struct standing *standing, double value);
/* A count or sum has no denominator: null. */
void standing_write_parts(struct json_writer *json, int64_t numerator, bool has_denominator,
                          int64_t denominator, int64_t pending);

#include "commitment_standing.h"

#include <math.h>

struct standing standing_read(const struct rows *rows, size_t row)
{
    struct standing standing = {
        .rows = rows, .row = row, .facts = commitment_facts_read(rows, row)};
    standing.verdict = commitment_judge(&standing.facts);
    return standing;
}

bool standing_is_frozen(const struct standing *standing)
{
    return !row_is_null(standing->rows, standing->row, FROZEN_AT);
}

bool standing_is_restated(const struct standing *standing)
{
    const struct rows *rows = standing->rows;
    const size_t row = standing->row;
    return standing_is_frozen(standing) &&
           (row_bigint(rows, row, FROZEN_NUMERATOR) != row_bigint(rows, row, STANDING_NUMERATOR) ||
            row_bigint(rows, row, FROZEN_DENOMINATOR) !=
                row_bigint(rows, row, STANDING_DENOMINATOR));
}

void standing_write_value(struct json_writer *json, const struct standing *standing, double value)
{
    const bool fits = isfinite(value) && fabs(value) < 9e15;
    if (fits && commitment_is_whole(standing->facts.metric) && rint(value) == value) {
        json_int(json, (int64_t)value);
    } else {
        json_double(json, value);
    }
}

void standing_write_parts(struct json_writer *json, int64_t numerator, bool has_denominator,
                          int64_t denominator, int64_t pending)
{
    JSON_FIELD(json, "numerator", json_int, numerator);
    json_key(json, "denominator");
    if (has_denominator) {
        json_int(json, denominator);
    } else {
        json_nil(json);
    }
    JSON_FIELD(json, "pending", json_int, pending);
}

void standing_write_promise(struct json_writer *json, const struct standing *standing)
{
    const struct rows *rows = standing->rows;
    const size_t row = standing->row;
    JSON_FIELD(json, "id", json_uuid, row_uuid(rows, row, STANDING_ID));
    JSON_FIELD(json, "team", json_str, row_text(rows, row, STANDING_TEAM));
    JSON_FIELD(json, "name", json_str, row_text(rows, row, STANDING_NAME));
    JSON_FIELD(json, "metric", json_str, row_text(rows, row, STANDING_METRIC));
    JSON_FIELD(json, "period", json_str, row_text(rows, row, STANDING_PERIOD));
    JSON_FIELD(json, "period_start", json_time, row_time(rows, row, STANDING_SINCE));
    JSON_FIELD(json, "period_end", json_time, row_time(rows, row, STANDING_UNTIL));
    JSON_FIELD(json, "direction", json_text, standing->facts.is_at_most ? "at_most" : "at_least");
    json_key(json, "target");
    standing_write_value(json, standing, standing->facts.target);
}

/* Of the handoffs beyond what was agreed, those whose clocks were still running were excused. */
static void write_capacity(struct json_writer *json, const struct standing *standing)
{
    const struct rows *rows = standing->rows;
    json_key(json, "capacity");
    if (row_is_null(rows, standing->row, STANDING_CAPACITY)) {
        json_nil(json);
        return;
    }
    const int64_t agreed = row_bigint(rows, standing->row, STANDING_CAPACITY);
    const int64_t delivered = row_bigint(rows, standing->row, STANDING_NUMERATOR);
    json_object_begin(json);
    JSON_FIELD(json, "agreed", json_int, agreed);
    JSON_FIELD(json, "delivered", json_int, delivered);
    JSON_FIELD(json, "surplus", json_int, delivered > agreed ? delivered - agreed : 0);
    JSON_FIELD(json, "excused", json_int, row_bigint(rows, standing->row, STANDING_EXCUSED));
    json_object_end(json);
}

static void write_forecast(struct json_writer *json, const struct commitment_verdict *verdict)
{
    json_key(json, "forecast");
    if (!verdict->has_forecast) {
        json_nil(json);
        return;
    }
    json_object_begin(json);
    JSON_FIELD(json, "expected", json_double, verdict->forecast.expected);
    JSON_FIELD(json, "low", json_double, verdict->forecast.low);
    JSON_FIELD(json, "high", json_double, verdict->forecast.high);
    json_object_end(json);
}

void standing_write_verdict(struct json_writer *json, const struct standing *standing)
{
    const struct rows *rows = standing->rows;
    const size_t row = standing->row;
    const struct commitment_verdict *verdict = &standing->verdict;
    json_key(json, "actual");
    standing_write_value(json, standing, verdict->actual);
    standing_write_parts(json, row_bigint(rows, row, STANDING_NUMERATOR),
                         !commitment_is_whole(standing->facts.metric),
                         row_bigint(rows, row, STANDING_DENOMINATOR),
                         row_bigint(rows, row, STANDING_PENDING));
    json_key(json, "expected_by_now");
    standing_write_value(json, standing, verdict->expected_by_now);
    write_forecast(json, verdict);
    JSON_FIELD(json, "state", json_text, commitment_state_names[verdict->state]);
    const bool must_act = verdict->state == COMMITMENT_AT_RISK ||
                          verdict->state == COMMITMENT_BEHIND;
    json_key(json, "must_act");
    json_str(json, must_act ? row_text(rows, row, STANDING_TEAM) : (struct str){0});
    write_capacity(json, standing);
}

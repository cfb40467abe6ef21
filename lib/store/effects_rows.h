/*
 * Rows as JSON objects with the columns' names: the members only, into an object that the caller
 * has begun.
 */
#pragma once

#include "base/json_write.h"
#include "domain/change.h"

/* The row `index` of its kind among the effects. */
typedef void effect_row_fn(struct json_writer *json, const struct effects *effects, size_t index);

effect_row_fn effect_row_history;
effect_row_fn effect_row_pause_end;
effect_row_fn effect_row_attempt;
effect_row_fn effect_row_feedback;
effect_row_fn effect_row_consent;
effect_row_fn effect_row_deal;
effect_row_fn effect_row_quarantine;
effect_row_fn effect_row_settlement;

void handoff_write_row(struct json_writer *json, const struct handoff *handoff);
void clock_write_row(struct json_writer *json, struct uuid contact_id,
                     const struct clock_record *clock);

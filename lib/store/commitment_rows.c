#include "store/commitment_rows.h"

#include <assert.h>

#include "domain/funnel.h"

struct commitment_facts commitment_facts_read(const struct rows *rows, size_t row)
{
    const int metric = name_index(commitment_metric_names, row_text(rows, row, STANDING_METRIC));
    assert(metric >= 0);
    struct commitment_facts facts = {
        .metric = (enum commitment_metric)metric,
        .is_at_most = row_bool(rows, row, STANDING_IS_AT_MOST),
        .target = row_real(rows, row, STANDING_TARGET),
        .numerator = (double)row_bigint(rows, row, STANDING_NUMERATOR),
        .denominator = (double)row_bigint(rows, row, STANDING_DENOMINATOR),
        .pending = (double)row_bigint(rows, row, STANDING_PENDING),
        .elapsed = row_real(rows, row, STANDING_SHARE),
        .is_over = row_time(rows, row, STANDING_UNTIL) <= row_time(rows, row, STANDING_NOW),
    };
    facts.past_count =
        row_reals(rows, row, STANDING_PAST_NUMERATORS, facts.past_numerators, COMMITMENT_PAST_MAX);
    (void)row_reals(rows, row, STANDING_PAST_DENOMINATORS, facts.past_denominators,
                    COMMITMENT_PAST_MAX);
    return facts;
}

/* Idempotency keys of the operations in a batch; see op.h. For lib/store only. */
#pragma once

#include "store/op.h"

/* For so long the first answer counts. */
extern const int64_t idempotency_retention_us;

/* One operation's key and the results it is about. */
struct idempotent {
    struct idempotency *idempotency;
    struct input_result *const *results; /* of the inputs, in order */
    size_t result_count;
};

/* Parameters of IDEMPOTENCY_EXISTING; how many keys there are. */
size_t idempotency_lookup_params(struct params *params, const struct idempotent *operations,
                                 size_t count);
/*
 * Answers what was answered before: fills the results and sets is_replay. Another body is
 * ERR_INVALID, an answer of another shape too, in every result. A second operation of the batch
 * with the same key is ERR_CONFLICT: its twin is in flight. All of these have result.is_replay, so
 * they are not decided.
 */
enum err_code idempotency_take(const struct rows *rows, const struct idempotent *operations,
                               size_t count, struct err *reterr) MUSTCHECK;
/* Parameters of IDEMPOTENCY_INSERT for the operations that changed something; how many there are.
 */
size_t idempotency_insert_params(struct params *params, const struct idempotent *operations,
                                 size_t count, int64_t now_us);

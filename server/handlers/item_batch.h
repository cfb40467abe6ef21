/*
 * Bodies that carry many items, for the routes that take them: each item is decoded, stored and
 * answered for itself, a bad one does not stop the others. The answer is 200 with {"results":
 * [{"index", "status": 201|200|422, "id", "contact_id", "error"?}]}, one for each item, in order;
 * pointers are into the item.
 */
#pragma once

#include "request.h"

/* Fills the input from one item, or leaves faults in request->faults: all there are. */
typedef void item_decode_fn(struct request *request, const json_t *item, struct input *input);

struct item_batch {
    struct item *items;
    size_t count;
    struct input *inputs; /* of the items without faults */
    size_t input_count;
};

/* The list under `name` of the body: 0 to CHANGE_INPUTS_MAX items. NULL: faults were added. */
const json_t *item_batch_list(struct request *request, const char *name);

/* Decodes the items of `list`; NULL: the body itself is the only one. It is request->data then, in
 * the arena. NULL: out of memory, the reply says so. */
struct item_batch *item_batch_decode(struct request *request, const json_t *list,
                                     item_decode_fn *decode);
/* Gives the inputs to the store; without any the answer is there at once. */
enum request_step item_batch_run(struct request *request, struct item_batch *batch);
/* Answers for all items. Fits struct route. */
enum request_step item_batch_finish(struct request *request);

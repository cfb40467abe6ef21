#include "handlers/item_batch.h"

#include "handlers/handlers.h"
#include "handlers/handoff_refusal.h"

/* So many travel with the forms' posts; more take as long as many of them. */
enum { FEW_INPUTS = 32 };

struct item {
    const struct faults *faults; /* NULL: it went into the inputs */
    size_t input;
};

const json_t *item_batch_list(struct request *request, const char *name)
{
    struct json_pointer pointer;
    json_pointer_init(&pointer, "");
    (void)json_pointer_push(&pointer, str_from(name));
    const json_t *list = json_object_get(request->body, name);
    if (list == NULL) {
        faults_add(&request->faults, pointer.text, "required", "This has to be there.");
    } else if (!json_is_array(list)) {
        faults_add(&request->faults, pointer.text, "type", "This has to be an array.");
    } else if (json_array_size(list) > CHANGE_INPUTS_MAX) {
        faults_add(&request->faults, pointer.text, "too_many", "At most %d %s at once.",
                   CHANGE_INPUTS_MAX, name);
    } else {
        return list;
    }
    return NULL;
}

/* ---- what comes in ---- */

/* What is wrong with an item stays with it. False: out of memory. */
static bool take_item(struct request *request, struct item_batch *batch, const json_t *value,
                      item_decode_fn *decode)
{
    struct item *item = &batch->items[batch->count++];
    decode(request, value, &batch->inputs[batch->input_count]);
    if (request->faults.count == 0) {
        item->input = batch->input_count++;
        return true;
    }
    struct faults *faults = arena_alloc(request->arena, sizeof *faults);
    if (faults == NULL) {
        return false;
    }
    *faults = request->faults;
    item->faults = faults;
    faults_init(&request->faults, request->arena);
    return true;
}

static struct item_batch *no_memory(struct request *request)
{
    (void)problem(request, ERR_NOMEM, "Out of memory. Try again.");
    return NULL;
}

struct item_batch *item_batch_decode(struct request *request, const json_t *list,
                                     item_decode_fn *decode)
{
    const size_t count = list != NULL ? json_array_size(list) : 1;
    struct item_batch *batch = arena_alloc(request->arena, sizeof *batch);
    if (batch == NULL) {
        return no_memory(request);
    }
    batch->items = arena_array(request->arena, count, sizeof *batch->items);
    batch->inputs = arena_array(request->arena, count, sizeof *batch->inputs);
    if (batch->items == NULL || batch->inputs == NULL) {
        return no_memory(request);
    }
    request->data = batch;
    for (size_t i = 0; i < count; i++) {
        const json_t *value = list != NULL ? json_array_get(list, i) : request->body;
        if (!take_item(request, batch, value, decode)) {
            return no_memory(request);
        }
    }
    return batch;
}

enum request_step item_batch_run(struct request *request, struct item_batch *batch)
{
    if (batch->input_count == 0) {
        return item_batch_finish(request);
    }
    const enum lane lane = batch->input_count > FEW_INPUTS ? LANE_BULK : LANE_INGEST;
    return request_change(request, batch->inputs, batch->input_count, lane) != NULL ? REQUEST_RUN
                                                                                    : REQUEST_REPLY;
}

/* ---- what goes out ---- */

static void write_refusal(struct json_writer *json, const char *detail, const struct faults *faults)
{
    JSON_FIELD(json, "status", json_int, 422);
    JSON_FIELD(json, "id", json_text, NULL);
    JSON_FIELD(json, "contact_id", json_text, NULL);
    json_key(json, "error");
    json_object_begin(json);
    JSON_FIELD(json, "title", json_text, "The input is not valid");
    JSON_FIELD(json, "detail", json_text, detail);
    json_key(json, "errors");
    faults_write(faults, json);
    json_object_end(json);
}

/* What the store refused names its fault as well: where it is about a field, that. */
static void write_store_refusal(struct json_writer *json, const struct input *input, bool is_replay)
{
    const struct input_result *result = &input->result;
    if (result->faults != NULL) {
        write_refusal(json, result->detail, result->faults);
        return;
    }
    struct fault fault = {.pointer = "", .code = err_name(result->code), .detail = result->detail};
    if (result->code == ERR_NOT_FOUND && !uuid_is_nil(input->contact_id)) {
        fault.pointer = "/contact_id";
        fault.code = "unknown_reference";
    } else if (result->is_replay && !is_replay) { /* known by its id, and another */
        fault.pointer = "/id";
        fault.code = "conflict";
    }
    const struct faults faults = {.items = &fault, .count = 1};
    write_refusal(json, result->detail, &faults);
}

/* An upsert makes a contact or knows it, an activity is recorded or was before. */
static void write_done(struct json_writer *json, const struct input *input, bool is_replay)
{
    const struct input_result *result = &input->result;
    const bool is_contact = input->kind == INPUT_UPSERT;
    const bool is_repeat = is_replay ? result->was_replay : result->is_replay;
    const bool is_made = is_contact ? result->is_new_contact : !is_repeat;
    JSON_FIELD(json, "status", json_int, is_made ? 201 : 200);
    JSON_FIELD(json, "id", json_uuid, is_contact ? result->contact_id : result->id);
    JSON_FIELD(json, "contact_id", json_uuid, result->contact_id);
}

static void write_item(struct json_writer *json, const struct item_batch *batch, size_t index,
                       bool is_replay)
{
    const struct item *item = &batch->items[index];
    const struct input *input = &batch->inputs[item->input];
    json_object_begin(json);
    JSON_FIELD(json, "index", json_int, (int64_t)index);
    if (item->faults != NULL) {
        write_refusal(json, item->faults->items[0].detail, item->faults);
    } else if (input->result.code != OK) {
        write_store_refusal(json, input, is_replay);
    } else {
        write_done(json, input, is_replay);
    }
    json_object_end(json);
}

/* An answer is kept only if something was done: when nothing is left of it, the key was used for
 * something else. */
static bool is_other_use_of_key(const struct request *request, const struct item_batch *batch)
{
    bool is_other = request->is_replay && batch->input_count > 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        is_other = is_other && batch->inputs[i].result.code != OK;
    }
    return is_other;
}

enum request_step item_batch_finish(struct request *request)
{
    const struct item_batch *batch = request->data;
    if (is_other_use_of_key(request, batch)) {
        return handoff_refuse(request, &batch->inputs[0]);
    }
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    json_key(&json, "results");
    json_array_begin(&json);
    for (size_t i = 0; i < batch->count; i++) {
        write_item(&json, batch, i, request->is_replay);
    }
    json_array_end(&json);
    json_object_end(&json);
    return reply_end(request);
}

#include "commands/import_batch.h"

#include <assert.h>

#include "commands/command.h"

void import_batch_init(struct import_batch *batch, struct import_run *run)
{
    *batch = (struct import_batch){.run = run};
    arena_init(&batch->arena, IMPORT_BATCH_ARENA_BYTES);
}

void import_batch_done(struct import_batch *batch)
{
    assert(!batch->is_under_way);
    catalog_unref(batch->catalog);
    arena_done(&batch->arena);
}

static enum err_code no_memory(struct err *reterr)
{
    return err_set(reterr, ERR_NOMEM, "Out of memory for %d rows.", IMPORT_BATCH_ROWS);
}

static bool is_rejected(const struct import_line *line)
{
    return line->record.reason != NULL;
}

/* ---- fill ---- */

/* The reader forgets a row with the next one, so it is copied. */
static enum err_code take_row(struct import_batch *batch, const struct csv_row *row,
                              struct err *reterr)
{
    struct import_line *line = &batch->lines[batch->count++];
    *line = (struct import_line){.at_us = TIME_NONE};
    if (row->fields == NULL) {
        line->text = arena_str(&batch->arena, row->text);
        line->record.reason = arena_strdup(&batch->arena, row->reason);
        return line->text.data != NULL && line->record.reason != NULL ? OK : no_memory(reterr);
    }
    struct str *fields = arena_array(&batch->arena, row->count, sizeof *fields);
    if (fields == NULL) {
        return no_memory(reterr);
    }
    for (size_t i = 0; i < row->count; i++) {
        fields[i] = arena_str(&batch->arena, row->fields[i]);
        if (fields[i].data == NULL) {
            return no_memory(reterr);
        }
    }
    line->fields = fields;
    return import_record_read(batch->run->rules, fields, &batch->arena, &line->record, reterr);
}

enum err_code import_batch_fill(struct import_batch *batch, struct csv_reader *reader,
                                struct err *reterr)
{
    assert(!batch->is_under_way);
    arena_clear(&batch->arena);
    batch->count = 0;
    batch->lines = arena_array(&batch->arena, IMPORT_BATCH_ROWS, sizeof *batch->lines);
    if (batch->lines == NULL) {
        return no_memory(reterr);
    }
    const uint64_t bytes_before = csv_reader_bytes(reader);
    enum err_code code = OK;
    while (code == OK && batch->count < IMPORT_BATCH_ROWS &&
           csv_reader_bytes(reader) - bytes_before < IMPORT_BATCH_BYTES) {
        struct csv_row row;
        const enum csv_result result = csv_reader_next(reader, &row, reterr);
        if (result == CSV_FAILED) {
            return reterr->code;
        }
        if (result == CSV_END) {
            break;
        }
        code = take_row(batch, &row, reterr);
    }
    batch->bytes_read = csv_reader_bytes(reader);
    return code;
}

/* ---- ask ---- */

/* What the database says, by line; rejected lines are not asked about. */
struct question {
    struct read_op op;
    struct import_batch *batch;
    bool asks_for_contacts;
};

static bool has_local_time(const struct import_line *line)
{
    return !is_rejected(line) && line->record.has_time && line->record.time.is_local;
}

static void take_answers(struct op *op)
{
    struct question *question =
        CONTAINER_OF(CONTAINER_OF(op, struct read_op, op), struct question, op);
    struct import_batch *batch = question->batch;
    if (op->err.code != OK) {
        return;
    }
    const struct rows *times = question->op.queries[0].rows;
    for (size_t i = 0, row = 0; i < batch->count; i++) {
        if (has_local_time(&batch->lines[i])) {
            batch->lines[i].at_us = row_time(times, row++, 0);
        }
    }
    if (!question->asks_for_contacts) {
        return;
    }
    const struct rows *known = question->op.queries[1].rows;
    for (size_t i = 0, row = 0; i < batch->count; i++) {
        if (!is_rejected(&batch->lines[i]) && !row_bool(known, row++, 0)) {
            import_record_refuse(&batch->lines[i].record, &batch->arena, STR_LITERAL("email"),
                                 "There is no contact with this address.");
        }
    }
}

/* The parameters of both questions; how many there are to ask. */
static size_t put_questions(struct question *question, const struct catalog *catalog)
{
    struct import_batch *batch = question->batch;
    struct params *params = read_op_query(&question->op, STATEMENT_LOCAL_TIMES);
    struct param *times = param_array(params, ITEM_TEXT);
    param_text(params, catalog_organisation(catalog)->time_zone);
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (has_local_time(&batch->lines[i])) {
            item_text(times, str_from(batch->lines[i].record.time.text));
            count++;
        }
    }
    if (!question->asks_for_contacts) {
        return count;
    }
    struct param *emails =
        param_array(read_op_query(&question->op, STATEMENT_EMAIL_KNOWN), ITEM_TEXT);
    for (size_t i = 0; i < batch->count; i++) {
        if (!is_rejected(&batch->lines[i])) {
            item_text(emails, batch->lines[i].record.address.key);
            count++;
        }
    }
    return count;
}

enum err_code import_batch_ask(struct import_batch *batch, bool asks_for_contacts,
                               struct err *reterr)
{
    for (size_t i = 0; i < batch->count; i++) {
        batch->lines[i].at_us = batch->lines[i].record.time.at_us;
    }
    struct question question = {.batch = batch, .asks_for_contacts = asks_for_contacts};
    read_op_init(&question.op);
    question.op.op.finish = take_answers;
    struct catalog *catalog = store_catalog(batch->run->store);
    const size_t count = put_questions(&question, catalog);
    catalog_unref(catalog);
    const enum err_code code = count > 0 ? command_run(batch->run->store, &question.op.op, reterr)
                                         : OK;
    read_op_done(&question.op);
    return code;
}

/* ---- build, start, wait ---- */

enum err_code import_batch_build(struct import_batch *batch, struct err *reterr)
{
    const struct import_run *run = batch->run;
    catalog_unref(batch->catalog);
    batch->catalog = store_catalog(run->store);
    batch->inputs = arena_array(&batch->arena, batch->count, sizeof *batch->inputs);
    if (batch->inputs == NULL) {
        return no_memory(reterr);
    }
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct import_line *line = &batch->lines[i];
        line->input = NULL;
        if (line->fields == NULL || (is_rejected(line) && line->is_checked)) {
            continue;
        }
        line->is_checked = true; /* a row that is rejected already may have other faults to tell */
        const struct import_resolved resolved = {
            .at_us = line->at_us,
            .assignee = import_names_member(run->names, line->record.assignee),
            .qualified_by = import_names_member(run->names, line->record.qualified_by),
        };
        if (import_record_input(run->rules, &line->record, &resolved, batch->catalog, &batch->arena,
                                &batch->inputs[count]) != OK) {
            return no_memory(reterr);
        }
        if (!is_rejected(line)) {
            line->input = &batch->inputs[count++];
        }
    }
    change_op_init(&batch->change, batch->inputs, count, LANE_INGEST);
    batch->change.op.catalog = batch->catalog;
    return OK;
}

/* On the store's thread; the batch is the importing thread's again when the lock is released. */
static void on_done(struct op *op)
{
    struct import_batch *batch = op->context;
    struct import_run *run = batch->run;
    (void)pthread_mutex_lock(&run->lock);
    batch->is_done = true;
    (void)pthread_cond_signal(&run->is_over);
    (void)pthread_mutex_unlock(&run->lock);
}

static enum err_code submit(struct import_batch *batch, struct err *reterr)
{
    batch->change.op.done = on_done;
    batch->change.op.context = batch;
    batch->is_done = false;
    if (!store_submit(batch->run->store, &batch->change.op)) {
        return err_set(reterr, ERR_BUSY, "The store takes no more work.");
    }
    batch->is_under_way = true;
    return OK;
}

enum err_code import_batch_start(struct import_batch *batch, struct err *reterr)
{
    return batch->change.input_count > 0 ? submit(batch, reterr) : OK;
}

static void wait_for_store(struct import_batch *batch)
{
    struct import_run *run = batch->run;
    (void)pthread_mutex_lock(&run->lock);
    while (!batch->is_done) {
        (void)pthread_cond_wait(&run->is_over, &run->lock);
    }
    (void)pthread_mutex_unlock(&run->lock);
    batch->is_under_way = false;
}

static void take_result(struct import_batch *batch, struct import_line *line)
{
    const struct input_result *result = &line->input->result;
    if (result->code == OK) {
        line->is_known = result->is_replay || !result->changed;
        return;
    }
    const bool is_unknown = result->code == ERR_NOT_FOUND;
    struct str field = is_unknown ? STR_LITERAL("email") : STR_LITERAL("row");
    if (result->faults != NULL && result->faults->count > 0) {
        field = str_from(result->faults->items[0].pointer + 1);
    }
    import_record_refuse(&line->record, &batch->arena, field,
                         is_unknown ? "There is no contact with this address." : result->detail);
}

enum err_code import_batch_wait(struct import_batch *batch, struct err *reterr)
{
    unsigned restarts = 0;
    while (batch->is_under_way) {
        wait_for_store(batch);
        if (!batch->change.op.must_restart) {
            break;
        }
        if (++restarts > IMPORT_RESTARTS_MAX) {
            return err_set(reterr, ERR_BUSY, "The set-up is being changed all the time.");
        }
        enum err_code code = import_batch_build(batch, reterr);
        code = code != OK ? code : import_batch_start(batch, reterr);
        if (code != OK) {
            return code;
        }
    }
    if (batch->change.input_count > 0 && batch->change.op.err.code != OK) {
        *reterr = batch->change.op.err;
        return reterr->code;
    }
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->lines[i].input != NULL) {
            take_result(batch, &batch->lines[i]);
        }
    }
    return OK;
}

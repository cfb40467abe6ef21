#include "commands/import_batch.h"

#include <assert.h>

#include "commands/command.h"

void import_batch_init(struct import_batch *batch, struct import_run *run)
{
    static const enum lane lanes[] = {LANE_INGEST, LANE_BULK, LANE_WRITE}; /* a connection each */
    _Static_assert(ARRAY_LEN(lanes) == IMPORT_TRACKS, "each track has a lane");
    *batch = (struct import_batch){.run = run};
    arena_init(&batch->arena, IMPORT_BATCH_ARENA_BYTES);
    for (size_t t = 0; t < IMPORT_TRACKS; t++) {
        batch->tracks[t] = (struct import_track){.run = run, .lane = lanes[t]};
        arena_init(&batch->tracks[t].arena, IMPORT_BATCH_ARENA_BYTES);
    }
}

void import_batch_done(struct import_batch *batch)
{
    for (size_t t = 0; t < IMPORT_TRACKS; t++) {
        assert(!batch->tracks[t].is_under_way);
        arena_done(&batch->tracks[t].arena);
    }
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

/* The rows of one address keep together. FNV-1a as in import_names.c. */
static size_t track_of(const struct import_record *record)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < record->address.key.len; i++) {
        hash = (hash ^ (unsigned char)record->address.key.data[i]) * 16777619U;
    }
    return hash % IMPORT_TRACKS;
}

/* The reader forgets a row with the next one, so it is copied. */
static enum err_code take_row(struct import_batch *batch, const struct import_source_row *row,
                              size_t column_count, struct err *reterr)
{
    struct import_line *line = &batch->lines[batch->count++];
    *line = (struct import_line){.number = row->number, .at_us = TIME_NONE};
    if (row->text.data != NULL) {
        line->text = arena_str(&batch->arena, row->text);
    }
    if (row->fields == NULL) {
        line->record.reason = arena_strdup(&batch->arena, row->reason);
        return line->text.data != NULL && line->record.reason != NULL ? OK : no_memory(reterr);
    }
    struct str *fields = arena_array(&batch->arena, column_count, sizeof *fields);
    bool is_copied = fields != NULL && (row->text.data == NULL || line->text.data != NULL);
    for (size_t i = 0; i < column_count && is_copied; i++) {
        fields[i] = arena_str(&batch->arena, row->fields[i]);
        is_copied = fields[i].data != NULL;
    }
    if (!is_copied) {
        return no_memory(reterr);
    }
    line->fields = fields;
    const enum err_code code = import_record_read(batch->run->rules, fields, row->kinds,
                                                  &batch->arena, &line->record, reterr);
    line->track = track_of(&line->record);
    batch->tracks[line->track].row_count++;
    return code;
}

static bool has_room(const struct import_batch *batch)
{
    bool has_room = true;
    for (size_t t = 0; t < IMPORT_TRACKS; t++) {
        has_room = has_room && batch->tracks[t].row_count < IMPORT_TRACK_ROWS;
    }
    return has_room && batch->count < IMPORT_BATCH_ROWS;
}

enum err_code import_batch_fill(struct import_batch *batch, struct import_rows *rows,
                                struct err *reterr)
{
    arena_clear(&batch->arena);
    for (size_t t = 0; t < IMPORT_TRACKS; t++) {
        assert(!batch->tracks[t].is_under_way);
        arena_clear(&batch->tracks[t].arena);
        batch->tracks[t].row_count = 0;
        batch->tracks[t].change = (struct change_op){.inputs = NULL};
        batch->tracks[t].must_run = true;
    }
    batch->count = 0;
    batch->lines = arena_array(&batch->arena, IMPORT_BATCH_ROWS, sizeof *batch->lines);
    if (batch->lines == NULL) {
        return no_memory(reterr);
    }
    const uint64_t bytes_before = import_rows_bytes(rows);
    enum err_code code = OK;
    while (code == OK && has_room(batch) &&
           import_rows_bytes(rows) - bytes_before < IMPORT_BATCH_BYTES) {
        struct import_source_row row;
        const enum csv_result result = import_rows_next(rows, &row, reterr);
        if (result == CSV_FAILED) {
            return reterr->code;
        }
        if (result == CSV_END) {
            break;
        }
        code = take_row(batch, &row, rows->column_count, reterr);
    }
    batch->bytes_read = import_rows_bytes(rows);
    return code;
}

/* ---- ask ---- */

struct question {
    struct read_op op;
    struct import_batch *batch;
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
}

enum err_code import_batch_ask(struct import_batch *batch, struct err *reterr)
{
    struct question question = {.batch = batch};
    read_op_init(&question.op);
    question.op.op.finish = take_answers;
    struct catalog *catalog = store_catalog(batch->run->store);
    struct params *params = read_op_query(&question.op, STATEMENT_LOCAL_TIMES);
    struct param *times = param_array(params, ITEM_TEXT);
    param_text(params, catalog_organisation(catalog)->time_zone);
    catalog_unref(catalog);
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        batch->lines[i].at_us = batch->lines[i].record.time.at_us;
        if (has_local_time(&batch->lines[i])) {
            item_text(times, str_from(batch->lines[i].record.time.text));
            count++;
        }
    }
    const enum err_code code = count > 0 ? store_run(batch->run->store, &question.op.op, reterr)
                                         : OK;
    read_op_done(&question.op);
    return code;
}

/* ---- build, start, wait ---- */

/* The line's input, on its track; none when it is rejected. */
static enum err_code build_line(struct import_batch *batch, struct import_line *line,
                                struct err *reterr)
{
    const struct import_run *run = batch->run;
    struct import_track *track = &batch->tracks[line->track];
    if (!track->must_run || line->fields == NULL || (is_rejected(line) && line->is_checked)) {
        return OK;
    }
    line->input = NULL;
    line->is_checked = true; /* a row that is rejected already may have other faults to tell */
    const struct import_resolved resolved = {
        .at_us = line->at_us,
        .assignee = import_names_member(run->names, line->record.assignee),
        .qualified_by = import_names_member(run->names, line->record.qualified_by),
    };
    assert(track->input_count < track->row_count);
    struct input *input = &track->inputs[track->input_count];
    if (import_record_input(run->rules, &line->record, &resolved, batch->catalog, &batch->arena,
                            input) != OK) {
        return no_memory(reterr);
    }
    if (!is_rejected(line)) {
        input->arena = &track->arena;
        line->input = input;
        track->input_count++;
    }
    return OK;
}

enum err_code import_batch_build(struct import_batch *batch, struct err *reterr)
{
    catalog_unref(batch->catalog);
    batch->catalog = store_catalog(batch->run->store);
    for (size_t t = 0; t < IMPORT_TRACKS; t++) {
        struct import_track *track = &batch->tracks[t];
        if (!track->must_run) {
            continue;
        }
        track->input_count = 0;
        track->inputs = arena_array(&batch->arena, track->row_count, sizeof *track->inputs);
        if (track->inputs == NULL) {
            return no_memory(reterr);
        }
    }
    enum err_code code = OK;
    for (size_t i = 0; i < batch->count && code == OK; i++) {
        code = build_line(batch, &batch->lines[i], reterr);
    }
    return code;
}

/* On the store's thread; the track is the importing thread's again when the lock is released. */
static void on_done(struct op *op)
{
    struct import_track *track = op->context;
    struct import_run *run = track->run;
    (void)pthread_mutex_lock(&run->lock);
    track->is_done = true;
    (void)pthread_cond_signal(&run->is_over);
    (void)pthread_mutex_unlock(&run->lock);
}

static enum err_code start_track(struct import_track *track, const struct catalog *catalog,
                                 struct err *reterr)
{
    change_op_init(&track->change, track->inputs, track->input_count, track->lane);
    track->change.is_dry_run = track->run->is_dry_run;
    track->change.op.catalog = catalog;
    track->change.op.done = on_done;
    track->change.op.context = track;
    track->is_done = false;
    track->is_under_way = true;
    if (!store_submit(track->run->store, &track->change.op)) {
        track->is_under_way = false;
        return err_set(reterr, ERR_BUSY, "The store takes no more work.");
    }
    return OK;
}

enum err_code import_batch_start(struct import_batch *batch, struct err *reterr)
{
    enum err_code code = OK;
    for (size_t t = 0; t < IMPORT_TRACKS && code == OK; t++) {
        struct import_track *track = &batch->tracks[t];
        if (track->must_run && track->input_count > 0) {
            code = start_track(track, batch->catalog, reterr);
        }
    }
    return code;
}

static void wait_for_store(struct import_track *track)
{
    struct import_run *run = track->run;
    (void)pthread_mutex_lock(&run->lock);
    while (track->is_under_way && !track->is_done) {
        (void)pthread_cond_wait(&run->is_over, &run->lock);
    }
    (void)pthread_mutex_unlock(&run->lock);
    track->is_under_way = false;
}

/* Waits for the tracks. *ret_must_restart: a part has to be built again. */
static enum err_code wait_once(struct import_batch *batch, bool *ret_must_restart,
                               struct err *reterr)
{
    enum err_code code = OK;
    *ret_must_restart = false;
    for (size_t t = 0; t < IMPORT_TRACKS; t++) {
        struct import_track *track = &batch->tracks[t];
        wait_for_store(track);
        track->must_run = track->must_run && track->change.op.must_restart;
        *ret_must_restart = *ret_must_restart || track->must_run;
        if (track->change.op.err.code != OK) {
            *reterr = track->change.op.err;
            code = reterr->code;
        }
    }
    return code;
}

static void take_result(struct import_batch *batch, struct import_line *line)
{
    const struct input_result *result = &line->input->result;
    if (result->code == OK) {
        const bool is_known = result->is_replay || !result->changed;
        line->outcome = is_known                 ? IMPORT_KNOWN
                        : result->is_new_contact ? IMPORT_MADE
                                                 : IMPORT_TAKEN;
        /* Of a dry run a new contact has no id yet. */
        line->contact_id = batch->run->is_dry_run && result->is_new_contact ? (struct uuid){{0}}
                                                                            : result->contact_id;
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
    bool must_restart = false;
    enum err_code code = wait_once(batch, &must_restart, reterr);
    for (unsigned restarts = 0; code == OK && must_restart; restarts++) {
        if (restarts == IMPORT_RESTARTS_MAX) {
            return err_set(reterr, ERR_BUSY, "The set-up is being changed all the time.");
        }
        code = import_batch_build(batch, reterr);
        code = code != OK ? code : import_batch_start(batch, reterr);
        struct err later;
        const enum err_code end = wait_once(batch, &must_restart, &later);
        if (code == OK && end != OK) {
            *reterr = later;
            code = end;
        }
    }
    for (size_t i = 0; i < batch->count && code == OK; i++) {
        if (batch->lines[i].input != NULL) {
            take_result(batch, &batch->lines[i]);
        }
    }
    return code;
}

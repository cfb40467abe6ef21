/*
 * Steps of escalation. They are taken out of the clocks by a guarded update under the contacts'
 * locks, in the transaction that also flags breaches, so each is taken once however many instances
 * there are and whoever is killed. Who gets a handoff is decided in lib/domain/escalation.c from
 * what everybody has to do; those who give one away count behind one another, so that nobody is
 * given more than they can take.
 */
#include "base/json_document.h"
#include "domain/absence.h"
#include "domain/escalation.h"
#include "store/background_note.h"

enum { EVENT_BYTES_MAX = 8192 };

/* Columns of sla_escalate.sql. */
enum step_column {
    STEP_SHOWN_ID,
    STEP_CONTACT_ID,
    STEP_CLOCK_ID,
    STEP_HANDOFF_ID,
    STEP_KIND,
    STEP_DUE_AT,
    STEP_STEPS,
    STEP_ASSIGNEE,
    STEP_STATE,
};

/* Columns of member_loads.sql. */
enum load_column { LOAD_MEMBER, LOAD_OPEN, LOAD_THIS_WEEK, LOAD_LAST };

struct ladder {
    struct notes notes;
    struct catalog *catalog;
    const struct rows *rows;
    struct workload *loads; /* NULL: not counted yet */
    size_t load_count;
};

struct told {
    struct uuid members[ESCALATION_MANAGERS_MAX];
    size_t count;
    size_t candidates;    /* of a choice: among how many */
    struct workload load; /* … and what the chosen one had to do */
};

/* ---- what everybody has to do ---- */

static enum err_code receive_loads(struct ladder *ladder, const struct rows *rows)
{
    const size_t count = rows_count(rows);
    ladder->loads = arena_array(&ladder->notes.background->arena, count, sizeof *ladder->loads);
    if (ladder->loads == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        ladder->loads[ladder->load_count++] = (struct workload){
            .member_id = row_uuid(rows, i, LOAD_MEMBER),
            .open = row_bigint(rows, i, LOAD_OPEN),
            .this_week = row_bigint(rows, i, LOAD_THIS_WEEK),
            .last_given_at_us = row_time(rows, i, LOAD_LAST),
        };
    }
    return OK;
}

/* Once a transaction, when the first handoff is to be given away. The lock is held to its end. */
static enum err_code count_loads(struct ladder *ladder, struct err *reterr)
{
    struct background *background = ladder->notes.background;
    params_clear(&background->params);
    enum err_code code = background_go_on(background, STATEMENT_MEMBER_LOADS_LOCK, NULL, reterr);
    if (code != OK) {
        return code;
    }
    size_t count;
    const struct catalog_entry *const *members =
        catalog_list(ladder->catalog, CATALOG_MEMBER, &count);
    struct param *ids = param_array(&background->params, ITEM_UUID);
    for (size_t i = 0; i < count; i++) {
        const struct member *member = members[i]->typed;
        if (member->team == TEAM_SALES && member->is_active) {
            item_uuid(ids, member->id);
        }
    }
    param_time(&background->params, ladder->notes.now_us);
    struct rows *rows = NULL;
    code = background_go_on(background, STATEMENT_MEMBER_LOADS, &rows, reterr);
    code = code != OK ? code : receive_loads(ladder, rows);
    rows_free(rows);
    return code == ERR_NOMEM ? err_set(reterr, code, "Out of memory for the members' loads.")
                             : code;
}

static struct workload *load_of(const struct ladder *ladder, struct uuid member_id)
{
    for (size_t i = 0; i < ladder->load_count; i++) {
        if (uuid_eq(ladder->loads[i].member_id, member_id)) {
            return &ladder->loads[i];
        }
    }
    return NULL;
}

/* ---- one step ---- */

static void tell_assignee(const struct ladder *ladder, struct uuid assignee, struct told *told)
{
    const struct member *member = catalog_member(ladder->catalog, assignee);
    if (member != NULL && !member_is_there(ladder->catalog, member, ladder->notes.now_us)) {
        member = absence_stand_in(ladder->catalog, assignee, ladder->notes.now_us);
    }
    if (member != NULL) {
        told->members[told->count++] = member->id;
    }
}

static enum err_code choose(struct ladder *ladder, struct uuid assignee, struct told *told,
                            struct err *reterr)
{
    const enum err_code code = ladder->loads == NULL ? count_loads(ladder, reterr) : OK;
    if (code != OK) {
        return code;
    }
    const struct member *member = escalation_pick(ladder->catalog, assignee, ladder->notes.now_us,
                                                  ladder->loads, ladder->load_count,
                                                  &told->candidates);
    if (member != NULL) {
        const struct workload *load = load_of(ladder, member->id);
        told->members[told->count++] = member->id;
        told->load = load != NULL ? *load : (struct workload){.last_given_at_us = TIME_NONE};
    }
    return OK;
}

/* What was given counts for the next choice of this transaction. */
static void give(struct ladder *ladder, const struct noted_handoff *handoff, struct uuid member)
{
    struct workload *before = load_of(ladder, notes_assignee(&ladder->notes, handoff));
    struct workload *after = load_of(ladder, member);
    notes_give(&ladder->notes, handoff, member, "escalation");
    if (before != NULL) {
        before->open--;
    }
    if (after != NULL) {
        after->open++;
        after->this_week++;
        after->last_given_at_us = ladder->notes.now_us;
    }
}

static void write_members(struct json_writer *json, const struct told *told)
{
    json_key(json, "members");
    json_array_begin(json);
    for (size_t i = 0; i < told->count; i++) {
        json_uuid(json, told->members[i]);
    }
    json_array_end(json);
}

static void tell(struct ladder *ladder, size_t row, enum escalation step, const struct told *told)
{
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, EVENT_BYTES_MAX);
    JSON_FIELD(json, "clock_id", json_uuid, row_uuid(ladder->rows, row, STEP_CLOCK_ID));
    JSON_FIELD(json, "handoff_id", json_uuid, row_uuid(ladder->rows, row, STEP_HANDOFF_ID));
    JSON_FIELD(json, "kind", json_str, row_text(ladder->rows, row, STEP_KIND));
    JSON_FIELD(json, "due_at", json_time, row_time(ladder->rows, row, STEP_DUE_AT));
    JSON_FIELD(json, "to", json_text, escalation_names[step]);
    write_members(json, told);
    notes_event(&ladder->notes, "sla.escalated", row_uuid(ladder->rows, row, STEP_SHOWN_ID),
                json_document_end(&document, &ladder->notes.background->arena));
}

/* The reason for a choice: among how many, and what the chosen one had to do. */
static void keep(struct ladder *ladder, const struct noted_handoff *handoff, size_t row,
                 enum escalation step, const struct told *told)
{
    const struct uuid none = {{0}};
    struct json_writer *json = &ladder->notes.json;
    notes_entry_begin(&ladder->notes, "escalated", handoff,
                      told->count > 0 ? told->members[0] : none, escalation_names[step]);
    JSON_FIELD(json, "clock_id", json_uuid, row_uuid(ladder->rows, row, STEP_CLOCK_ID));
    json_key(json, "detail");
    json_object_begin(json);
    write_members(json, told);
    if (step == ESCALATE_PROPOSE || step == ESCALATE_REASSIGN) {
        JSON_FIELD(json, "candidates", json_int, (int64_t)told->candidates);
        JSON_FIELD(json, "open", json_int, told->load.open);
        JSON_FIELD(json, "this_week", json_int, told->load.this_week);
    }
    json_object_end(json);
    notes_entry_end(&ladder->notes);
}

static enum err_code take_step(struct ladder *ladder, size_t row, enum escalation step,
                               struct err *reterr)
{
    const struct noted_handoff handoff = {
        .shown_id = row_uuid(ladder->rows, row, STEP_SHOWN_ID),
        .contact_id = row_uuid(ladder->rows, row, STEP_CONTACT_ID),
        .handoff_id = row_uuid(ladder->rows, row, STEP_HANDOFF_ID),
        .state = row_text(ladder->rows, row, STEP_STATE),
        .assignee = row_uuid(ladder->rows, row, STEP_ASSIGNEE),
    };
    const struct uuid assignee = notes_assignee(&ladder->notes, &handoff);
    struct told told = {.count = 0};
    enum err_code code = OK;
    switch (step) {
    case ESCALATE_ASSIGNEE:
        tell_assignee(ladder, assignee, &told);
        break;
    case ESCALATE_MANAGER:
        told.count = escalation_managers(ladder->catalog, ladder->notes.now_us, told.members);
        break;
    case ESCALATE_PROPOSE:
    case ESCALATE_REASSIGN:
        code = choose(ladder, assignee, &told, reterr);
        break;
    case ESCALATION_COUNT_:
        break;
    }
    if (code != OK) {
        return code;
    }
    keep(ladder, &handoff, row, step, &told);
    tell(ladder, row, step, &told);
    if (step == ESCALATE_REASSIGN && told.count > 0) {
        give(ladder, &handoff, told.members[0]);
    }
    return OK;
}

static enum err_code take_steps(struct ladder *ladder, struct err *reterr)
{
    for (size_t row = 0; row < rows_count(ladder->rows); row++) {
        struct str steps = row_text(ladder->rows, row, STEP_STEPS);
        while (steps.data != NULL) {
            const int step = name_index(escalation_names, str_cut(&steps, ','));
            const enum err_code code =
                step >= 0 ? take_step(ladder, row, (enum escalation)step, reterr) : OK;
            if (code != OK) {
                return code;
            }
        }
    }
    return notes_send(&ladder->notes, reterr);
}

enum err_code background_escalate(struct store *store, const struct rows *locked, int64_t now_us,
                                  size_t *ret_count, struct err *reterr)
{
    struct background *background = &store->background;
    struct rows *rows = NULL;
    background_contact_params(background, locked, now_us);
    enum err_code code = background_go_on(background, STATEMENT_SLA_ESCALATE, &rows, reterr);
    *ret_count = code == OK ? rows_count(rows) : 0;
    if (code == OK && *ret_count > 0) {
        struct ladder ladder = {.catalog = store_catalog(store), .rows = rows};
        code = notes_init(&ladder.notes, background, now_us);
        code = code == OK ? take_steps(&ladder, reterr)
                          : err_set(reterr, code, "Out of memory for the steps that are due.");
        notes_done(&ladder.notes);
        catalog_unref(ladder.catalog);
    }
    rows_free(rows);
    return code;
}

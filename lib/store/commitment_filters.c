/*
 * Whether a handoff passes a commitment's filter is decided once, from what was kept of the
 * opening, and stored (handoff_match): so numbers are counted by SQL alone, and nothing that
 * happens later, an erasure above all, changes them. New handoffs are looked at within a round;
 * when a filter is new, all handoffs once. What other instances decide meanwhile is the same.
 */
#include "domain/jsonlogic.h"
#include "domain/model.h"
#include "schema/json.h"
#include "store/store_internal.h"

enum { MATCHES_AT_ONCE = 500 };

/* Handoffs that old are committed: no transaction takes longer. */
static const int64_t recent_us = 600 * US_PER_SECOND;

struct keeper_filter {
    struct uuid id;
    struct jsonlogic *rule; /* owned */
};

void keeper_forget_filters(struct keeper *keeper)
{
    for (size_t i = 0; i < keeper->filter_count; i++) {
        jsonlogic_free(keeper->filters[i].rule);
    }
    keeper->filter_count = 0;
    keeper->filters = NULL;
    arena_clear(&keeper->filter_arena);
}

static bool had_filter(const struct uuid *ids, size_t count, struct uuid id)
{
    for (size_t i = 0; i < count; i++) {
        if (uuid_eq(ids[i], id)) {
            return true;
        }
    }
    return false;
}

/* They were checked when they were written, so a failure here is one of the database. */
static enum err_code compile_filter(const struct rows *rows, size_t row,
                                    struct keeper_filter *filter, struct err *reterr)
{
    json_auto_t *rule = NULL;
    enum err_code code = json_parse(row_text(rows, row, 1), &rule, reterr);
    if (code == OK) {
        code =
            jsonlogic_compile(rule, /* flags= */ 0, "", /* faults= */ NULL, &filter->rule, reterr);
    }
    filter->id = row_uuid(rows, row, 0);
    return code == OK || code == ERR_NOMEM
               ? code
               : err_set(reterr, ERR_STORE, "A commitment's stored filter cannot be read.");
}

static enum err_code take_filters(struct keeper *keeper, const struct rows *rows,
                                  struct err *reterr)
{
    struct uuid *before = arena_array(&keeper->arena, keeper->filter_count, sizeof *before);
    const size_t before_count = keeper->filter_count;
    if (before == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory.");
    }
    for (size_t i = 0; i < before_count; i++) {
        before[i] = keeper->filters[i].id;
    }
    keeper_forget_filters(keeper);
    keeper->filters = arena_array(&keeper->filter_arena, rows_count(rows), sizeof *keeper->filters);
    if (keeper->filters == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory.");
    }
    for (size_t i = 0; i < rows_count(rows); i++) {
        const enum err_code code = compile_filter(rows, i, &keeper->filters[i], reterr);
        if (code != OK) {
            return code;
        }
        keeper->filter_count++;
        if (!had_filter(before, before_count, keeper->filters[i].id)) {
            keeper->matched_us = TIME_NONE;
        }
    }
    return OK;
}

enum err_code keeper_load_filters(struct keeper *keeper, int64_t version, struct err *reterr)
{
    struct rows *rows = NULL;
    if (keeper->filters_version == version) {
        return OK;
    }
    keeper->filters_version = 0;
    enum err_code code = conn_run(keeper->conn, STATEMENT_COMMITMENT_FILTERS, NULL, &rows, reterr);
    code = code != OK ? code : take_filters(keeper, rows, reterr);
    rows_free(rows);
    arena_clear(&keeper->arena);
    if (code == OK) {
        keeper->filters_version = version;
    }
    return code;
}

/* A rule that fails does not match. */
static enum err_code test_filter(struct keeper *keeper, struct uuid filter, struct str facts,
                                 bool *ret_is_match, struct err *reterr)
{
    json_auto_t *document = NULL;
    *ret_is_match = false;
    const enum err_code code = json_parse(facts, &document, reterr);
    for (size_t i = 0; code == OK && i < keeper->filter_count; i++) {
        if (uuid_eq(keeper->filters[i].id, filter)) {
            const struct logic_value data = logic_json(document);
            const enum rule_outcome outcome =
                model_rule_test(keeper->filters[i].rule, &data, &keeper->scratch);
            *ret_is_match = outcome == RULE_MATCHES;
            return outcome == RULE_NOMEM ? err_set(reterr, ERR_NOMEM, "Out of memory.") : OK;
        }
    }
    return code;
}

static enum err_code write_matches(struct keeper *keeper, const struct rows *rows,
                                   struct err *reterr)
{
    struct params *params = &keeper->params;
    params_clear(params);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *handoffs = param_array(params, ITEM_UUID);
    struct param *filters = param_array(params, ITEM_UUID);
    struct param *matches = param_array(params, ITEM_BOOL);
    for (size_t i = 0; i < rows_count(rows); i++) {
        bool is_match = false;
        const enum err_code code =
            test_filter(keeper, row_uuid(rows, i, 0), row_text(rows, i, 3), &is_match, reterr);
        if (code != OK) {
            return code;
        }
        item_uuid(contacts, row_uuid(rows, i, 1));
        item_uuid(handoffs, row_uuid(rows, i, 2));
        item_uuid(filters, row_uuid(rows, i, 0));
        item_bool(matches, is_match);
    }
    return conn_run(keeper->conn, STATEMENT_HANDOFF_MATCH_INSERT, params, NULL, reterr);
}

/* $1 to $4 of handoff_unmatched.sql. */
static void unmatched_params(struct keeper *keeper, int64_t now_us, struct uuid from)
{
    struct params *params = &keeper->params;
    const int64_t seen_us = keeper->matched_us;
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < keeper->filter_count; i++) {
        item_uuid(ids, keeper->filters[i].id);
    }
    /* The database's clock may have been set back. */
    param_time(params, seen_us == TIME_NONE ? TIME_NONE
                                            : (seen_us < now_us ? seen_us : now_us) - recent_us);
    param_int(params, MATCHES_AT_ONCE);
    param_uuid(params, from);
}

/* Brings handoffs and filters together, from the newest handoff to the oldest. Those that are
 * opened meanwhile are for the next time. */
enum err_code keeper_match_handoffs(struct keeper *keeper, int64_t now_us, struct err *reterr)
{
    size_t count = MATCHES_AT_ONCE;
    struct uuid from = {{0}};
    enum err_code code = OK;
    while (code == OK && count == MATCHES_AT_ONCE) {
        struct rows *rows = NULL;
        unmatched_params(keeper, now_us, from);
        code = conn_run(keeper->conn, STATEMENT_HANDOFF_UNMATCHED, &keeper->params, &rows, reterr);
        count = code == OK ? rows_count(rows) : 0;
        if (count > 0) {
            from = row_uuid(rows, count - 1, 2);
            code = write_matches(keeper, rows, reterr);
        }
        rows_free(rows);
    }
    if (code == OK) {
        keeper->matched_us = now_us;
    }
    return code;
}

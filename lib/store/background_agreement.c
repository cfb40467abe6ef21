/*
 * Agreements whose day has come. What is to be done follows from the set-up alone
 * (domain/agreement.h), so each step is: lock the set-up's head, make sure that this process knows
 * the newest set-up, decide, write every row, the event and the new version in one transaction. Any
 * number of instances may try: who comes second finds a newer set-up in which the step is done.
 *
 * Who signs may do so at another instance, which may be gone by then; so the set-up's version is
 * looked at once a second.
 */
#include "base/json_write.h"
#include "domain/agreement.h"
#include "schema/json.h"
#include "store/store_internal.h"

enum { STEPS_MAX = 1000, EVENT_BYTES_MAX = 512 };

static const int64_t look_pause_us = US_PER_SECOND;

struct enacting {
    struct store *store;
    struct background *background;
    struct catalog *catalog; /* a reference */
    struct agreement_clock clock;
    struct err *reterr;
};

/* The newest set-up; a new reference. */
static enum err_code refresh(struct enacting *enacting)
{
    struct store *store = enacting->store;
    struct conn *conn = enacting->background->conn;
    struct rows *head = NULL;
    enum err_code code = conn_run(conn, STATEMENT_HEAD, NULL, &head, enacting->reterr);
    if (code == OK && rows_count(head) == 1 && !catalog_is_current(store, row_bigint(head, 0, 0))) {
        code = catalog_reload(store, conn, enacting->reterr);
    }
    rows_free(head);
    if (code == OK) {
        catalog_unref(enacting->catalog);
        enacting->catalog = store_catalog(store);
    }
    return code;
}

/* Whether something is to be done now; then when its day began. */
static enum err_code read_clock(struct enacting *enacting, bool *ret_is_due)
{
    struct agreement_clock *clock = &enacting->clock;
    struct params *params = &enacting->background->params;
    struct rows *rows = NULL;
    char day[TIME_TEXT_BYTES];
    clock->day = agreement_next_day(enacting->catalog);
    *ret_is_due = false;
    if (clock->day == DATE_NONE) {
        return OK;
    }
    params_clear(params);
    param_text(params, catalog_organisation(enacting->catalog)->time_zone);
    param_text(params, str_from(date_format(clock->day, day)));
    const enum err_code code = conn_run(enacting->background->conn, STATEMENT_AGREEMENT_DAY, params,
                                        &rows, enacting->reterr);
    if (code == OK && date_parse(row_text(rows, 0, 0), &clock->today)) {
        clock->day_start_us = row_time(rows, 0, 1);
        clock->now_us = row_time(rows, 0, 2);
        *ret_is_due = clock->day_start_us <= clock->now_us;
    }
    rows_free(rows);
    return code;
}

/* A commitment's definition counts for the periods that begin after it was made: it is made when
 * its first day begins, however late this comes. */
static int64_t written_at_us(const struct enacting *enacting, const struct agreement_write *write)
{
    return write->kind == CATALOG_COMMITMENT ? enacting->clock.day_start_us
                                             : enacting->clock.now_us;
}

/* The parameters of CATALOG_INSERT and CATALOG_UPDATE. */
static enum statement fill_row(struct params *params, const struct agreement_write *write,
                               struct str body, int64_t at_us)
{
    params_clear(params);
    if (write->existing == NULL) {
        item_uuid(param_array(params, ITEM_UUID), write->id);
        item_text(param_array(params, ITEM_TEXT), str_from(catalog_kind_names[write->kind]));
        item_text(param_array(params, ITEM_TEXT), write->slug);
        item_text(param_array(params, ITEM_TEXT), body);
    } else {
        param_uuid(params, write->id);
        param_text(params, write->slug);
        param_text(params, body);
    }
    param_time(params, at_us);
    return write->existing == NULL ? STATEMENT_CATALOG_INSERT : STATEMENT_CATALOG_UPDATE;
}

static enum err_code write_row(struct enacting *enacting, const struct agreement_write *write)
{
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, PARAM_BYTES_MAX);
    json_serialize(&body, write->body);
    if (body.failed) {
        return err_set(enacting->reterr, ERR_NOMEM, "Out of memory.");
    }
    const enum statement statement = fill_row(&enacting->background->params, write, buf_str(&body),
                                              written_at_us(enacting, write));
    return background_go_on(enacting->background, statement, /* ret_rows= */ NULL,
                            enacting->reterr);
}

static enum err_code tell(struct enacting *enacting, const struct agreement_enactment *enactment)
{
    struct params *params = &enacting->background->params;
    if (enactment->comes_into_force == 0) {
        return OK;
    }
    CLEANUP(buf_done) struct buf data;
    buf_init(&data, EVENT_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &data);
    json_object_begin(&json);
    JSON_FIELD(&json, "version", json_int, enactment->comes_into_force);
    json_key(&json, "replaces");
    if (enactment->replaces != 0) {
        json_int(&json, enactment->replaces);
    } else {
        json_nil(&json);
    }
    json_object_end(&json);
    params_clear(params);
    param_int(params, 1);
    item_text(param_array(params, ITEM_TEXT), STR_LITERAL("agreement.in_force"));
    item_uuid_or_null(param_array(params, ITEM_UUID), (struct uuid){{0}});
    item_time(param_array(params, ITEM_TIME), enacting->clock.now_us);
    item_text(param_array(params, ITEM_TEXT), buf_str(&data));
    return background_go_on(enacting->background, STATEMENT_EVENT_INSERT, /* ret_rows= */ NULL,
                            enacting->reterr);
}

static enum err_code write_all(struct enacting *enacting,
                               const struct agreement_enactment *enactment)
{
    enum err_code code = OK;
    for (size_t i = 0; code == OK && i < enactment->count; i++) {
        code = write_row(enacting, &enactment->writes[i]);
    }
    params_clear(&enacting->background->params);
    code = code != OK ? code
                      : background_go_on(enacting->background, STATEMENT_CATALOG_BUMP,
                                         /* ret_rows= */ NULL, enacting->reterr);
    return code != OK ? code : tell(enacting, enactment);
}

/* One step; *ret_is_done: it was ours. */
static enum err_code take_step(struct enacting *enacting, bool *ret_is_done)
{
    struct background *background = enacting->background;
    struct rows *head = NULL;
    struct agreement_enactment enactment = {.count = 0};
    params_clear(&background->params);
    enum err_code code =
        background_begin(background, STATEMENT_CATALOG_LOCK, &head, enacting->reterr);
    const bool is_current = code == OK && rows_count(head) == 1 &&
                            row_bigint(head, 0, 0) == catalog_version(enacting->catalog);
    rows_free(head);
    if (is_current) {
        code = agreement_enact(enacting->catalog, &enacting->clock, &background->arena, &enactment,
                               enacting->reterr);
        code = code != OK || enactment.count == 0 ? code : write_all(enacting, &enactment);
    }
    const bool has_written = enactment.count > 0;
    code = background_end(background, code, has_written, enacting->reterr);
    *ret_is_done = code == OK && has_written;
    agreement_enactment_done(&enactment);
    arena_clear(&background->arena);
    return code;
}

static enum err_code take_steps(struct enacting *enacting)
{
    enum err_code code = refresh(enacting);
    for (size_t i = 0; code == OK && i < STEPS_MAX; i++) {
        bool is_due = false;
        bool is_done = false;
        code = read_clock(enacting, &is_due);
        if (code != OK || !is_due) {
            break;
        }
        code = take_step(enacting, &is_done);
        code = code != OK ? code : refresh(enacting);
        if (is_done) {
            background_notify(enacting->store, /* has_events= */ true, /* has_clocks= */ false);
        }
    }
    return code;
}

enum err_code background_agreements(struct store *store, int64_t *next_us, struct err *reterr)
{
    struct background *background = &store->background;
    const int64_t now_us = clock_monotonic_us();
    if (now_us >= background->next_agreement_us) {
        background->next_agreement_us = now_us + look_pause_us;
        struct enacting enacting = {.store = store, .background = background, .reterr = reterr};
        const enum err_code code = take_steps(&enacting);
        catalog_unref(enacting.catalog);
        if (code != OK) {
            return code;
        }
    }
    const int64_t left_us = background->next_agreement_us - clock_monotonic_us();
    *next_us = left_us < *next_us ? left_us : *next_us;
    return OK;
}

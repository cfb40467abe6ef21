#include "store/calendar_rows.h"

#include <stdio.h>

#include "domain/holiday.h"
#include "schema/json.h"

enum { YEARS_BACK = 1, YEARS_AHEAD = 5, EXTENSION_BYTES_MAX = 64 << 20 };

/* ---- reading ---- */

void calendar_key_params(struct params *params, const struct calendar_key *keys, size_t count)
{
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    struct param *versions = param_array(params, ITEM_INT);
    for (size_t i = 0; i < count; i++) {
        item_uuid(ids, keys[i].id);
        item_int(versions, keys[i].version);
    }
}

enum err_code calendars_send(struct conn *conn, const struct calendar_key *keys, size_t count,
                             struct err *reterr)
{
    struct params params;
    params_init(&params);
    calendar_key_params(&params, keys, count);
    enum err_code code = conn_send(conn, STATEMENT_CALENDAR_REACH_ROWS, &params, reterr);
    code = code != OK ? code : conn_send(conn, STATEMENT_CALENDAR_SPAN_ROWS, &params, reterr);
    code = code != OK ? code : conn_send(conn, STATEMENT_CALENDAR_ZONE_ROWS, &params, reterr);
    params_done(&params);
    return code;
}

/* How many rows from `row` on are of the same calendar. */
static size_t run_length(const struct rows *rows, size_t row)
{
    size_t count = 1;
    while (row + count < rows_count(rows) &&
           row_int(rows, row + count, 0) == row_int(rows, row, 0)) {
        count++;
    }
    return count;
}

static bool take_reach(const struct rows *rows, const struct calendar_key *keys,
                       struct arena *arena, struct calendar **calendars)
{
    for (size_t r = 0; r < rows_count(rows); r++) {
        const size_t index = (size_t)row_int(rows, r, 0) - 1;
        calendars[index] = arena_alloc(arena, sizeof **calendars);
        if (calendars[index] == NULL) {
            return false;
        }
        *calendars[index] = (struct calendar){
            .id = keys[index].id,
            .version = keys[index].version,
            .starts_at_us = row_time(rows, r, 1),
            .zone = {.ends_at_us = row_time(rows, r, 2)},
        };
    }
    return true;
}

static bool take_spans(const struct rows *rows, struct arena *arena, struct calendar **calendars)
{
    for (size_t r = 0; r < rows_count(rows);) {
        struct calendar *calendar = calendars[row_int(rows, r, 0) - 1];
        const size_t count = run_length(rows, r);
        struct calendar_span *spans = arena_array(arena, count, sizeof *spans);
        if (spans == NULL) {
            return false;
        }
        for (size_t i = 0; i < count; i++, r++) {
            spans[i] = (struct calendar_span){
                .opens_at_us = row_time(rows, r, 1),
                .closes_at_us = row_time(rows, r, 2),
                .open_us_before = row_bigint(rows, r, 3) * US_PER_SECOND,
            };
        }
        if (calendar != NULL) {
            calendar->spans = spans;
            calendar->span_count = count;
        }
    }
    return true;
}

static bool take_zones(const struct rows *rows, struct arena *arena, struct calendar **calendars)
{
    for (size_t r = 0; r < rows_count(rows);) {
        struct calendar *calendar = calendars[row_int(rows, r, 0) - 1];
        const size_t count = run_length(rows, r);
        struct zone_offset *offsets = arena_array(arena, count, sizeof *offsets);
        if (offsets == NULL) {
            return false;
        }
        for (size_t i = 0; i < count; i++, r++) {
            offsets[i] = (struct zone_offset){
                .from_us = row_time(rows, r, 1),
                .ahead_us = row_int(rows, r, 2) * US_PER_SECOND,
            };
        }
        if (calendar != NULL) {
            calendar->zone.offsets = offsets;
            calendar->zone.offset_count = count;
        }
    }
    return true;
}

enum err_code calendars_receive(struct conn *conn, const struct calendar_key *keys, size_t count,
                                struct arena *arena, const struct calendar **ret_calendars,
                                struct err *reterr)
{
    struct calendar **calendars = arena_array(arena, count, sizeof *calendars);
    struct rows *reach = NULL;
    struct rows *spans = NULL;
    struct rows *zones = NULL;
    enum err_code code = conn_result(conn, &reach, reterr);
    code = code != OK ? code : conn_result(conn, &spans, reterr);
    code = code != OK ? code : conn_result(conn, &zones, reterr);
    if (code == OK &&
        (calendars == NULL || !take_reach(reach, keys, arena, calendars) ||
         !take_spans(spans, arena, calendars) || !take_zones(zones, arena, calendars))) {
        code = err_set(reterr, ERR_NOMEM, "Out of memory for calendars.");
    }
    for (size_t i = 0; code == OK && calendars != NULL && i < count; i++) {
        /* Without its zone nothing can be asked of it. */
        const bool is_whole = calendars[i] != NULL && calendars[i]->zone.offset_count > 0;
        ret_calendars[i] = is_whole ? calendars[i] : NULL;
    }
    rows_free(reach);
    rows_free(spans);
    rows_free(zones);
    return code;
}

enum err_code calendars_read(struct conn *conn, const struct calendar_key *keys, size_t count,
                             struct arena *arena, const struct calendar **ret_calendars,
                             struct err *reterr)
{
    enum err_code code = calendars_send(conn, keys, count, reterr);
    code = code != OK ? code : conn_sync(conn, reterr);
    if (code != OK) {
        return code;
    }
    code = calendars_receive(conn, keys, count, arena, ret_calendars, reterr);
    if (code == ERR_BUSY) {
        return code;
    }
    const enum err_code end = conn_end(conn, code == OK ? reterr : NULL);
    return code == OK ? end : code;
}

/* ---- making ---- */

bool calendar_is_expanded(enum catalog_kind kind)
{
    return kind == CATALOG_CALENDAR || kind == CATALOG_ORGANISATION;
}

/* "YYYY-MM-DD" of a day of the year that is `years` from that of `now_us`. Holidays are known until
 * a certain year: a calendar with holidays is not expanded beyond, since it would be wrong. */
static void write_day(int64_t now_us, int years, const char *month_day, bool has_holidays,
                      char out[static TIME_TEXT_BYTES])
{
    char now[TIME_TEXT_BYTES];
    int64_t year = 0;
    const bool is_year = str_to_int64(str_slice(time_format(now_us, now), 4), &year);
    year += is_year ? years : 0;
    if (has_holidays && year > HOLIDAY_LAST_YEAR) {
        year = HOLIDAY_LAST_YEAR;
    }
    snprintf(out, TIME_TEXT_BYTES, "%04d-%s", (int)year, month_day);
}

static struct str region_of(const json_t *body)
{
    return json_str_of(json_object_get(body, "holidays"));
}

static void first_day(int64_t now_us, char out[static TIME_TEXT_BYTES])
{
    write_day(now_us, -YEARS_BACK, "01-01", /* has_holidays= */ false, out);
}

static void last_day(int64_t now_us, const json_t *body, char out[static TIME_TEXT_BYTES])
{
    write_day(now_us, YEARS_AHEAD, "12-31", region_of(body).data != NULL, out);
}

static enum err_code holiday_params(struct params *params, const json_t *body, const char *first,
                                    const char *last, struct arena *arena)
{
    const struct holiday *holidays = NULL;
    size_t count = 0;
    int32_t from, until;
    struct param *dates = param_array(params, ITEM_TEXT);
    if (region_of(body).data == NULL || !date_parse(str_from(first), &from) ||
        !date_parse(str_from(last), &until)) {
        return OK;
    }
    const enum err_code code = holidays_of(region_of(body), from, until, arena, &holidays, &count);
    for (size_t i = 0; code == OK && i < count; i++) {
        char text[TIME_TEXT_BYTES];
        item_text(dates, str_from(date_format(holidays[i].day, text)));
    }
    return code;
}

static enum err_code send_expansion(struct conn *conn, struct params *params,
                                    struct calendar_key key, const json_t *body, const char *first,
                                    const char *last, int64_t now_us, struct arena *arena,
                                    struct err *reterr)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, PARAM_BYTES_MAX);
    json_serialize(&text, body);
    params_clear(params);
    param_uuid(params, key.id);
    param_int(params, key.version);
    param_text(params, buf_str(&text));
    const enum err_code code = holiday_params(params, body, first, last, arena);
    param_text(params, str_from(first));
    param_text(params, str_from(last));
    param_time(params, now_us);
    if (code != OK || text.failed) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for a calendar.");
    }
    return conn_send(conn, STATEMENT_CALENDAR_EXPAND, params, reterr);
}

enum err_code calendar_send_expansion(struct conn *conn, struct params *params,
                                      struct calendar_key key, const json_t *body, int64_t now_us,
                                      struct arena *arena, struct err *reterr)
{
    char first[TIME_TEXT_BYTES];
    char last[TIME_TEXT_BYTES];
    first_day(now_us, first);
    last_day(now_us, body, last);
    return send_expansion(conn, params, key, body, first, last, now_us, arena, reterr);
}

/* One that is due: anew from its first day on, so that what was counted stays as it was. */
static enum err_code extend_one(struct conn *conn, struct params *params, const struct rows *due,
                                size_t row, int64_t now_us, struct arena *arena, size_t *count,
                                struct err *reterr)
{
    const struct calendar_key key = {row_uuid(due, row, 0), row_int(due, row, 1)};
    json_auto_t *body = NULL;
    enum err_code code = json_parse(row_text(due, row, 2), &body, reterr);
    if (code != OK) {
        return err_set(reterr, code == ERR_NOMEM ? code : ERR_STORE,
                       "A calendar in table catalog_entry cannot be read.");
    }
    char first[TIME_TEXT_BYTES];
    char last[TIME_TEXT_BYTES];
    first_day(now_us, first);
    last_day(now_us, body, last);
    if (str_is(row_text(due, row, 4), last)) {
        return OK; /* holidays are known no further */
    }
    if (!row_is_null(due, row, 3)) {
        snprintf(first, sizeof first, "%.*s", STR_ARGS(row_text(due, row, 3)));
        params_clear(params);
        param_uuid(params, key.id);
        param_int(params, key.version);
        code = conn_send(conn, STATEMENT_CALENDAR_CLEAR, params, reterr);
        code = code != OK ? code : conn_flush(conn, reterr);
        code = code != OK ? code : conn_result(conn, NULL, reterr);
    }
    code = code != OK ? code
                      : send_expansion(conn, params, key, body, first, last, now_us, arena, reterr);
    code = code != OK ? code : conn_flush(conn, reterr);
    code = code != OK ? code : conn_result(conn, NULL, reterr);
    *count += 1;
    arena_clear(arena);
    return code;
}

/* BEGIN, the set-up's lock, and what is due under it. */
static enum err_code lock_due(struct conn *conn, struct params *params, struct rows **ret_due,
                              int64_t *ret_now_us, struct err *reterr)
{
    struct rows *head = NULL;
    enum err_code code = conn_send(conn, STATEMENT_BEGIN, NULL, reterr);
    code = code != OK ? code : conn_send(conn, STATEMENT_CATALOG_LOCK, NULL, reterr);
    code = code != OK ? code : conn_flush(conn, reterr);
    code = code != OK ? code : conn_result(conn, NULL, reterr);
    code = code != OK ? code : conn_result(conn, &head, reterr);
    if (code == OK && rows_count(head) == 1) {
        char last[TIME_TEXT_BYTES];
        *ret_now_us = row_time(head, 0, 1);
        write_day(*ret_now_us, YEARS_AHEAD, "12-31", /* has_holidays= */ false, last);
        params_clear(params);
        param_text(params, str_from(last));
        code = conn_send(conn, STATEMENT_CALENDAR_DUE, params, reterr);
        code = code != OK ? code : conn_flush(conn, reterr);
        code = code != OK ? code : conn_result(conn, ret_due, reterr);
    }
    rows_free(head);
    return code;
}

enum err_code calendars_extend(struct conn *conn, size_t count_max, size_t *ret_count,
                               struct err *reterr)
{
    struct params params;
    CLEANUP(arena_done) struct arena arena;
    struct rows *due = NULL;
    int64_t now_us = 0;
    size_t count = 0;
    bool is_synced = false;
    params_init(&params);
    arena_init(&arena, EXTENSION_BYTES_MAX);
    enum err_code code = lock_due(conn, &params, &due, &now_us, reterr);
    for (size_t i = 0; code == OK && count < count_max && i < rows_count(due); i++) {
        code = extend_one(conn, &params, due, i, now_us, &arena, &count, reterr);
    }
    rows_free(due);
    params_done(&params);
    const size_t last_statements = count > 0 ? 2 : 1;
    if (code == OK && count > 0) {
        code = conn_send(conn, STATEMENT_CATALOG_BUMP, NULL, reterr);
    }
    code = code != OK ? code : conn_send(conn, STATEMENT_COMMIT, NULL, reterr);
    if (code == OK) {
        is_synced = true;
        code = conn_sync(conn, reterr);
    }
    for (size_t i = 0; code == OK && i < last_statements; i++) {
        code = conn_result(conn, NULL, reterr);
    }
    if (code != OK) {
        conn_abandon(conn, is_synced);
        return code;
    }
    *ret_count = count;
    return conn_end(conn, reterr);
}

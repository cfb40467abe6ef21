/*
 * Calendars expanded into rows (migrations/0011_calendars.sql): read, and made. For lib/store only.
 */
#pragma once

#include "domain/catalog.h"
#include "store/conn.h"

/* A version of a calendar; the organisation's entry counts as one. */
struct calendar_key {
    struct uuid id;
    int32_t version;
};

/* The parameters of the statements calendar_…_rows. */
void calendar_key_params(struct params *params, const struct calendar_key *keys, size_t count);

/* Reading: three statements, and their results in the same order. ret_calendars[i] is NULL where
 * there is no such version; the rest lives in the arena. */
enum err_code calendars_send(struct conn *conn, const struct calendar_key *keys, size_t count,
                             struct err *reterr) MUSTCHECK;
enum err_code calendars_receive(struct conn *conn, const struct calendar_key *keys, size_t count,
                                struct arena *arena, const struct calendar **ret_calendars,
                                struct err *reterr) MUSTCHECK;
/* Both, on an idle connection. */
enum err_code calendars_read(struct conn *conn, const struct calendar_key *keys, size_t count,
                             struct arena *arena, const struct calendar **ret_calendars,
                             struct err *reterr) MUSTCHECK;

/* Whether entries of this kind are expanded. */
bool calendar_is_expanded(enum catalog_kind kind);
/*
 * Sends the statement that expands a version which is not expanded yet, inside a transaction: from
 * a year back to five years ahead, both whole years. The body is that of the entry; `arena` is for
 * the holidays.
 */
enum err_code calendar_send_expansion(struct conn *conn, struct params *params,
                                      struct calendar_key key, const json_t *body, int64_t now_us,
                                      struct arena *arena, struct err *reterr) MUSTCHECK;
/*
 * Expands what is not expanded, or not far enough any more, but at most so many; a transaction on
 * an idle connection. When there was something (*ret_count), the set-up's version is a new one, so
 * that every instance reads it again.
 */
enum err_code calendars_extend(struct conn *conn, size_t count_max, size_t *ret_count,
                               struct err *reterr) MUSTCHECK;

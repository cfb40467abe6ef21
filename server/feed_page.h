/*
 * A look into the change feed: what feed_page.sql takes and what it tells, for all who read the
 * feed, page by page or as a stream.
 */
#pragma once

#include "base/err.h"
#include "base/json_write.h"
#include "store/param.h"
#include "store/rows.h"

/* The types of events; bit i of a set of types is the i-th. NULL-terminated, at most 64. */
extern const char *const feed_type_names[];

struct feed_look {
    struct uuid epoch; /* nil: whatever it is */
    int64_t after;     /* a position; what is behind it is wanted */
    uint64_t types;    /* only these; none: all */
    int64_t limit;     /* events, 1 to 1000 */
};

struct feed_bounds {
    struct uuid epoch;
    int64_t first; /* the first position kept; last + 1 when none is */
    int64_t last;  /* the last position given out */
};

struct feed_found {
    struct feed_bounds bounds;
    const char *gone; /* why the feed cannot be read on from there, static; NULL: it can */
    size_t count;     /* events, one a row */
    int64_t looked;   /* the last position looked at: the look after this one begins behind it */
};

/* The parameters of STATEMENT_FEED_PAGE, replacing those there were. */
void feed_look_params(struct params *params, const struct feed_look *look);
/* What the rows of it say. ERR_STORE: the table of the feed's head is empty. */
enum err_code feed_look_found(const struct rows *rows, const struct feed_look *look,
                              struct feed_found *ret_found, struct err *reterr) MUSTCHECK;

/* "epoch", "first" and "last" of an object that is being written. */
void feed_write_bounds(struct json_writer *json, const struct feed_bounds *bounds);

/* Of an event, by its row. */
int64_t feed_event_position(const struct rows *rows, size_t row);
struct str feed_event_type(const struct rows *rows, size_t row);
/* The whole event as an object. */
void feed_write_event(struct json_writer *json, const struct rows *rows, size_t row);

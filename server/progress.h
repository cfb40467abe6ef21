/*
 * How far a long command is, on standard error.
 *
 * On a terminal one line is redrawn in place, at most ten times a second and never wider than the
 * terminal; elsewhere (a pipe, a log file) nothing is drawn. The summary is written in both cases.
 * Used by one thread. Write errors are ignored: a closed terminal must not stop an import.
 */
#pragma once

#include "base/base.h"

enum {
    PROGRESS_LINE_BYTES = 256,
    PROGRESS_WIDTH_DEFAULT = 80, /* when the terminal does not say */
    PROGRESS_REDRAW_US = 100000,
};

struct progress_state {
    const char *label; /* what is done: "contacts"; not owned */
    uint64_t rows;     /* done, with the rejected ones */
    uint64_t rejected;
    uint64_t bytes;       /* read of the file */
    uint64_t bytes_total; /* 0: not known, then no percentage, bar or time left */
    int64_t elapsed_us;
};

/* The bar's line for a terminal `width` columns wide, without line end, ASCII, at most width − 1
 * columns (so that no terminal wraps it): "contacts 12,345 rows  45 %  [####----]  8,123 rows/s
 * 0:12 left". What does not fit is left out: first the bar, then the time left, the rate, the
 * percentage. Pure. Returns out. */
char *progress_format_line(const struct progress_state *state, unsigned width,
                           char out[static PROGRESS_LINE_BYTES]);
/* "contacts: 12,345 rows in 1.5 s (8,230 rows/s), 3 rejected", without line end. Pure. Returns out.
 */
char *progress_format_summary(const struct progress_state *state,
                              char out[static PROGRESS_LINE_BYTES]);

struct progress {
    struct progress_state state;
    int fd;
    bool is_terminal;
    bool is_drawn; /* a line stands on the terminal */
    int64_t started_us;
    int64_t drawn_us;
};

/* `now_us` here and below: clock_monotonic_us(). `fd` is usually STDERR_FILENO. */
void progress_init(struct progress *progress, int fd, const char *label, uint64_t bytes_total,
                   int64_t now_us);
/* Cheap enough to call for every row. */
void progress_update(struct progress *progress, uint64_t rows, uint64_t rejected, uint64_t bytes,
                     int64_t now_us);
/* Removes the line, so that a message can be written; the next update draws it again. */
void progress_clear(struct progress *progress);
/* Removes the line and writes the summary and a line end. */
void progress_finish(struct progress *progress, uint64_t rows, uint64_t rejected, int64_t now_us);

#include "progress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    NUMBER_TEXT_BYTES = 32,
    PART_BYTES = 64,
    BAR_WIDTH_MIN = 10,
    BAR_WIDTH_MAX = 40,
    SECONDS_TO_KNOW = 1,       /* before that, rate and time left would be noise */
    SECONDS_LEFT_MAX = 359999, /* 99:59:59; more is not known well enough to be told */
};

/* "1234567" → "1,234,567" */
static const char *format_count(uint64_t value, char out[static NUMBER_TEXT_BYTES])
{
    char digits[NUMBER_TEXT_BYTES];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

static double elapsed_seconds(const struct progress_state *state)
{
    return state->elapsed_us > 0 ? (double)state->elapsed_us / (double)US_PER_SECOND : 0;
}

/* Rows per second, rounded; 0 while nothing can be said. */
static uint64_t row_rate(const struct progress_state *state)
{
    double seconds = elapsed_seconds(state);
    return seconds > 0 ? (uint64_t)((double)state->rows / seconds + 0.5) : 0;
}

/* 0…1; a file that grew while it was read is done, not more than done. */
static double done_fraction(const struct progress_state *state)
{
    if (state->bytes >= state->bytes_total)
        return 1;
    return (double)state->bytes / (double)state->bytes_total;
}

/* "  1:05 left", or nothing as long as there is no ground for a guess. */
static void format_left(const struct progress_state *state, char out[static PART_BYTES])
{
    out[0] = '\0';
    double done = done_fraction(state);
    if (state->bytes == 0 || elapsed_seconds(state) < SECONDS_TO_KNOW)
        return;
    double left = elapsed_seconds(state) * (1 - done) / done;
    if (left > SECONDS_LEFT_MAX)
        return;
    unsigned seconds = (unsigned)(left + 0.5);
    if (seconds >= 3600)
        snprintf(out, PART_BYTES, "  %u:%02u:%02u left", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
    else
        snprintf(out, PART_BYTES, "  %u:%02u left", seconds / 60, seconds % 60);
}

/* "####----", `count` characters. */
static void format_cells(double done, size_t count, char *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (double)i + 1 <= done * (double)count ? '#' : '-';
    out[count] = '\0';
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

char *progress_format_line(const struct progress_state *state, unsigned width,
                           char out[static PROGRESS_LINE_BYTES])
{
    char count[NUMBER_TEXT_BYTES], head[PROGRESS_LINE_BYTES], cells[BAR_WIDTH_MAX] = "";
    char percent[PART_BYTES] = "", rate[PART_BYTES] = "", left[PART_BYTES] = "";
    snprintf(head, sizeof head, "%.100s %s row%s", state->label, format_count(state->rows, count),
             state->rows == 1 ? "" : "s");
    if (state->rejected > 0) {
        size_t len = strlen(head);
        snprintf(head + len, sizeof head - len, ", %s rejected",
                 format_count(state->rejected, count));
    }
    double done = done_fraction(state);
    if (state->bytes_total > 0) {
        snprintf(percent, sizeof percent, "  %3u %%", (unsigned)(done * 100));
        format_left(state, left);
    }
    if (elapsed_seconds(state) >= SECONDS_TO_KNOW)
        snprintf(rate, sizeof rate, "  %s rows/s", format_count(row_rate(state), count));
    size_t room = min_size(width > 0 ? width - 1 : 0, PROGRESS_LINE_BYTES - 1);
    size_t used = strlen(head) + strlen(percent) + strlen(rate) + strlen(left);
    bool has_bar = state->bytes_total > 0 && used + BAR_WIDTH_MIN <= room;
    if (has_bar)
        format_cells(done, min_size(room - used, BAR_WIDTH_MAX) - strlen("  []"), cells);
    /* What matters least goes first. */
    char *droppable[] = {left, rate, percent};
    for (size_t i = 0; i < ARRAY_LEN(droppable) && used > room; i++) {
        used -= strlen(droppable[i]);
        droppable[i][0] = '\0';
    }
    int written = snprintf(out, PROGRESS_LINE_BYTES, "%s%s%s%s%s%s%s", head, percent,
                           has_bar ? "  [" : "", cells, has_bar ? "]" : "", rate, left);
    if (written < 0 || (size_t)written > room)
        out[room] = '\0';
    return out;
}

char *progress_format_summary(const struct progress_state *state,
                              char out[static PROGRESS_LINE_BYTES])
{
    char rows[NUMBER_TEXT_BYTES], rate[NUMBER_TEXT_BYTES], rejected[NUMBER_TEXT_BYTES];
    snprintf(out, PROGRESS_LINE_BYTES, "%.100s: %s row%s in %.1f s (%s rows/s), %s rejected",
             state->label, format_count(state->rows, rows), state->rows == 1 ? "" : "s",
             elapsed_seconds(state), format_count(row_rate(state), rate),
             format_count(state->rejected, rejected));
    return out;
}

/* All of it, or as much as the descriptor takes: there is nobody to tell of a failure here. */
static void write_text(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t written = write(fd, text, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        text += written;
        len -= (size_t)written;
    }
}

/* Asked each time: people resize terminals. */
static unsigned terminal_width(int fd)
{
    struct winsize size;
    bool is_known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return is_known ? size.ws_col : PROGRESS_WIDTH_DEFAULT;
}

void progress_init(struct progress *progress, int fd, const char *label, uint64_t bytes_total,
                   int64_t now_us)
{
    *progress = (struct progress){
        .state = {.label = label, .bytes_total = bytes_total},
        .fd = fd,
        .is_terminal = isatty(fd) == 1,
        .started_us = now_us,
        .drawn_us = now_us - PROGRESS_REDRAW_US,
    };
}

void progress_update(struct progress *progress, uint64_t rows, uint64_t rejected, uint64_t bytes,
                     int64_t now_us)
{
    if (!progress->is_terminal || now_us - progress->drawn_us < PROGRESS_REDRAW_US)
        return;
    progress->state.rows = rows;
    progress->state.rejected = rejected;
    progress->state.bytes = bytes;
    progress->state.elapsed_us = now_us - progress->started_us;
    char line[PROGRESS_LINE_BYTES], text[PROGRESS_LINE_BYTES + 8];
    progress_format_line(&progress->state, terminal_width(progress->fd), line);
    /* Erasing to the end of the line after writing, not before, does not flicker. */
    snprintf(text, sizeof text, "\r%s\033[K", line);
    write_text(progress->fd, text);
    progress->drawn_us = now_us;
    progress->is_drawn = true;
}

void progress_clear(struct progress *progress)
{
    if (!progress->is_drawn)
        return;
    write_text(progress->fd, "\r\033[K");
    progress->is_drawn = false;
    progress->drawn_us -= PROGRESS_REDRAW_US;
}

void progress_finish(struct progress *progress, uint64_t rows, uint64_t rejected, int64_t now_us)
{
    progress_clear(progress);
    progress->state.rows = rows;
    progress->state.rejected = rejected;
    progress->state.elapsed_us = now_us - progress->started_us;
    char line[PROGRESS_LINE_BYTES], text[PROGRESS_LINE_BYTES + 2];
    progress_format_summary(&progress->state, line);
    snprintf(text, sizeof text, "%s\n", line);
    write_text(progress->fd, text);
}

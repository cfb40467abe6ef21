/*
 * Questions about calendars from standard input, answers to standard output, a line each: for
 * tests/store/test_calendar_oracle.py, which brings the rows from the database. Times in µs.
 *
 *     c STARTS ENDS                            a new calendar, expanded from … to …
 *     z FROM AHEAD                             a row of its zone
 *     s OPENS CLOSES BEFORE                    a span
 *     o FROM UNTIL                             open time between the two
 *     a FROM OPEN                              when so much open time has gone by
 *     d FROM DAYS                              the same local time so many open days later
 *     w FROM WEEKDAY MINUTE AT_LEAST           the day of the week; W: without the calendar
 *     p DUE PAUSED RESUMED                     when it is due after a pause
 *
 * The answer is a number, or "-" when it lies beyond.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain/sla_target.h"

enum { OFFSETS_MAX = 1000, SPANS_MAX = 100000, NUMBERS_MAX = 4 };

struct world {
    struct calendar calendar;
    struct zone_offset offsets[OFFSETS_MAX];
    struct calendar_span spans[SPANS_MAX];
};

static bool build(struct world *world, char word, const int64_t n[NUMBERS_MAX])
{
    struct calendar *calendar = &world->calendar;
    if (word == 'c') {
        *calendar = (struct calendar){
            .version = 1,
            .starts_at_us = n[0],
            .zone = {.offsets = world->offsets, .ends_at_us = n[1]},
            .spans = world->spans,
        };
        return true;
    }
    if (word == 'z' && calendar->zone.offset_count < OFFSETS_MAX) {
        world->offsets[calendar->zone.offset_count++] = (struct zone_offset){n[0], n[1]};
        return true;
    }
    if (word == 's' && calendar->span_count < SPANS_MAX) {
        world->spans[calendar->span_count++] = (struct calendar_span){n[0], n[1], n[2]};
        return true;
    }
    return false;
}

static bool answer(const struct calendar *calendar, char word, const int64_t n[NUMBERS_MAX],
                   int64_t *ret_at_us)
{
    const struct sla_target weekday = {
        .kind = TARGET_WEEKDAY, .weekday = (int)n[1], .minute = (int)n[2], .at_least_us = n[3]};
    switch (word) {
    case 'o':
        *ret_at_us = calendar_open_us(calendar, n[0], n[1]);
        return true;
    case 'a':
        return calendar_add_open(calendar, n[0], n[1], ret_at_us);
    case 'd':
        return calendar_add_days(calendar, n[0], (int32_t)n[1], ret_at_us);
    case 'w':
    case 'W':
        return sla_target_due(&weekday, word == 'w' ? calendar : NULL, &calendar->zone, n[0],
                              ret_at_us);
    case 'p':
        return calendar_shift(calendar, n[0], n[1], n[2], ret_at_us);
    default:
        fprintf(stderr, "no such question: %c\n", word);
        exit(EXIT_FAILURE);
    }
}

int main(void)
{
    static struct world world;
    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) {
        int64_t n[NUMBERS_MAX] = {0};
        char *at = line + 1;
        for (size_t i = 0; i < NUMBERS_MAX; i++)
            n[i] = strtoll(at, &at, 10);
        int64_t at_us;
        if (build(&world, line[0], n))
            continue;
        if (answer(&world.calendar, line[0], n, &at_us))
            printf("%" PRId64 "\n", at_us);
        else
            puts("-");
    }
    return EXIT_SUCCESS;
}

#include "domain/holiday.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/embedded_file.h"

enum { HOLIDAYS_MAX = 2000 }; /* of a region, in all years */

extern const struct embedded_file holiday_files[];
extern const size_t holiday_files_count;

/* A line of the file: "REGION WHAT NAME". */
struct line {
    struct str region;
    struct str what; /* MMDD | YYYYMMDD,… | +REGION */
    struct str name;
};

/* The next one; false at the end. */
static bool read_line(struct str *rest, struct line *ret_line)
{
    while (rest->len > 0) {
        struct str line = str_cut(rest, '\n');
        if (line.len == 0 || line.data[0] == '#') {
            continue;
        }
        ret_line->region = str_cut(&line, ' ');
        ret_line->what = str_cut(&line, ' ');
        ret_line->name = line;
        return true;
    }
    return false;
}

static struct str holidays_text(void)
{
    return holiday_files_count > 0 ? embedded_file_text(&holiday_files[0])
                                   : (struct str){.data = NULL};
}

bool holiday_region_is_known(struct str region)
{
    struct str rest = holidays_text();
    struct line line;
    while (read_line(&rest, &line)) {
        if (str_eq(line.region, region)) {
            return true;
        }
    }
    return false;
}

struct list {
    struct holiday *items;
    size_t count;
    int32_t first_day;
    int32_t last_day;
};

/* `date` is YYYYMMDD. */
static void add_date(struct list *list, const char *date, struct str name)
{
    char text[TIME_TEXT_BYTES];
    int32_t day;
    snprintf(text, sizeof text, "%.4s-%.2s-%.2s", date, date + 4, date + 6);
    if (date_parse(str_from(text), &day) && day >= list->first_day && day <= list->last_day &&
        list->count < HOLIDAYS_MAX) {
        list->items[list->count++] = (struct holiday){.day = day, .name = name};
    }
}

static void add_line(struct list *list, const struct line *line)
{
    char date[16];
    struct str rest = line->what;
    if (rest.len == 4) {
        for (int year = HOLIDAY_FIRST_YEAR; year <= HOLIDAY_LAST_YEAR; year++) {
            snprintf(date, sizeof date, "%04d%.4s", year, rest.data);
            add_date(list, date, line->name);
        }
        return;
    }
    while (rest.len > 0) {
        const struct str one = str_cut(&rest, ',');
        if (one.len == 8) {
            snprintf(date, sizeof date, "%.8s", one.data);
            add_date(list, date, line->name);
        }
    }
}

/* Those of a region; those of the region it builds upon are the caller's to add. */
static struct str add_region(struct list *list, struct str region)
{
    struct str base = {.data = NULL};
    struct str rest = holidays_text();
    struct line line;
    while (read_line(&rest, &line)) {
        if (!str_eq(line.region, region)) {
            continue;
        }
        if (line.what.len > 1 && line.what.data[0] == '+') {
            base = str_slice(line.what.data + 1, line.what.len - 1);
        } else {
            add_line(list, &line);
        }
    }
    return base;
}

static int compare(const void *a, const void *b)
{
    const struct holiday *left = a;
    const struct holiday *right = b;
    if (left->day != right->day) {
        return left->day < right->day ? -1 : 1;
    }
    return str_compare(left->name, right->name);
}

enum err_code holidays_of(struct str region, int32_t first_day, int32_t last_day,
                          struct arena *arena, const struct holiday **ret_holidays,
                          size_t *ret_count)
{
    struct list list = {.first_day = first_day, .last_day = last_day};
    list.items = arena_array(arena, HOLIDAYS_MAX, sizeof *list.items);
    if (list.items == NULL) {
        return ERR_NOMEM;
    }
    const struct str base = add_region(&list, region);
    if (base.data != NULL) {
        (void)add_region(&list, base);
    }
    if (list.count > 1) {
        qsort(list.items, list.count, sizeof *list.items, compare);
    }
    size_t kept = 0;
    for (size_t i = 0; i < list.count; i++) {
        if (kept == 0 || list.items[kept - 1].day != list.items[i].day) {
            list.items[kept++] = list.items[i];
        }
    }
    *ret_holidays = list.items;
    *ret_count = kept;
    return OK;
}

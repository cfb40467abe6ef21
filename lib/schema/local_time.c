#include "schema/local_time.h"

#include <stdio.h>

/* The parts of a local time as read, not yet checked against the calendar. */
struct civil_time {
    unsigned year, month, day, hour, minute, second, ms;
};

/* The readers eat the front of `rest` and return false when it does not fit. */
static bool read_char(struct str *rest, char byte)
{
    if (rest->len == 0 || rest->data[0] != byte)
        return false;
    rest->data++;
    rest->len--;
    return true;
}

static bool read_number(struct str *rest, size_t digits_min, size_t digits_max, unsigned *ret_value)
{
    unsigned value = 0;
    size_t digits = 0;
    while (digits < digits_max && digits < rest->len && rest->data[digits] >= '0' &&
           rest->data[digits] <= '9')
        value = value * 10 + (unsigned)(rest->data[digits++] - '0');
    if (digits < digits_min)
        return false;
    rest->data += digits;
    rest->len -= digits;
    *ret_value = value;
    return true;
}

/* "5" → 500 ms, "1239" → 123 ms. At least one digit. */
static bool read_fraction(struct str *rest, unsigned *ret_ms)
{
    unsigned ms = 0;
    unsigned place_ms = 100;
    size_t digits = 0;
    while (digits < rest->len && rest->data[digits] >= '0' && rest->data[digits] <= '9') {
        ms += (unsigned)(rest->data[digits++] - '0') * place_ms;
        place_ms /= 10;
    }
    rest->data += digits;
    rest->len -= digits;
    *ret_ms = ms;
    return digits > 0;
}

static bool read_date(struct str *rest, enum date_order order, struct civil_time *time)
{
    struct str start = *rest;
    if (read_number(rest, 4, 4, &time->year) && read_char(rest, '-'))
        return read_number(rest, 2, 2, &time->month) && read_char(rest, '-') &&
               read_number(rest, 2, 2, &time->day);
    *rest = start;
    bool is_day_first = order == DATE_ORDER_DAY_FIRST;
    size_t digits_min = is_day_first ? 2 : 1;
    return read_number(rest, digits_min, 2, is_day_first ? &time->day : &time->month) &&
           read_char(rest, '/') &&
           read_number(rest, digits_min, 2, is_day_first ? &time->month : &time->day) &&
           read_char(rest, '/') && read_number(rest, 4, 4, &time->year);
}

/* Nothing, or a separator and HH:MM[:SS[.fff]]. */
static bool read_time(struct str *rest, struct civil_time *time)
{
    if (rest->len == 0)
        return true;
    if (!read_char(rest, ' ') && !read_char(rest, 'T') && !read_char(rest, 't'))
        return false;
    if (!read_number(rest, 2, 2, &time->hour) || !read_char(rest, ':') ||
        !read_number(rest, 2, 2, &time->minute))
        return false;
    if (!read_char(rest, ':'))
        return true;
    if (!read_number(rest, 2, 2, &time->second))
        return false;
    return !read_char(rest, '.') || read_fraction(rest, &time->ms);
}

/* "YYYY-MM-DD"; false when the calendar has no such day. */
static bool format_date(const struct civil_time *time, char out[static TIME_TEXT_BYTES])
{
    int32_t days;
    snprintf(out, TIME_TEXT_BYTES, "%04u-%02u-%02u", time->year, time->month, time->day);
    return time->year > 0 && date_parse(str_from(out), &days);
}

enum err_code local_time_parse(struct str text, enum date_order order, struct local_time *ret_time,
                               struct err *reterr)
{
    text = str_trim(text);
    int64_t at_us;
    if (time_parse(text, &at_us)) {
        *ret_time = (struct local_time){.is_local = false, .at_us = at_us};
        return OK;
    }
    struct str rest = text;
    struct civil_time time = {0};
    if (!read_date(&rest, order, &time) || !read_time(&rest, &time) || rest.len > 0)
        return err_set(reterr, ERR_INVALID,
                       "Not a date or time: write 2026-11-21, 2026-11-21 14:30, %s or "
                       "2026-11-21T14:30:00+01:00.",
                       order == DATE_ORDER_DAY_FIRST ? "21/11/2026 14:30" : "11/21/2026 14:30");
    char date[TIME_TEXT_BYTES];
    if (!format_date(&time, date))
        return err_set(reterr, ERR_INVALID, "There is no day %u in month %u of the year %u.",
                       time.day, time.month, time.year);
    if (time.hour > 23 || time.minute > 59 || time.second > 60)
        return err_set(reterr, ERR_INVALID, "There is no time %02u:%02u:%02u.", time.hour,
                       time.minute, time.second);
    if (time.second == 60) { /* a leap second, which no database keeps */
        time.second = 59;
        time.ms = 999;
    }
    struct local_time local = {.is_local = true, .at_us = TIME_NONE};
    snprintf(local.text, sizeof local.text, "%.10s %02u:%02u:%02u.%03u", date, time.hour,
             time.minute, time.second, time.ms % 1000);
    *ret_time = local;
    return OK;
}

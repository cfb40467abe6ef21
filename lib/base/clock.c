#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

enum {
    DAYS_PER_ERA = 146097,      /* 400 years of the Gregorian calendar */
    DAYS_TO_UNIX_EPOCH = 719468 /* from 0000-03-01 to 1970-01-01 */
};

/* 0000-01-01 and the day after 9999-12-31 */
#define DAYS_MIN (-INT64_C(719528))
#define DAYS_END INT64_C(2932897)

static int64_t clock_read_us(clockid_t clock)
{
    struct timespec now;
    int rc = clock_gettime(clock, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return clock_read_us(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
    return clock_read_us(CLOCK_MONOTONIC);
}

/*
 * Both conversions count years from 1 March, so that the leap day is a year's last, and months by
 * the line (153 m + 2) / 5, which gives the days before month m of such a year.
 */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_UNIX_EPOCH;
}

struct civil {
    int year, month, day;
};

static struct civil civil_from_days(int64_t days)
{
    int64_t shifted = days + DAYS_TO_UNIX_EPOCH;
    int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct civil){
        .year = (int)(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
        .month = (int)month,
        .day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

static int64_t divide_down(int64_t value, int64_t divisor)
{
    return value / divisor - (value % divisor < 0 ? 1 : 0);
}

/* The last `digits` decimals of `value` ≥ 0, then `mark`. By hand instead of by printf's format,
 * because every event and every contact that is shown has several times in it. */
static char *put_digits(char *out, int value, int digits, char mark)
{
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    out[digits] = mark;
    return out + digits + 1;
}

static char *put_date(char *out, struct civil date, char mark)
{
    out = put_digits(out, date.year, 4, '-');
    out = put_digits(out, date.month, 2, '-');
    return put_digits(out, date.day, 2, mark);
}

char *time_format(int64_t at_us, char out[static TIME_TEXT_BYTES])
{
    at_us = clamp(at_us, DAYS_MIN * US_PER_DAY, DAYS_END * US_PER_DAY - 1);
    int64_t days = divide_down(at_us, US_PER_DAY);
    int ms = (int)((at_us - days * US_PER_DAY) / US_PER_MS);
    char *at = put_date(out, civil_from_days(days), 'T');
    at = put_digits(at, ms / 3600000, 2, ':');
    at = put_digits(at, ms / 60000 % 60, 2, ':');
    at = put_digits(at, ms / 1000 % 60, 2, '.');
    at = put_digits(at, ms % 1000, 3, 'Z');
    *at = '\0';
    return out;
}

char *date_format(int32_t days, char out[static TIME_TEXT_BYTES])
{
    (void)put_date(out, civil_from_days(clamp(days, DAYS_MIN, DAYS_END - 1)), '\0');
    return out;
}

/* A reader eats the front of `rest` and returns false when it does not fit. */
static bool read_char(struct str *rest, const char *choices)
{
    if (rest->len == 0 || rest->data[0] == '\0' || strchr(choices, rest->data[0]) == NULL)
        return false;
    rest->data++;
    rest->len--;
    return true;
}

static bool read_number(struct str *rest, size_t digits, int max, int *ret_value)
{
    int value = 0;
    if (rest->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (rest->data[i] < '0' || rest->data[i] > '9')
            return false;
        value = value * 10 + (rest->data[i] - '0');
    }
    if (value > max)
        return false;
    rest->data += digits;
    rest->len -= digits;
    *ret_value = value;
    return true;
}

/* ".25" to µs, what is finer is dropped. At least one digit. */
static bool read_fraction(struct str *rest, int64_t *ret_us)
{
    int64_t us = 0;
    int64_t place_us = US_PER_SECOND / 10;
    size_t digits = 0;
    while (digits < rest->len && rest->data[digits] >= '0' && rest->data[digits] <= '9') {
        us += (rest->data[digits] - '0') * place_us;
        place_us /= 10;
        digits++;
    }
    rest->data += digits;
    rest->len -= digits;
    *ret_us = us;
    return digits > 0;
}

static bool read_date(struct str *rest, int64_t *ret_days)
{
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!read_number(rest, 4, 9999, &year) || !read_char(rest, "-") ||
        !read_number(rest, 2, 12, &month) || !read_char(rest, "-") ||
        !read_number(rest, 2, 31, &day))
        return false;
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month < 1 || day < 1 || day > month_days[month - 1] ||
        (month == 2 && day == 29 && !is_leap))
        return false;
    *ret_days = days_from_civil(year, month, day);
    return true;
}

/* "Z" or "+hh:mm": minutes east of UTC. */
static bool read_offset(struct str *rest, int *ret_minutes)
{
    if (read_char(rest, "Zz")) {
        *ret_minutes = 0;
        return true;
    }
    bool is_west = rest->len > 0 && rest->data[0] == '-';
    int hours, minutes;
    if (!read_char(rest, "+-") || !read_number(rest, 2, 23, &hours) || !read_char(rest, ":") ||
        !read_number(rest, 2, 59, &minutes))
        return false;
    *ret_minutes = (is_west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

bool time_parse(struct str text, int64_t *ret_at_us)
{
    struct str rest = text;
    int64_t days, fraction_us = 0;
    int hour, minute, second, offset_minutes;
    if (!read_date(&rest, &days) || !read_char(&rest, "Tt ") || !read_number(&rest, 2, 23, &hour) ||
        !read_char(&rest, ":") || !read_number(&rest, 2, 59, &minute) || !read_char(&rest, ":") ||
        !read_number(&rest, 2, 60, &second))
        return false;
    if (read_char(&rest, ".") && !read_fraction(&rest, &fraction_us))
        return false;
    if (!read_offset(&rest, &offset_minutes) || rest.len > 0)
        return false;
    int64_t utc_minutes = days * 1440 + INT64_C(60) * hour + minute - offset_minutes;
    if (second == 60) {
        /* UTC inserts leap seconds only at the end of a day. */
        if (utc_minutes - divide_down(utc_minutes, 1440) * 1440 != 1439)
            return false;
        second = 59;
        fraction_us = US_PER_SECOND - 1;
    }
    /* An offset may push 0000-01-01 or 9999-12-31 to a year that cannot be written. */
    if (utc_minutes < DAYS_MIN * 1440 || utc_minutes >= DAYS_END * 1440)
        return false;
    *ret_at_us = (utc_minutes * 60 + second) * US_PER_SECOND + fraction_us;
    return true;
}

bool date_parse(struct str text, int32_t *ret_days)
{
    struct str rest = text;
    int64_t days;
    if (!read_date(&rest, &days) || rest.len > 0)
        return false;
    *ret_days = (int32_t)days;
    return true;
}

static const struct duration_unit {
    char name;
    bool is_time; /* stands behind the T */
    int64_t us;
} duration_units[] = {
    {'W', false, 7 * US_PER_DAY      },
    {'D', false, US_PER_DAY          },
    {'H', true,  3600 * US_PER_SECOND},
    {'M', true,  60 * US_PER_SECOND  },
    {'S', true,  US_PER_SECOND       },
};

/* "12" or, where allowed, "12.5": whole part and fraction of a second. Ten digits are enough for
 * 100 years in seconds. */
static bool read_amount(struct str *rest, int64_t *ret_whole, int64_t *ret_fraction_us)
{
    size_t digits = 0;
    while (digits < rest->len && rest->data[digits] >= '0' && rest->data[digits] <= '9')
        digits++;
    if (digits == 0 || digits > 10 || !str_to_int64(str_slice(rest->data, digits), ret_whole))
        return false;
    rest->data += digits;
    rest->len -= digits;
    *ret_fraction_us = -1;
    return !read_char(rest, ".") || read_fraction(rest, ret_fraction_us);
}

/* The unit named at the front of `rest`, after `after` in the table: units come in order, once. */
static const struct duration_unit *read_unit(struct str *rest, size_t *after, bool is_time)
{
    for (size_t i = *after; i < ARRAY_LEN(duration_units); i++) {
        const struct duration_unit *unit = &duration_units[i];
        if (unit->is_time == is_time && read_char(rest, (const char[]){unit->name, '\0'})) {
            *after = i + 1;
            return unit;
        }
    }
    return NULL;
}

bool duration_parse(struct str text, int64_t *ret_us)
{
    const int64_t max_us = 36525 * US_PER_DAY;
    struct str rest = text;
    int64_t total_us = 0;
    size_t next_unit = 0;
    bool is_time = false;
    if (!read_char(&rest, "P") || rest.len == 0)
        return false;
    while (rest.len > 0) {
        int64_t whole, fraction_us;
        if (!is_time)
            is_time = read_char(&rest, "T");
        if (!read_amount(&rest, &whole, &fraction_us))
            return false;
        const struct duration_unit *unit = read_unit(&rest, &next_unit, is_time);
        if (unit == NULL || (fraction_us >= 0 && unit->name != 'S') || whole > max_us / unit->us)
            return false;
        total_us += whole * unit->us + (fraction_us >= 0 ? fraction_us : 0);
        if (total_us > max_us)
            return false;
    }
    *ret_us = total_us;
    return true;
}

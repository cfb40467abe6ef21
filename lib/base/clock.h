/*
 * Time. A point in time is int64_t microseconds since 1970-01-01T00:00:00Z, named …_us or at_us;
 * the database's clock decides everything that is stored, this one only waits and stamps logs.
 *
 * RFC 3339 in and out (docs: RFC 3339 section 5.6). Output is UTC with milliseconds.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

#define TIME_NONE     INT64_MIN /* "no time": null in JSON and SQL */
#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MS     INT64_C(1000)
#define US_PER_DAY    (INT64_C(86400) * US_PER_SECOND)

enum { TIME_TEXT_BYTES = 32 };

/* The only readers of the machine's clocks. */
int64_t clock_wall_us(void);
int64_t clock_monotonic_us(void);

/* "2026-11-21T17:36:00.123Z" into `out`, NUL-terminated. Returns out. Years 0000…9999. */
char *time_format(int64_t at_us, char out[static TIME_TEXT_BYTES]);
/* RFC 3339 with any offset, 'T' or space or 't', fractions of any length (truncated to µs), leap
 * second :60 taken as :59.999999. False when malformed or a field is out of range. */
bool time_parse(struct str text, int64_t *ret_at_us) MUSTCHECK;
/* A bare date "2026-11-21": days since 1970-01-01 (proleptic Gregorian). */
bool date_parse(struct str text, int32_t *ret_days) MUSTCHECK;
/* "YYYY-MM-DD" into out. */
char *date_format(int32_t days, char out[static TIME_TEXT_BYTES]);
/* An ISO 8601 duration of weeks, days, hours, minutes, seconds ("P30D", "PT24H", "P1W2DT3.5S"; no
 * years or months: they have no fixed length). A day is 86,400 s. False when malformed, negative or
 * above 100 years. */
bool duration_parse(struct str text, int64_t *ret_us) MUSTCHECK;

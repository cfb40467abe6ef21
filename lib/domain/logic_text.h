/*
 * Text as ECMAScript sees it: counted and ordered in UTF-16 code units, and turned into numbers and
 * back by its grammar. Texts stay UTF-8 in memory. Internal to JsonLogic; pure.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

/* Code units of valid UTF-8: two for what is above U+FFFF, one for all else. */
size_t logic_text_length(struct str text);

/* `count` code units from unit `from` (both may lie beyond the end). A slice of `text` where it can
 * be; half of a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD in a copy. data is NULL
 * when out of memory. */
struct str logic_text_slice(struct arena *arena, struct str text, size_t from, size_t count);

/* <0, 0, >0 in the order of code units, which differs from that of bytes above U+D7FF. */
int logic_text_compare(struct str a, struct str b);

/* Number("…") of ECMA-262 section 7.1.4.1: "" is 0, "0x1f" is 31, white space around is ignored.
 * False when it would be NaN. */
bool logic_text_to_number(struct str text, double *ret_number) MUSTCHECK;

enum { LOGIC_NUMBER_BYTES = 40 };

/* String(number) of ECMA-262 section 6.1.6.1.20: "0.1", "1e+21", "-Infinity". NUL-terminated;
 * returns the length. */
size_t logic_number_to_text(double number, char out[static LOGIC_NUMBER_BYTES]);

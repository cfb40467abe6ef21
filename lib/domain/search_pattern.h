/*
 * A word that somebody looks for, as a regular expression that finds it whatever its accents and
 * case: "lefevre" finds Lefèvre, "OEUVRE" finds œuvre, and the other way round. Latin letters
 * (Latin-1, Latin Extended-A); everything else has to be there as it is written.
 *
 * The pattern is one of PostgreSQL's advanced regular expressions, for its operator ~*. So what is
 * stored needs no second form, and the database no extension.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"

enum {
    SEARCH_WORD_CHARS_MAX = 200,     /* the rest of a longer word is not looked at */
    SEARCH_PATTERN_BYTES_MAX = 32768 /* of such a word */
};

/* Appends the pattern of `word` to `out`. Nothing in it is special, whatever is in the word. */
void search_pattern(struct buf *out, struct str word);

/*
 * Comparing what people type: case without surprises, and words without accents.
 *
 * Small on purpose: Latin-1, Latin Extended-A, and for case also Greek and Cyrillic. Not a
 * replacement for Unicode normalisation or collation; free of locales.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

/*
 * The lower-case letter of a code point where Unicode's simple case mapping (UnicodeData.txt, field
 * 13) gives one inside ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic; any other code point
 * is returned as it is. The capital I with dot (U+0130) too: its lower case is two code points.
 * Never changes the number of bytes in UTF-8; applying it twice is applying it once.
 */
uint32_t fold_case(uint32_t code_point);

/*
 * The small ASCII letters that an accented letter or a ligature of Latin-1 or Latin Extended-A
 * stands for, whatever its case ("é" → "e", "Œ" → "oe"). NULL: it is none of these. Static.
 */
const char *fold_letters(uint32_t code_point);

/*
 * Writes the words of a UTF-8 text to `out`: lower-case ASCII letters and digits, one space between
 * words, NUL-terminated. Accents fall ("é" → "e", "œ" → "oe"), so do combining marks; "@" becomes
 * the word "at"; a dot between single letters joins them ("P.D.G." → "pdg"); anything else parts
 * words, invalid UTF-8 too. What does not fit into `size` (≥ 1) bytes is cut off at a word's end.
 * Returns the length without the NUL.
 */
size_t fold_words(struct str text, char *out, size_t size);

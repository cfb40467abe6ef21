#include "domain/search_pattern.h"

#include "base/utf8.h"
#include "domain/fold.h"

enum { LATIN_BEGIN = 0xc0, LATIN_END = 0x180, NOT_A_CHARACTER = 0xfffd };

/* A word, letter by letter: a small ASCII letter, or any other code point as it is. */
struct word {
    uint32_t units[2 * SEARCH_WORD_CHARS_MAX]; /* one character may stand for two letters */
    size_t count;
};

/* Two letters that may be written as one. */
static const struct {
    char letters[3];
    const char *pattern;
} ligatures[] = {
    {"ae", "[æÆ]"},
    {"oe", "[œŒ]"},
    {"ss", "ß"    },
};

static bool is_small_letter(uint32_t unit)
{
    return unit >= 'a' && unit <= 'z';
}

static bool is_combining_mark(uint32_t code_point)
{
    return code_point >= 0x300 && code_point <= 0x36f;
}

static void take_character(struct word *word, uint32_t code_point)
{
    const char *letters = fold_letters(code_point);
    if (letters == NULL && !is_combining_mark(code_point)) {
        word->units[word->count++] = fold_case(code_point);
    }
    for (; letters != NULL && *letters != '\0'; letters++) {
        word->units[word->count++] = (uint32_t)*letters;
    }
}

static void take_word(struct word *word, struct str text)
{
    word->count = 0;
    for (size_t i = 0; i < SEARCH_WORD_CHARS_MAX && text.len > 0; i++) {
        uint32_t code_point = NOT_A_CHARACTER;
        size_t bytes = utf8_decode(text, &code_point);
        bytes = bytes > 0 ? bytes : 1;
        take_character(word, code_point);
        text = str_slice(text.data + bytes, text.len - bytes);
    }
}

static void add_code_point(struct buf *out, uint32_t code_point)
{
    char bytes[4];
    const size_t len = utf8_encode(code_point, bytes);
    buf_append(out, bytes, len);
}

/* The letter with every accent it may have; of these both cases, for what case is, outside ASCII,
 * depends on the database's locale. */
static void add_letter(struct buf *out, uint32_t letter)
{
    buf_append_char(out, '[');
    add_code_point(out, letter);
    for (uint32_t other = LATIN_BEGIN; other < LATIN_END; other++) {
        const char *plain = fold_letters(other);
        if (plain != NULL && (uint32_t)plain[0] == letter && plain[1] == '\0') {
            add_code_point(out, other);
        }
    }
    buf_append_char(out, ']');
}

static void add_unit(struct buf *out, uint32_t unit)
{
    const bool is_digit = unit >= '0' && unit <= '9';
    if (is_small_letter(unit)) {
        add_letter(out, unit);
        return;
    }
    if (unit < 0x80 && !is_digit) {
        buf_append_char(out, '\\');
    }
    add_code_point(out, unit);
}

/* Of two letters in a row; NULL: these are never written as one. */
static const char *ligature_of(const uint32_t units[2])
{
    for (size_t i = 0; i < ARRAY_LEN(ligatures); i++) {
        if (units[0] == (uint32_t)ligatures[i].letters[0] &&
            units[1] == (uint32_t)ligatures[i].letters[1]) {
            return ligatures[i].pattern;
        }
    }
    return NULL;
}

void search_pattern(struct buf *out, struct str text)
{
    struct word word;
    take_word(&word, text);
    for (size_t i = 0; i < word.count; i++) {
        const char *ligature = i + 1 < word.count ? ligature_of(&word.units[i]) : NULL;
        if (ligature == NULL) {
            add_unit(out, word.units[i]);
            continue;
        }
        buf_append_text(out, "(?:");
        add_unit(out, word.units[i]);
        add_unit(out, word.units[++i]);
        buf_printf(out, "|%s)", ligature);
    }
}

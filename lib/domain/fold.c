#include "domain/fold.h"

#include <assert.h>

#include "base/utf8.h"

static bool is_even(uint32_t code_point)
{
    return code_point % 2 == 0;
}

/* Latin Extended-A pairs a capital with the small letter after it; the parity changes on the way.
 */
static uint32_t fold_case_latin_a(uint32_t code_point)
{
    if (code_point == 0x178) {
        return 0xff; /* Ÿ, whose small letter is in Latin-1 */
    }
    bool is_odd_range = (code_point >= 0x139 && code_point <= 0x148) ||
                        (code_point >= 0x179 && code_point <= 0x17e);
    bool has_no_case = code_point == 0x130 || code_point == 0x131 || code_point == 0x138 ||
                       code_point == 0x149 || code_point == 0x17f;
    if (has_no_case || is_even(code_point) == is_odd_range) {
        return code_point;
    }
    return code_point + 1;
}

static uint32_t fold_case_greek(uint32_t code_point)
{
    if ((code_point >= 0x391 && code_point <= 0x3ab) && code_point != 0x3a2) {
        return code_point + 32;
    }
    switch (code_point) {
    case 0x386:
        return 0x3ac;
    case 0x388:
    case 0x389:
    case 0x38a:
        return code_point + 37;
    case 0x38c:
        return 0x3cc;
    case 0x38e:
    case 0x38f:
        return code_point + 63;
    default:
        return code_point;
    }
}

uint32_t fold_case(uint32_t code_point)
{
    bool is_ascii_capital = code_point >= 'A' && code_point <= 'Z';
    bool is_latin_1_capital = code_point >= 0xc0 && code_point <= 0xde && code_point != 0xd7;
    bool is_cyrillic_capital = code_point >= 0x410 && code_point <= 0x42f;
    if (is_ascii_capital || is_latin_1_capital || is_cyrillic_capital) {
        return code_point + 32;
    }
    if (code_point >= 0x100 && code_point <= 0x17f) {
        return fold_case_latin_a(code_point);
    }
    if (code_point >= 0x370 && code_point <= 0x3ff) {
        return fold_case_greek(code_point);
    }
    return code_point >= 0x400 && code_point <= 0x40f ? code_point + 80 : code_point;
}

const char *fold_letters(uint32_t code_point)
{
    static const struct {
        uint16_t last; /* of a run that begins after the row before */
        const char *letters;
    } runs[] = {
        {0xbf,  NULL},
        {0xc5,  "a" },
        {0xc6,  "ae"},
        {0xc7,  "c" },
        {0xcb,  "e" },
        {0xcf,  "i" },
        {0xd0,  "d" },
        {0xd1,  "n" },
        {0xd6,  "o" },
        {0xd7,  NULL},
        {0xd8,  "o" },
        {0xdc,  "u" },
        {0xdd,  "y" },
        {0xde,  "th"},
        {0xdf,  "ss"},
        {0xe5,  "a" },
        {0xe6,  "ae"},
        {0xe7,  "c" },
        {0xeb,  "e" },
        {0xef,  "i" },
        {0xf0,  "d" },
        {0xf1,  "n" },
        {0xf6,  "o" },
        {0xf7,  NULL},
        {0xf8,  "o" },
        {0xfc,  "u" },
        {0xfd,  "y" },
        {0xfe,  "th"},
        {0xff,  "y" },
        {0x105, "a" },
        {0x10d, "c" },
        {0x111, "d" },
        {0x11b, "e" },
        {0x123, "g" },
        {0x127, "h" },
        {0x131, "i" },
        {0x133, "ij"},
        {0x135, "j" },
        {0x138, "k" },
        {0x142, "l" },
        {0x14b, "n" },
        {0x151, "o" },
        {0x153, "oe"},
        {0x159, "r" },
        {0x161, "s" },
        {0x167, "t" },
        {0x173, "u" },
        {0x175, "w" },
        {0x178, "y" },
        {0x17e, "z" },
        {0x17f, "s" },
    };
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        if (code_point <= runs[i].last) {
            return runs[i].letters;
        }
    }
    return NULL;
}

struct word_writer {
    char *out;
    size_t size;
    size_t len;
    size_t word_start;     /* of the word being written */
    size_t joined_letters; /* letters since the last joining dot or the word's start */
    bool is_in_word;
    bool after_dot; /* a dot that joins if a letter follows */
    bool is_full;
};

static void word_end(struct word_writer *writer)
{
    writer->is_in_word = false;
    writer->after_dot = false;
}

/* Letters or digits of a word; begins one where none is open. */
static void word_add(struct word_writer *writer, const char *letters, size_t count)
{
    bool needs_space = !writer->is_in_word && writer->len > 0;
    size_t bytes = count + (needs_space ? 1 : 0);
    if (writer->is_full || bytes >= writer->size - writer->len) {
        /* Half a word could be another word. */
        if (!writer->is_full && writer->is_in_word) {
            writer->len = writer->word_start;
        }
        writer->is_full = true;
        return;
    }
    if (!writer->is_in_word) {
        writer->word_start = writer->len;
        writer->joined_letters = 0;
        if (needs_space) {
            writer->out[writer->len++] = ' ';
        }
    }
    if (writer->after_dot) {
        writer->joined_letters = 0;
    }
    memcpy(writer->out + writer->len, letters, count);
    writer->len += count;
    writer->joined_letters++;
    writer->is_in_word = true;
    writer->after_dot = false;
}

static bool is_combining_mark(uint32_t code_point)
{
    return code_point >= 0x300 && code_point <= 0x36f;
}

static void word_add_code_point(struct word_writer *writer, uint32_t code_point)
{
    uint32_t small = fold_case(code_point);
    const char *letters = fold_letters(code_point);
    if ((small >= 'a' && small <= 'z') || (small >= '0' && small <= '9')) {
        char letter = (char)small;
        word_add(writer, &letter, 1);
    } else if (letters != NULL) {
        word_add(writer, letters, strlen(letters));
    } else if (code_point == '@') {
        word_end(writer);
        word_add(writer, "at", 2);
        word_end(writer);
    } else if (code_point == '.' && writer->is_in_word && writer->joined_letters == 1) {
        writer->after_dot = true;
    } else if (!is_combining_mark(code_point)) {
        word_end(writer);
    }
}

size_t fold_words(struct str text, char *out, size_t size)
{
    assert(size >= 1);
    struct word_writer writer = {.out = out, .size = size};
    while (text.len > 0 && !writer.is_full) {
        uint32_t code_point;
        size_t bytes = utf8_decode(text, &code_point);
        if (bytes == 0) {
            code_point = ' ';
            bytes = 1;
        }
        word_add_code_point(&writer, code_point);
        text = str_slice(text.data + bytes, text.len - bytes);
    }
    out[writer.len] = '\0';
    return writer.len;
}

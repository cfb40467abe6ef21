#include "delivery/mail_header.h"

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/utf8.h"

enum {
    WORD_BYTES = 39,            /* of an encoded word: 64 characters with its frame */
    WORD_TEXT_BYTES = 56,       /* 39 bytes in base64, and a NUL */
    PLAIN_TEXT_BYTES_MAX = 900, /* a line has at most 998 (RFC 5322 section 2.1.1) */
    DAYS_TO_MONDAY = 3,         /* 1970-01-01 was a Thursday */
};

static bool is_control(char byte)
{
    return (unsigned char)byte < 0x20 || byte == 0x7f;
}

/* Printable ASCII; what looks like an encoded word is encoded, so that it shows as it is. */
static bool is_plain(struct str text)
{
    bool is_plain = text.len <= PLAIN_TEXT_BYTES_MAX &&
                    memmem(text.data, text.len, "=?", 2) == NULL;
    for (size_t i = 0; i < text.len; i++) {
        is_plain = is_plain && !is_control(text.data[i]) && (unsigned char)text.data[i] < 0x7f;
    }
    return is_plain;
}

/* As many whole characters as an encoded word takes; what is no UTF-8 byte by byte. */
static size_t word_length(struct str text)
{
    size_t length = 0;
    while (length < text.len) {
        uint32_t code_point;
        size_t size = utf8_decode(str_slice(text.data + length, text.len - length), &code_point);
        size = size > 0 ? size : 1;
        if (length + size > WORD_BYTES) {
            break;
        }
        length += size;
    }
    return length;
}

/* RFC 2047 section 2, words of base64, each on a line of its own. */
static void write_words(struct buf *out, struct str text)
{
    for (bool is_first = true; text.len > 0; is_first = false) {
        unsigned char bytes[WORD_BYTES];
        unsigned char encoded[WORD_TEXT_BYTES];
        const size_t length = word_length(text);
        for (size_t i = 0; i < length; i++) {
            bytes[i] = (unsigned char)(is_control(text.data[i]) ? ' ' : text.data[i]);
        }
        const int size = EVP_EncodeBlock(encoded, bytes, (int)length);
        buf_printf(out, "%s=?UTF-8?B?%.*s?=", is_first ? "" : "\r\n ", size, (const char *)encoded);
        text = str_slice(text.data + length, text.len - length);
    }
}

void mail_header_text(struct buf *out, const char *name, struct str text)
{
    buf_printf(out, "%s: ", name);
    if (is_plain(text)) {
        buf_append_str(out, text);
    } else {
        write_words(out, text);
    }
}

/* A phrase of atoms (RFC 5322 section 3.2.5) needs no quotes. */
static bool is_phrase(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char byte = text.data[i];
        if (!((byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
              (byte >= '0' && byte <= '9') || byte == ' ' || byte == '-')) {
            return false;
        }
    }
    return text.len <= PLAIN_TEXT_BYTES_MAX;
}

void mail_header_address(struct buf *out, const char *name, struct str display, struct str address)
{
    buf_printf(out, "%s: ", name);
    if (display.data == NULL || display.len == 0) {
        buf_append_str(out, address);
        return;
    }
    if (is_phrase(display)) {
        buf_append_str(out, display);
    } else {
        write_words(out, display);
    }
    buf_append_text(out, " <");
    buf_append_str(out, address);
    buf_append_char(out, '>');
}

void mail_header_date(struct buf *out, int64_t at_us)
{
    static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[TIME_TEXT_BYTES];
    (void)time_format(at_us, text); /* 2026-11-21T17:36:00.123Z */
    const int month = (text[5] - '0') * 10 + text[6] - '0';
    buf_printf(out, "Date: %s, %.2s %s %.4s %.8s +0000",
               weekdays[(at_us / US_PER_DAY + DAYS_TO_MONDAY) % 7], text + 8, months[month - 1],
               text, text + 11);
}

bool mail_address_is_plain(struct str address)
{
    bool has_at = false;
    for (size_t i = 0; i < address.len; i++) {
        const char byte = address.data[i];
        if (is_control(byte) || byte == ' ' || byte == '<' || byte == '>') {
            return false;
        }
        has_at = has_at || byte == '@';
    }
    return has_at;
}

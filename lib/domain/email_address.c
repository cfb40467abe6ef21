/*
 * A rule that is broken travels as `const char *reason`, the end of the sentence "The e-mail
 * address …", NULL for none: every check is then a pure function of text. Reasons say what to
 * change, for the person at the form.
 */
#include "domain/email_address.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>

#include "base/utf8.h"
#include "domain/fold.h"
#include "domain/registrable_domain.h"

enum { LABEL_BYTES_MAX = 63 };

struct code_point_range {
    uint32_t first, last;
};

static struct str skip(struct str text, size_t len)
{
    return str_slice(text.data + len, text.len - len);
}

static bool is_ascii_white(uint32_t code_point)
{
    return code_point == ' ' || (code_point >= '\t' && code_point <= '\r');
}

/* White space, formatting and control characters beyond ASCII, and code points that are none:
 * dropped around an address, where pasting leaves them, and refused inside, where nobody sees them.
 */
static bool is_unseen(uint32_t code_point)
{
    static const struct code_point_range ranges[] = {
        {0x80,    0xa0   }, /* C1 controls, no-break space */
        {0xad,    0xad   }, /* soft hyphen */
        {0x61c,   0x61c  }, /* Arabic letter mark */
        {0x1680,  0x1680 }, /* Ogham space */
        {0x180e,  0x180e }, /* Mongolian vowel separator */
        {0x2000,  0x200f }, /* spaces, zero-width characters, direction marks */
        {0x2028,  0x202f }, /* separators, direction embeddings, narrow no-break space */
        {0x205f,  0x206f }, /* mathematical space, invisible operators, direction isolates */
        {0x3000,  0x3000 }, /* ideographic space */
        {0xfdd0,  0xfdef }, /* noncharacters */
        {0xfeff,  0xfeff }, /* byte order mark */
        {0xfff0,  0xfffb }, /* interlinear annotation */
        {0xe0000, 0xe0fff}, /* tags */
    };
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (code_point >= ranges[i].first && code_point <= ranges[i].last) {
            return true;
        }
    }
    return (code_point & 0xfffe) == 0xfffe; /* noncharacters */
}

/* `text` is valid UTF-8. */
static struct str trim(struct str text)
{
    uint32_t code_point;
    size_t bytes;
    while ((bytes = utf8_decode(text, &code_point)) > 0 &&
           (is_ascii_white(code_point) || is_unseen(code_point))) {
        text = skip(text, bytes);
    }
    while (text.len > 0) {
        size_t start = text.len - 1;
        while (((unsigned char)text.data[start] & 0xc0) == 0x80) {
            start--;
        }
        bytes = utf8_decode(skip(text, start), &code_point);
        if (bytes == 0 || (!is_ascii_white(code_point) && !is_unseen(code_point))) {
            break;
        }
        text = str_slice(text.data, start);
    }
    return text;
}

/* Why a character cannot stand where it stands, for the mistakes people make. */
static const char *misplaced(uint32_t code_point)
{
    switch (code_point) {
    case '(':
    case ')':
        return "has a comment in parentheses; leave it out";
    case '<':
    case '>':
        return "has angle brackets; only the address itself is wanted";
    case ',':
    case ';':
        return "holds a comma or semicolon; one address is wanted";
    case '@':
        return "has more than one '@'";
    case '"':
        return "has a quotation mark in the wrong place";
    default:
        break;
    }
    if (is_ascii_white(code_point)) {
        return "has white space in it";
    }
    if (code_point < 0x20 || code_point == 0x7f || is_unseen(code_point)) {
        return "has an invisible character in it";
    }
    return "has a character that is not allowed there";
}

/* Local part */

/* atext of RFC 5322 section 3.2.3, with UTF8-non-ascii of RFC 6531. */
static bool is_atext(uint32_t code_point)
{
    if (code_point >= 0x80) {
        return !is_unseen(code_point);
    }
    return (code_point >= 'a' && code_point <= 'z') || (code_point >= 'A' && code_point <= 'Z') ||
           (code_point >= '0' && code_point <= '9') ||
           (code_point != 0 && strchr("!#$%&'*+-/=?^_`{|}~", (int)code_point) != NULL);
}

/* Dot-string of RFC 5321 at the start, up to what is neither atext nor a dot. */
static const char *dot_string_scan(struct str text, size_t *ret_len)
{
    size_t len = 0;
    bool after_dot = true;
    uint32_t code_point;
    size_t bytes;
    while ((bytes = utf8_decode(skip(text, len), &code_point)) > 0) {
        if (code_point == '.' ? after_dot : !is_atext(code_point)) {
            break;
        }
        after_dot = code_point == '.';
        len += bytes;
    }
    if (len == 0 && (bytes == 0 || code_point == '@')) {
        return "has nothing before the '@'";
    }
    if (bytes > 0 && code_point != '@' && code_point != '.') {
        return misplaced(code_point);
    }
    if (after_dot) {
        return "has a misplaced dot before the '@'";
    }
    *ret_len = len;
    return NULL;
}

/* Quoted-string of RFC 5321 at the start; qtextSMTP, quoted-pairSMTP: no control characters. */
static const char *quoted_string_scan(struct str text, size_t *ret_len)
{
    size_t len = 1;
    uint32_t code_point;
    size_t bytes;
    while ((bytes = utf8_decode(skip(text, len), &code_point)) > 0) {
        len += bytes;
        if (code_point == '"') {
            *ret_len = len;
            return NULL;
        }
        if (code_point == '\\') {
            bytes = utf8_decode(skip(text, len), &code_point);
            if (bytes != 1 || code_point < ' ' || code_point == 0x7f) {
                return "has a backslash before something that needs none";
            }
            len += bytes;
        }
        if (code_point < ' ' || code_point == 0x7f || is_unseen(code_point)) {
            return misplaced(code_point);
        }
    }
    return "has an opening quotation mark without a closing one";
}

static const char *local_scan(struct str text, size_t *ret_len)
{
    bool is_quoted = text.len > 0 && text.data[0] == '"';
    size_t len = 0;
    const char *reason = is_quoted ? quoted_string_scan(text, &len) : dot_string_scan(text, &len);
    if (reason != NULL) {
        return reason;
    }
    if (len == text.len) {
        return "has no '@'";
    }
    if (text.data[len] != '@') {
        return "has something between its quoted part and the '@'";
    }
    if (len > EMAIL_LOCAL_BYTES_MAX) {
        return "has more than 64 bytes before the '@'";
    }
    *ret_len = len;
    return NULL;
}

/* Lower case in place of its copy; the length stays (see fold_case). */
static struct str lower_copy(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    if (copy == NULL) {
        return (struct str){.data = NULL};
    }
    uint32_t code_point;
    size_t bytes = 0;
    for (size_t len = 0; utf8_decode(skip(text, len), &code_point) > 0; len += bytes) {
        char encoded[4];
        bytes = utf8_encode(fold_case(code_point), encoded);
        memcpy(copy + len, encoded, bytes);
    }
    return str_slice(copy, text.len);
}

static bool is_dot_string(struct str text)
{
    size_t len = 0;
    return dot_string_scan(text, &len) == NULL && len == text.len;
}

/* "john\ smith" and "john smith" are one mailbox, and so are "john" and john (RFC 5321 section
 * 4.1.2): quotes only where needed, a backslash only before '"' and '\'. `local` is in lower case.
 */
static struct str local_canonical(struct arena *arena, struct str local)
{
    if (local.data[0] != '"') {
        return local;
    }
    char *plain = arena_alloc(arena, local.len + 1);
    char *quoted = arena_alloc(arena, local.len + 1);
    if (plain == NULL || quoted == NULL) {
        return (struct str){.data = NULL};
    }
    size_t plain_len = 0;
    size_t quoted_len = 0;
    quoted[quoted_len++] = '"';
    for (size_t i = 1; i < local.len - 1; i++) {
        i += local.data[i] == '\\' ? 1 : 0;
        char byte = local.data[i];
        if (byte == '"' || byte == '\\') {
            quoted[quoted_len++] = '\\';
        }
        quoted[quoted_len++] = byte;
        plain[plain_len++] = byte;
    }
    quoted[quoted_len++] = '"';
    struct str unquoted = str_slice(plain, plain_len);
    return is_dot_string(unquoted) ? unquoted : str_slice(quoted, quoted_len);
}

/* Domain */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static const char *label_check(struct str label)
{
    if (label.len == 0) {
        return "has a misplaced dot in its domain";
    }
    uint32_t code_point;
    for (size_t i = 0, bytes; i < label.len; i += bytes) {
        bytes = utf8_decode(skip(label, i), &code_point);
        bool is_letter = (code_point >= 'a' && code_point <= 'z');
        bool is_number = (code_point >= '0' && code_point <= '9');
        if (!is_letter && !is_number && code_point != '-') {
            return code_point == '_' ? "has an underscore in its domain" : misplaced(code_point);
        }
    }
    if (label.data[0] == '-' || label.data[label.len - 1] == '-') {
        return "has a part of its domain that begins or ends with a hyphen";
    }
    return label.len > LABEL_BYTES_MAX ? "has a part of its domain that is longer than 63 bytes"
                                       : NULL;
}

/* "io": of all domains without a dot those of countries alone may take mail. ICANN forbids it to
 * the others since 2013, so that a@gmail is a mistake. */
static bool is_country(struct str domain)
{
    return domain.len == 2 && is_registry_suffix(domain);
}

/* Letters, digits, hyphens (RFC 5321 section 4.1.2 Domain) in lower case; valid UTF-8. */
static const char *domain_check(struct str domain)
{
    if (domain.len == 0) {
        return "has nothing after the '@'";
    }
    struct str rest = domain;
    struct str label = {.data = NULL};
    size_t labels = 0;
    while (rest.data != NULL) {
        label = str_cut(&rest, '.');
        const char *reason = label_check(label);
        if (reason != NULL) {
            return reason;
        }
        labels++;
    }
    if (labels < 2 && !is_country(domain)) {
        return "has a domain without a dot; something like example.com is wanted";
    }
    size_t digits = 0;
    while (digits < label.len && is_digit(label.data[digits])) {
        digits++;
    }
    if (digits == label.len) {
        return "has a domain that ends in a number";
    }
    return domain.len > EMAIL_DOMAIN_BYTES_MAX ? "has a domain longer than 253 bytes" : NULL;
}

/* `inner` is what stands between the brackets, NUL-terminated. Writes the literal's one spelling.
 */
static const char *literal_canonical(const char *inner, char out[static 64])
{
    static const char bad[] = "has something in brackets that is no IP address";
    char text[INET6_ADDRSTRLEN];
    struct in_addr ipv4;
    struct in6_addr ipv6;
    const char *tag = "";
    if (inet_pton(AF_INET, inner, &ipv4) == 1) {
        inet_ntop(AF_INET, &ipv4, text, sizeof text);
    } else if (strncasecmp(inner, "ipv6:", 5) == 0 && inet_pton(AF_INET6, inner + 5, &ipv6) == 1) {
        tag = "ipv6:";
        inet_ntop(AF_INET6, &ipv6, text, sizeof text);
    } else {
        return bad;
    }
    int len = snprintf(out, 64, "[%s%s]", tag, text);
    return len > 0 && len < 64 ? NULL : bad;
}

/* The domain in both spellings; they differ only for internationalised domains. */
struct domain {
    struct str display;
    struct str ascii;
};

static enum err_code invalid(struct err *reterr, const char *reason)
{
    return err_set(reterr, ERR_INVALID, "The e-mail address %s.", reason);
}

static enum err_code no_memory(struct err *reterr)
{
    return err_set(reterr, ERR_NOMEM, "Out of memory.");
}

static enum err_code literal_parse(struct str text, struct arena *arena, struct domain *ret_domain,
                                   struct err *reterr)
{
    if (text.data[text.len - 1] != ']' || memchr(text.data, '\0', text.len) != NULL) {
        return invalid(reterr, "has an opening bracket without a closing one at its end");
    }
    struct str inner = arena_str(arena, str_slice(text.data + 1, text.len - 2));
    if (inner.data == NULL) {
        return no_memory(reterr);
    }
    char literal[64];
    const char *reason = literal_canonical(inner.data, literal);
    if (reason != NULL) {
        return invalid(reterr, reason);
    }
    struct str copy = arena_str(arena, str_from(literal));
    if (copy.data == NULL) {
        return no_memory(reterr);
    }
    *ret_domain = (struct domain){.display = copy, .ascii = copy};
    return OK;
}

/* What libidn2 says, as ours. */
static enum err_code idn_failure(int result, struct err *reterr)
{
    if (result == IDN2_MALLOC) {
        return no_memory(reterr);
    }
    if (result == IDN2_TOO_BIG_DOMAIN || result == IDN2_TOO_BIG_LABEL ||
        result == IDN2_PUNYCODE_BIG_OUTPUT) {
        return invalid(reterr, "has a domain that is too long");
    }
    return invalid(reterr, "has a domain with characters that no domain can have");
}

/* Takes over a string of libidn2. */
static struct str idn_copy(struct arena *arena, char *text)
{
    struct str copy = arena_str(arena, str_from(text));
    idn2_free(text);
    return copy;
}

static enum err_code idn_parse(struct str text, struct arena *arena, struct domain *ret_domain,
                               struct err *reterr)
{
    if (memchr(text.data, '\0', text.len) != NULL) {
        return invalid(reterr, misplaced('\0'));
    }
    struct str input = arena_str(arena, text);
    if (input.data == NULL) {
        return no_memory(reterr);
    }
    char *output = NULL;
    int result = idn2_to_ascii_8z(input.data, &output, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (result != IDN2_OK) {
        return idn_failure(result, reterr);
    }
    struct domain domain = {.ascii = idn_copy(arena, output)};
    if (domain.ascii.data == NULL) {
        return no_memory(reterr);
    }
    result = idn2_to_unicode_8z8z(domain.ascii.data, &output, IDN2_NONTRANSITIONAL);
    if (result != IDN2_OK) {
        return idn_failure(result, reterr);
    }
    domain.display = idn_copy(arena, output);
    if (domain.display.data == NULL) {
        return no_memory(reterr);
    }
    *ret_domain = domain;
    return OK;
}

static bool is_ascii(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

static enum err_code ascii_parse(struct str text, struct arena *arena, struct domain *ret_domain,
                                 struct err *reterr)
{
    struct str lower = lower_copy(arena, text);
    if (lower.data == NULL) {
        return no_memory(reterr);
    }
    *ret_domain = (struct domain){.display = lower, .ascii = lower};
    return OK;
}

static enum err_code domain_parse(struct str text, struct arena *arena, struct domain *ret_domain,
                                  struct err *reterr)
{
    if (text.len > 0 && text.data[0] == '[') {
        return literal_parse(text, arena, ret_domain, reterr);
    }
    struct domain domain = {.ascii = {.data = NULL}};
    enum err_code code = is_ascii(text) ? ascii_parse(text, arena, &domain, reterr)
                                        : idn_parse(text, arena, &domain, reterr);
    if (code != OK) {
        return code;
    }
    /* After the mapping: it turns some characters into others, such as a full-width slash. */
    const char *reason = domain_check(domain.ascii);
    if (reason != NULL) {
        return invalid(reterr, reason);
    }
    *ret_domain = domain;
    return OK;
}

static struct str join(struct arena *arena, struct str local, struct str domain)
{
    char *text = arena_printf(arena, "%.*s@%.*s", STR_ARGS(local), STR_ARGS(domain));
    return str_from(text);
}

enum err_code email_address_parse(struct str input, struct arena *arena,
                                  struct email_address *ret_address, struct err *reterr)
{
    if (input.len > EMAIL_INPUT_BYTES_MAX) {
        return invalid(reterr, "is too long");
    }
    if (!utf8_is_valid(input)) {
        return invalid(reterr, "is not valid UTF-8");
    }
    struct str text = trim(input);
    if (text.len == 0) {
        return invalid(reterr, "is empty");
    }
    size_t local_len = 0;
    const char *reason = local_scan(text, &local_len);
    if (reason != NULL) {
        /* Who left it out is not helped by what else is wrong. */
        const bool has_at = memchr(text.data, '@', text.len) != NULL;
        return invalid(reterr, has_at ? reason : "has no '@'");
    }
    struct domain domain = {.ascii = {.data = NULL}};
    enum err_code code = domain_parse(skip(text, local_len + 1), arena, &domain, reterr);
    if (code != OK) {
        return code;
    }
    struct str local = lower_copy(arena, str_slice(text.data, local_len));
    struct str canonical = local.data != NULL ? local_canonical(arena, local) : local;
    if (canonical.data == NULL) {
        return no_memory(reterr);
    }
    struct email_address address = {
        .display = join(arena, local, domain.display),
        .key = join(arena, canonical, domain.ascii),
        .domain = domain.ascii,
    };
    if (address.display.data == NULL || address.key.data == NULL) {
        return no_memory(reterr);
    }
    /* Also in A-labels as typed: what is stored must be deliverable by a system without SMTPUTF8.
     */
    if (address.display.len > EMAIL_BYTES_MAX ||
        local.len + 1 + domain.ascii.len > EMAIL_BYTES_MAX) {
        return invalid(reterr, "is longer than 254 bytes");
    }
    *ret_address = address;
    return OK;
}

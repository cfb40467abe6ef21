#include "http_gate.h"

#include "http.h"

/*
 * Why pointers are compared: the library repairs what it should refuse (it joins folded lines,
 * takes a bare LF for a line end and lets NUL cut a value), and hands out the result without a
 * trace of what it did. But it parses in place. If every name begins exactly two bytes (CR LF)
 * behind the value before it, and the empty line ends exactly where the library says that the head
 * ends, then nothing was repaired: what we see is what was sent.
 *
 * One thing it cannot see: the library writes NUL over both bytes of a line's end, so a line that
 * ended in NUL LF looks like one that ended in CR LF. No byte of the head reaches us before. All
 * who take a bare LF for a line's end read such a head like the library; who does not has to refuse
 * it, as the proxies in deploy/ do. The same holds for a bare LF between the chunks of a body.
 */

static const char *const gate_malformed_target =
    "The request target must be a path that begins with '/', percent-encoded as in RFC 3986.";

static bool is_alpha(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_one_of(unsigned char byte, const char *set)
{
    return byte != '\0' && strchr(set, byte) != NULL;
}

/* RFC 9110 section 5.6.2. */
static bool is_token_byte(unsigned char byte)
{
    return is_alpha(byte) || is_digit(byte) || is_one_of(byte, "!#$%&'*+-.^_`|~");
}

static bool is_token(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_token_byte((unsigned char)text.data[i]))
            return false;
    return text.len > 0;
}

static int hex_value(unsigned char byte)
{
    if (is_digit(byte))
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

/* RFC 3986 section 3.3: pchar and '/'. '%' is looked at by the caller. */
static bool is_path_byte(unsigned char byte)
{
    return is_alpha(byte) || is_digit(byte) || is_one_of(byte, "-._~!$&'()*+,;=:@/%");
}

/* Browsers leave more unescaped in a query than section 3.4 allows; none of it frames anything. */
static bool is_query_byte(unsigned char byte)
{
    return byte > ' ' && byte < 0x7F && byte != '#';
}

/* The byte at *offset, decoded if it is %XX; moves *offset behind it. -1: malformed. */
static int next_decoded(struct str text, size_t *offset)
{
    unsigned char byte = (unsigned char)text.data[*offset];
    if (byte != '%') {
        *offset += 1;
        return byte;
    }
    if (text.len - *offset < 3)
        return -1;
    int high = hex_value((unsigned char)text.data[*offset + 1]);
    int low = hex_value((unsigned char)text.data[*offset + 2]);
    if (high < 0 || low < 0)
        return -1;
    *offset += 3;
    return high * 16 + low;
}

/*
 * A segment may not be "." or ".." however it is written, also between encoded slashes or
 * backslashes: somebody behind us might decode first and split then.
 */
static const char *check_path(struct str path)
{
    size_t segment_len = 0;
    bool is_dots = true; /* so far nothing but dots */
    for (size_t offset = 0; offset < path.len;) {
        if (!is_path_byte((unsigned char)path.data[offset]))
            return gate_malformed_target;
        int byte = next_decoded(path, &offset);
        if (byte < 0)
            return gate_malformed_target;
        if (byte < 0x20 || byte == 0x7F)
            return "The path must not contain control characters, encoded or not.";
        bool is_separator = byte == '/' || byte == '\\';
        if (!is_separator) {
            segment_len++;
            is_dots = is_dots && byte == '.';
        }
        if (is_separator || offset == path.len) {
            if (is_dots && (segment_len == 1 || segment_len == 2))
                return "The path must not contain '.' or '..' segments.";
            segment_len = 0;
            is_dots = true;
        }
    }
    return NULL;
}

static const char *check_query(struct str query)
{
    for (size_t offset = 0; offset < query.len;) {
        if (!is_query_byte((unsigned char)query.data[offset]))
            return gate_malformed_target;
        int byte = next_decoded(query, &offset);
        if (byte < 0)
            return "The query contains a '%' that is not followed by two hexadecimal digits.";
        if (byte == 0)
            return "The query must not contain %00.";
    }
    return NULL;
}

static const char *check_target(struct str target, struct http_gate_verdict *verdict)
{
    if (target.len == 0 || target.data[0] != '/')
        return gate_malformed_target;
    struct str rest = target;
    verdict->path = str_cut(&rest, '?');
    verdict->query = rest;
    const char *fault = check_path(verdict->path);
    if (fault == NULL && verdict->query.data != NULL)
        fault = check_query(verdict->query);
    return fault;
}

static bool starts_with_nocase(struct str text, struct str prefix)
{
    return text.len >= prefix.len && str_eq_nocase(str_slice(text.data, prefix.len), prefix);
}

static const char *check_field_syntax(const struct http_field *field)
{
    if (!is_token(field->name))
        return "A header's name contains a character that is not allowed.";
    for (size_t i = 0; i < field->value.len; i++) {
        unsigned char byte = (unsigned char)field->value.data[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F)
            return "A header's value contains a control character.";
    }
    /* A fold or a blank before the colon makes a longer name of a framing header. */
    static const struct str framing[] = {
        STR_LITERAL("Content-Length"),
        STR_LITERAL("Transfer-Encoding"),
        STR_LITERAL("Host"),
    };
    for (size_t i = 0; i < ARRAY_LEN(framing); i++)
        if (field->name.len > framing[i].len && starts_with_nocase(field->name, framing[i]))
            return "A header's name begins like a framing header but is none.";
    return NULL;
}

/* What has one meaning must come once: otherwise two readers may take different ones. */
static bool is_singleton(struct str name)
{
    static const struct str singletons[] = {
        STR_LITERAL("Content-Length"),  STR_LITERAL("Transfer-Encoding"), STR_LITERAL("Host"),
        STR_LITERAL("Authorization"),   STR_LITERAL("Content-Type"),      STR_LITERAL("Expect"),
        STR_LITERAL("Idempotency-Key"), STR_LITERAL("Content-Encoding"),
    };
    for (size_t i = 0; i < ARRAY_LEN(singletons); i++)
        if (str_eq_nocase(name, singletons[i]))
            return true;
    return false;
}

static const struct http_field *find(const struct http_gate_head *head, const char *name)
{
    for (size_t i = 0; i < head->field_count; i++)
        if (str_eq_nocase(head->fields[i].name, str_from(name)))
            return &head->fields[i];
    return NULL;
}

static const char *check_fields(const struct http_gate_head *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];
        const char *fault = check_field_syntax(field);
        if (fault != NULL)
            return fault;
        if (!is_singleton(field->name))
            continue;
        for (size_t k = 0; k < i; k++)
            if (str_eq_nocase(field->name, head->fields[k].name))
                return "A header that may come only once is repeated.";
    }
    return NULL;
}

/* uri-host [":" port], RFC 9112 section 3.2; empty is for targets without an authority. */
static const char *check_host(const struct http_gate_head *head)
{
    static const char *const malformed = "The Host header is malformed.";
    const struct http_field *host = find(head, "Host");
    if (host == NULL)
        return str_is(head->version, "HTTP/1.0") ? NULL : "The Host header is missing.";
    struct str value = str_trim(host->value);
    struct str name = value;
    for (size_t i = value.len; i-- > 0 && value.data[i] != ']';) {
        if (value.data[i] == ':') {
            name.len = i;
            break;
        }
        if (!is_digit((unsigned char)value.data[i]))
            break;
    }
    if (name.len == 0)
        return malformed;
    bool is_literal = name.data[0] == '[' && name.data[name.len - 1] == ']' && name.len > 2;
    if (is_literal)
        name = str_slice(name.data + 1, name.len - 2);
    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        bool is_allowed = is_alpha(byte) || is_digit(byte) || is_one_of(byte, "-._~!$&'()*+;=%") ||
                          (is_literal && byte == ':');
        if (!is_allowed)
            return malformed;
    }
    return NULL;
}

/* 1*DIGIT within int64. No white space: the library reads the raw value too. */
static bool parse_length(struct str text, uint64_t *ret_length)
{
    uint64_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit((unsigned char)text.data[i]) || length > (uint64_t)INT64_MAX / 10 - 1)
            return false;
        length = length * 10 + (uint64_t)(text.data[i] - '0');
    }
    *ret_length = length;
    return text.len > 0;
}

/* RFC 9112 section 6.3, the strict reading. Neither header: an empty body. */
static const char *check_framing(const struct http_gate_head *head,
                                 struct http_gate_verdict *verdict)
{
    const struct http_field *length = find(head, "Content-Length");
    const struct http_field *coding = find(head, "Transfer-Encoding");
    if (length != NULL && coding != NULL)
        return "Content-Length and Transfer-Encoding must not be sent together.";
    if (length != NULL && !parse_length(length->value, &verdict->content_length))
        return "The Content-Length header is malformed.";
    if (coding != NULL) {
        if (!str_eq_nocase(coding->value, STR_LITERAL("chunked")))
            return "The only Transfer-Encoding supported is chunked.";
        if (str_is(head->version, "HTTP/1.0"))
            return "HTTP/1.0 has no Transfer-Encoding.";
        verdict->body = HTTP_GATE_BODY_CHUNKED;
    } else if (verdict->content_length > 0) {
        verdict->body = HTTP_GATE_BODY_LENGTH;
    }
    bool is_bodyless = str_is(head->method, "GET") || str_is(head->method, "HEAD");
    if (is_bodyless && verdict->body != HTTP_GATE_BODY_NONE)
        return "A GET or HEAD request must not have a body.";
    return NULL;
}

static bool is_blank(const char *begin, const char *end)
{
    for (; begin < end; begin++)
        if (*begin != ' ' && *begin != '\t')
            return false;
    return true;
}

/* See the top of this file. Only addresses within `raw` are read. */
static bool is_verbatim(const struct http_gate_head *head)
{
    static const size_t line_end_bytes = 2;
    if (head->raw.data == NULL)
        return true;
    const char *end = head->raw.data + head->raw.len;
    if (head->method.data != head->raw.data ||
        head->target_begin != head->method.data + head->method.len + 1 ||
        head->target_end != head->target_begin + head->target.len ||
        head->version.data != head->target_end + 1)
        return false;
    const char *next = head->version.data + head->version.len + line_end_bytes;
    for (size_t i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];
        const char *behind_colon = field->name.data + field->name.len + 1;
        if (field->name.data != next || field->value.data < behind_colon ||
            field->value.data > end || !is_blank(behind_colon, field->value.data))
            return false;
        next = field->value.data + field->value.len + line_end_bytes;
    }
    return next + line_end_bytes == end;
}

static const char *check_head(const struct http_gate_head *head, struct http_gate_verdict *verdict)
{
    enum { METHOD_BYTES_MAX = 32 };
    if (!is_token(head->method) || head->method.len > METHOD_BYTES_MAX)
        return "The method is malformed.";
    const char *fault = check_target(head->target, verdict);
    if (fault == NULL)
        fault = check_fields(head);
    if (fault == NULL && !is_verbatim(head))
        fault = "The head is not made of plain lines: a line is folded, ends without CR LF, or "
                "contains NUL.";
    if (fault == NULL)
        fault = check_host(head);
    if (fault == NULL)
        fault = check_framing(head, verdict);
    return fault;
}

static struct http_gate_verdict refuse(unsigned status, const char *detail)
{
    return (struct http_gate_verdict){.status = status, .detail = detail};
}

struct http_gate_verdict http_gate_check(const struct http_gate_head *head)
{
    bool is_http11 = str_is(head->version, "HTTP/1.1");
    if (!is_http11 && !str_is(head->version, "HTTP/1.0"))
        return refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    if (head->field_count > HTTP_HEADERS_MAX)
        return refuse(431, "Too many headers.");
    if (head->raw.len > HTTP_HEAD_BYTES_MAX)
        return refuse(431, "The request line and the headers are too long.");

    struct http_gate_verdict verdict = {0};
    const char *fault = check_head(head, &verdict);
    if (fault != NULL)
        return refuse(400, fault);

    const struct http_field *expect = find(head, "Expect");
    if (expect != NULL && is_http11) {
        verdict.expects_continue = str_eq_nocase(expect->value, STR_LITERAL("100-continue"));
        if (!verdict.expects_continue)
            return refuse(417, "The only expectation supported is 100-continue.");
    }
    return verdict;
}

static bool is_lower_hex(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (!is_digit(byte) && !(byte >= 'a' && byte <= 'f'))
            return false;
    }
    return true;
}

static bool is_all(struct str text, char byte)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != byte)
            return false;
    return true;
}

bool http_traceparent_is_valid(struct str value)
{
    enum { TRACEPARENT_BYTES = 55, TRACE_ID_AT = 3, TRACE_ID_BYTES = 32, PARENT_ID_AT = 36 };
    enum { PARENT_ID_BYTES = 16, FLAGS_AT = 53 };
    if (value.len != TRACEPARENT_BYTES || value.data[2] != '-' ||
        value.data[PARENT_ID_AT - 1] != '-' || value.data[FLAGS_AT - 1] != '-')
        return false;
    struct str version = str_slice(value.data, 2);
    struct str trace_id = str_slice(value.data + TRACE_ID_AT, TRACE_ID_BYTES);
    struct str parent_id = str_slice(value.data + PARENT_ID_AT, PARENT_ID_BYTES);
    struct str flags = str_slice(value.data + FLAGS_AT, 2);
    return is_lower_hex(version) && !str_is(version, "ff") && is_lower_hex(trace_id) &&
           !is_all(trace_id, '0') && is_lower_hex(parent_id) && !is_all(parent_id, '0') &&
           is_lower_hex(flags);
}

bool http_request_id_is_valid(struct str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] <= ' ' || value.data[i] > '~')
            return false;
    return value.len > 0 && value.len <= HTTP_CLIENT_REQUEST_ID_BYTES_MAX;
}

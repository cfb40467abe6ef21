/*
 * Any bytes as the head of a request, up to the empty line behind it.
 *
 * The head is taken apart twice. First loosely and in place, as the HTTP library does it (a bare LF
 * ends a line, a folded line is glued onto the name before it, NUL cuts what it stands in): that is
 * what the gate is given. Then strictly, from the bytes as they came: what the gate lets through
 * must be plain there too, and must mean the same body. Whatever else passes is a request that two
 * readers could frame differently.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "http.h"
#include "http_gate.h"

/* libFuzzer calls it by name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES_MAX = 4 << 20, FIELDS_MAX = HTTP_HEADERS_MAX + 10, LINE_END_BYTES = 2 };

/* ---- the loose reader ---- */

struct reader {
    struct arena arena;
    char *next;
    char *end;
    struct http_field fields[FIELDS_MAX];
    struct http_gate_head head;
};

/* The next line, ended by NUL; NULL when there is no complete one. */
static char *cut_line(struct reader *reader, size_t *ret_len)
{
    char *line = reader->next;
    char *feed = memchr(line, '\n', (size_t)(reader->end - line));
    if (feed == NULL)
        return NULL;
    char *last = feed;
    *feed = '\0';
    if (feed > line && feed[-1] == '\r')
        *--last = '\0';
    *ret_len = (size_t)(last - line);
    reader->next = feed + 1;
    return line;
}

/* False where the library itself refuses. */
static bool read_request_line(struct reader *reader)
{
    size_t len;
    char *line = cut_line(reader, &len);
    char *blank = line != NULL ? memchr(line, ' ', len) : NULL;
    if (blank == NULL)
        return false;
    *blank = '\0';
    reader->head.method = str_from(line);
    char *target = blank + 1;
    while (*target == ' ')
        target++;
    char *last = line + len;
    while (last > target && last[-1] != ' ')
        last--;
    if (last == target)
        return false;
    last[-1] = '\0';
    reader->head.version = str_from(last);
    reader->head.target = arena_str(&reader->arena, str_from(target));
    reader->head.target_begin = target;
    reader->head.target_end = target + reader->head.target.len;
    char *query = memchr(target, '?', reader->head.target.len);
    if (query != NULL)
        *query = '\0';
    return true;
}

/* A folded line: without its line end and blanks, onto the name. */
static void glue(struct reader *reader, struct http_field *field, const char *line)
{
    while (*line == ' ' || *line == '\t')
        line++;
    field->name = str_from(arena_printf(&reader->arena, "%s%s", field->name.data, line));
}

static bool read_field(struct reader *reader, char *line)
{
    char *colon = strchr(line, ':');
    if (colon == NULL || reader->head.field_count == FIELDS_MAX)
        return false;
    *colon++ = '\0';
    while (*colon == ' ' || *colon == '\t')
        colon++;
    reader->fields[reader->head.field_count++] =
        (struct http_field){.name = str_from(line), .value = str_from(colon)};
    return true;
}

/* False: no head that would reach the gate. */
static bool read_head(struct reader *reader, const uint8_t *data, size_t size)
{
    arena_init(&reader->arena, ARENA_BYTES_MAX);
    reader->next = malloc(size); /* of exactly this size, so that a read behind it is seen */
    assert(reader->next != NULL);
    memcpy(reader->next, data, size);
    reader->end = reader->next + size;
    reader->head.raw.data = reader->next;
    if (!read_request_line(reader))
        return false;
    for (;;) {
        size_t len;
        char *line = cut_line(reader, &len);
        if (line == NULL)
            return false;
        if (line[0] == '\0')
            break;
        const bool is_folded = line[0] == ' ' || line[0] == '\t';
        if (is_folded && reader->head.field_count > 0)
            glue(reader, &reader->fields[reader->head.field_count - 1], line);
        else if (!read_field(reader, line))
            return false;
    }
    reader->head.raw.len = (size_t)(reader->next - reader->head.raw.data);
    reader->head.fields = reader->fields;
    return true;
}

/* ---- the strict reader ---- */

static bool is_line_end(char byte)
{
    return byte == '\r' || byte == '\n' || byte == '\0';
}

/*
 * Cuts at CR LF. One thing the gate does not see: the library writes NUL over a line's end, so that
 * NUL LF and the like, of the same length, look like CR LF. Everywhere else a NUL shows.
 */
static struct str cut_strict(struct str *rest, bool has_nul)
{
    size_t len = 0;
    while (len < rest->len && !is_line_end(rest->data[len]))
        len++;
    assert(rest->len - len >= LINE_END_BYTES);
    assert(has_nul || memcmp(rest->data + len, "\r\n", LINE_END_BYTES) == 0);
    const struct str line = str_slice(rest->data, len);
    *rest = str_slice(line.data + len + LINE_END_BYTES, rest->len - len - LINE_END_BYTES);
    return line;
}

struct framing {
    size_t hosts, lengths, codings;
    uint64_t content_length;
};

static void take_field(struct str line, struct framing *framing)
{
    assert(line.len > 0 && line.data[0] != ' ' && line.data[0] != '\t');
    struct str value = line;
    const struct str name = str_cut(&value, ':');
    assert(value.data != NULL && name.len > 0 && memchr(name.data, ' ', name.len) == NULL);
    if (str_eq_nocase(name, STR_LITERAL("Host"))) {
        framing->hosts++;
    } else if (str_eq_nocase(name, STR_LITERAL("Content-Length"))) {
        int64_t length = -1;
        assert(str_to_int64(str_trim(value), &length) && length >= 0);
        framing->content_length = (uint64_t)length;
        framing->lengths++;
    } else if (str_eq_nocase(name, STR_LITERAL("Transfer-Encoding"))) {
        assert(str_eq_nocase(str_trim(value), STR_LITERAL("chunked")));
        framing->codings++;
    }
}

static void check_path(struct str path)
{
    char decoded[HTTP_HEAD_BYTES_MAX];
    size_t len = 0;
    assert(path.len > 0 && path.data[0] == '/' && path.len <= sizeof decoded);
    for (size_t i = 0; i < path.len; i++) {
        char byte = path.data[i];
        if (byte == '%') {
            assert(path.len - i >= 3);
            const char digits[] = {path.data[i + 1], path.data[i + 2], '\0'};
            char *end;
            byte = (char)strtoul(digits, &end, 16);
            assert(*end == '\0' && digits[0] != ' ' && digits[0] != '+' && digits[0] != '-');
            i += 2;
        }
        assert((unsigned char)byte >= ' ');
        decoded[len++] = byte == '\\' ? '/' : byte;
    }
    struct str rest = str_slice(decoded, len);
    while (rest.data != NULL) {
        const struct str segment = str_cut(&rest, '/');
        assert(!str_is(segment, ".") && !str_is(segment, ".."));
    }
}

static void check_passed(struct str text, const struct http_gate_verdict *verdict)
{
    const bool has_nul = memchr(text.data, '\0', text.len) != NULL;
    struct str version = cut_strict(&text, has_nul);
    const struct str method = str_cut(&version, ' ');
    struct str query = str_cut(&version, ' ');
    const struct str path = str_cut(&query, '?');
    assert(method.len > 0 && str_eq(path, verdict->path) && str_eq(query, verdict->query));
    assert((query.data == NULL) == (verdict->query.data == NULL));
    assert(str_is(version, "HTTP/1.1") || str_is(version, "HTTP/1.0"));
    check_path(path);
    struct framing framing = {0};
    while (text.len > LINE_END_BYTES)
        take_field(cut_strict(&text, has_nul), &framing);
    assert(text.len == LINE_END_BYTES &&
           (has_nul || memcmp(text.data, "\r\n", LINE_END_BYTES) == 0));
    assert(framing.hosts == 1 || (framing.hosts == 0 && str_is(version, "HTTP/1.0")));
    assert(framing.lengths + framing.codings <= 1);
    assert((framing.codings == 1) == (verdict->body == HTTP_GATE_BODY_CHUNKED));
    assert((framing.content_length > 0) == (verdict->body == HTTP_GATE_BODY_LENGTH));
    assert(framing.content_length == verdict->content_length);
    if (str_is(method, "GET") || str_is(method, "HEAD"))
        assert(verdict->body == HTTP_GATE_BODY_NONE);
    if (str_is(version, "HTTP/1.0"))
        assert(framing.codings == 0 && !verdict->expects_continue);
}

/* ---- */

static void check_verdict(const struct http_gate_verdict *verdict)
{
    const unsigned status = verdict->status;
    assert(status == 0 || status == 400 || status == 417 || status == 431 || status == 505);
    assert((status == 0) == (verdict->detail == NULL));
    if (verdict->expects_continue)
        assert(status == 0);
}

static void check_header_values(const struct http_gate_head *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        const struct str value = head->fields[i].value;
        if (http_request_id_is_valid(value) || http_traceparent_is_valid(value)) {
            assert(value.len > 0 && value.len <= HTTP_CLIENT_REQUEST_ID_BYTES_MAX);
            for (size_t k = 0; k < value.len; k++)
                assert(value.data[k] > ' ' && value.data[k] <= '~');
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader reader = {0};
    if (size == 0)
        return 0;
    if (read_head(&reader, data, size)) {
        const struct http_gate_verdict verdict = http_gate_check(&reader.head);
        check_verdict(&verdict);
        check_header_values(&reader.head);
        if (verdict.status == 0)
            check_passed(str_slice((const char *)data, reader.head.raw.len), &verdict);
        /* Without the buffer it sees less, and so refuses no more. */
        struct http_gate_head blind = reader.head;
        blind.raw = (struct str){0};
        const struct http_gate_verdict seen_less = http_gate_check(&blind);
        check_verdict(&seen_less);
        if (verdict.status == 0)
            assert(seen_less.status == 0);
    }
    free((char *)(uintptr_t)reader.head.raw.data);
    arena_done(&reader.arena);
    return 0;
}

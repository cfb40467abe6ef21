/*
 * A rule and, after the first line feed, its data. Besides not crashing: evaluating twice gives the
 * same, what a rule gives is JSON, and a strictly compiled rule does what a leniently compiled one
 * does.
 */
#include <stdint.h>
#include <stdlib.h>

#include "domain/jsonlogic.h"
#include "schema/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* What the evaluation gives, as the name of its code and the JSON of its value. */
static void append_outcome(struct buf *buf, const struct jsonlogic *rule, const json_t *data)
{
    struct arena arena;
    struct err err;
    struct json_writer json;
    struct logic_value root = logic_json(data);
    struct logic_value value = logic_null();
    struct logic_value thrown = logic_null();
    arena_init(&arena, 1 << 20);
    enum err_code code = jsonlogic_eval(rule, &root, &arena, &value, &thrown, &err);
    check(code == OK || (err.code == code && err.detail[0] != '\0'));
    check(code == OK || code == ERR_INVALID || code == ERR_TOO_LARGE || code == ERR_NOMEM);
    buf_append_text(buf, err_name(code));
    size_t start = buf->len;
    json_writer_init(&json, buf);
    if (logic_write(code == OK ? &value : &thrown, &json) == OK && !buf->failed) {
        json_t *again = json_loadb(buf->data + start, buf->len - start, JSON_DECODE_ANY, NULL);
        check(again != NULL);
        json_decref(again);
    }
    arena_done(&arena);
}

static void check_rule(const json_t *source, const json_t *data)
{
    struct jsonlogic *lenient = NULL;
    struct jsonlogic *strict = NULL;
    struct buf first;
    struct buf second;
    struct err err;
    buf_init(&first, 1 << 22);
    buf_init(&second, 1 << 22);
    enum err_code code = jsonlogic_compile(source, 0, "", NULL, &lenient, &err);
    check(code == OK || code == ERR_TOO_LARGE || code == ERR_NOMEM);
    if (jsonlogic_compile(source, JSONLOGIC_STRICT, "/when", NULL, &strict, NULL) == OK)
        check(code == OK);
    if (code == OK) {
        append_outcome(&first, lenient, data);
        append_outcome(&second, strict != NULL ? strict : lenient, data);
        check(str_eq(buf_str(&first), buf_str(&second)));
    }
    buf_done(&first);
    buf_done(&second);
    jsonlogic_free(lenient);
    jsonlogic_free(strict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_slice((const char *)data, size);
    struct str rule_text = str_cut(&rest, '\n');
    json_t *rule = NULL;
    json_t *document = NULL;
    if (json_parse(rule_text, &rule, /* reterr= */ NULL) == OK) {
        if (rest.data != NULL && json_parse(rest, &document, /* reterr= */ NULL) != OK)
            document = NULL;
        check_rule(rule, document);
    }
    json_decref(rule);
    json_decref(document);
    return 0;
}

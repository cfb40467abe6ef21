#include "commands/jsonlogic_command.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/json_write.h"
#include "commands/input.h"
#include "domain/jsonlogic.h"
#include "schema/json.h"

enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    INPUT_BYTES_MAX = 1 << 20,
    SCRATCH_BYTES_MAX = 16 << 20,
    OUTPUT_BYTES_MAX = 16 << 20,
};

/* `what` is "RULE" or "DATA". */
static bool parse_argument(const char *what, const char *argument, json_t **ret_value)
{
    struct err err = {.code = OK};
    CLEANUP(buf_done) struct buf input;
    buf_init(&input, INPUT_BYTES_MAX);
    struct str text = str_from(argument);
    if (str_is(text, "-")) {
        if (!input_read(stdin, &input)) {
            fprintf(stderr,
                    "relais jsonlogic: standard input cannot be read, or is longer than %d "
                    "bytes\n",
                    (int)INPUT_BYTES_MAX);
            return false;
        }
        text = buf_str(&input);
    }
    if (text.len > INPUT_BYTES_MAX) {
        fprintf(stderr, "relais jsonlogic: %s is longer than %d bytes\n", what,
                (int)INPUT_BYTES_MAX);
        return false;
    }
    if (json_parse(text, ret_value, &err) == OK)
        return true;
    fprintf(stderr, "relais jsonlogic: %s: %s\n", what, err.detail);
    return false;
}

static bool write_result(const struct logic_value *value, struct err *err)
{
    CLEANUP(buf_done) struct buf output;
    struct json_writer json;
    buf_init(&output, OUTPUT_BYTES_MAX);
    json_writer_init(&json, &output);
    if (logic_write(value, &json) != OK) {
        (void)err_set(err, ERR_TOO_LARGE, "The result is nested too deeply.");
        return false;
    }
    buf_append_char(&output, '\n');
    if (output.failed) {
        (void)err_set(err, ERR_TOO_LARGE, "The result is too long.");
        return false;
    }
    if (fwrite(output.data, 1, output.len, stdout) == output.len && fflush(stdout) == 0)
        return true;
    (void)err_set(err, ERR_BUG, "The result cannot be written.");
    return false;
}

static bool evaluate(const json_t *rule, const struct logic_value *data, struct err *err)
{
    struct jsonlogic *compiled = NULL;
    struct logic_value result;
    CLEANUP(arena_done) struct arena scratch;
    arena_init(&scratch, SCRATCH_BYTES_MAX);
    if (jsonlogic_compile(rule, JSONLOGIC_STRICT, /* pointer= */ "", /* faults= */ NULL, &compiled,
                          err) != OK)
        return false;
    bool is_done =
        jsonlogic_eval(compiled, data, &scratch, &result, /* reterr_thrown= */ NULL, err) == OK &&
        write_result(&result, err);
    jsonlogic_free(compiled);
    return is_done;
}

int command_jsonlogic(int argc, char **argv)
{
    static const struct logic_member no_members[1];
    json_auto_t *rule = NULL;
    json_auto_t *document = NULL;
    struct err err = {.code = OK};
    if (argc < 2 || argc > 3 ||
        (argc == 3 && str_is(str_from(argv[1]), "-") && str_is(str_from(argv[2]), "-"))) {
        fputs("usage: relais jsonlogic RULE [DATA]\n"
              "RULE and DATA are JSON; one of them may be - for standard input\n",
              stderr);
        return EXIT_USAGE;
    }
    if (!parse_argument("RULE", argv[1], &rule))
        return EXIT_FAILED;
    if (argc == 3 && !parse_argument("DATA", argv[2], &document))
        return EXIT_FAILED;
    struct logic_value data = argc == 3 ? logic_json(document) : logic_object(no_members, 0);
    if (evaluate(rule, &data, &err))
        return EXIT_OK;
    fprintf(stderr, "relais jsonlogic: %s\n", err.detail);
    return EXIT_FAILED;
}

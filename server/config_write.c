/* Settings for people: --help, the README's table, and what is in force. */
#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "config_table.h"

enum {
    HELP_COLUMN = 34,
    HELP_WIDTH = 100,
};

/* Words of `text` from the present column on, wrapped and indented to HELP_COLUMN. */
static void write_wrapped(struct buf *out, size_t column, struct str text)
{
    struct str rest = text;
    while (rest.data != NULL) {
        struct str word = str_cut(&rest, ' ');
        size_t word_columns = utf8_length(word);
        if (column + 1 + word_columns > HELP_WIDTH) {
            buf_printf(out, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        } else if (column > HELP_COLUMN) {
            buf_append_char(out, ' ');
            column++;
        }
        buf_append_str(out, word);
        column += word_columns;
    }
    buf_append_char(out, '\n');
}

static void write_option(struct buf *out, const char *name, const char *value_name, struct str help)
{
    size_t before = out->len;
    buf_printf(out, "  --%s%s%s", name, value_name != NULL ? " " : "",
               value_name != NULL ? value_name : "");
    size_t column = out->len - before;
    if (column + 1 > HELP_COLUMN) {
        buf_append_char(out, '\n');
        column = 0;
    }
    if (!out->failed) {
        buf_printf(out, "%*s", (int)(HELP_COLUMN - column), "");
    }
    write_wrapped(out, HELP_COLUMN, help);
}

/* "1 to 64" for numbers, nothing for the rest. */
static void write_range(struct buf *out, const struct config_setting *setting)
{
    if (setting->max > setting->min) {
        config_write_number(out, setting->type, setting->min);
        buf_append_text(out, " to ");
        config_write_number(out, setting->type, setting->max);
    }
}

static void write_setting_help(struct buf *out, const struct config_setting *setting)
{
    CLEANUP(buf_done) struct buf help;
    buf_init(&help, CONFIG_OUTPUT_BYTES_MAX);
    buf_printf(&help, "%s (%s", setting->help, setting->variable);
    if (setting->is_secret) {
        buf_printf(&help, " or %s_FILE", setting->variable);
    }
    if (setting->fallback != NULL) {
        buf_printf(&help, "; %s", setting->fallback);
    }
    buf_append_char(&help, ')');
    write_option(out, setting->name, config_type_name(setting->type), buf_str(&help));
    out->failed = out->failed || help.failed;
}

void config_write_help(struct buf *out, enum config_command command,
                       const struct config_flag *flags, size_t flag_count)
{
    for (size_t i = 0; i < flag_count; i++) {
        write_option(out, flags[i].name, flags[i].value_name, str_from(flags[i].help));
    }
    for (size_t i = 0; i < config_setting_count; i++) {
        if ((config_settings[i].commands & (unsigned)command) != 0) {
            write_setting_help(out, &config_settings[i]);
        }
    }
    write_option(out, "help", /* value_name= */ NULL, STR_LITERAL("print this and exit"));
}

void config_write_markdown(struct buf *out)
{
    buf_append_text(out, "| variable | option | default | meaning |\n"
                         "| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct config_setting *setting = &config_settings[i];
        buf_printf(out, "| `%s`", setting->variable);
        if (setting->is_secret) {
            buf_printf(out, " or `%s_FILE`", setting->variable);
        }
        buf_printf(out, " | `--%s` | %s | %s", setting->name,
                   setting->fallback != NULL ? setting->fallback : "", setting->help);
        if (setting->max > setting->min) {
            buf_append_text(out, " (");
            write_range(out, setting);
            buf_append_char(out, ')');
        }
        buf_append_text(out, " |\n");
    }
}

void config_write(struct buf *out, const struct config *config)
{
    static const char *const sources[] = {
        [CONFIG_FROM_DEFAULT] = "default",
        [CONFIG_FROM_ENVIRONMENT] = "environment",
        [CONFIG_FROM_FILE] = "file",
        [CONFIG_FROM_OPTION] = "option",
    };
    for (size_t i = 0; i < config_setting_count; i++) {
        assert(config->sources[i] < ARRAY_LEN(sources));
        buf_printf(out, "%s=", config_settings[i].variable);
        config_write_value(out, config, &config_settings[i]);
        buf_printf(out, "  # %s\n", sources[config->sources[i]]);
    }
}

#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "config_table.h"

#define PREFIX      "RELAIS_"
#define FILE_SUFFIX "_FILE"

enum {
    NAME_BYTES_MAX = 64, /* of an option or variable that is compared with the known ones */
    SUGGESTION_EDITS_MAX = 3,
};

/* What the two sources say about each setting, before anything is parsed. */
struct given {
    const char *options[CONFIG_SETTINGS_MAX];
    const char *variables[CONFIG_SETTINGS_MAX];
    const char *files[CONFIG_SETTINGS_MAX];
};

/* ---- suggestions ---- */

/* Levenshtein's distance, SIZE_MAX for names too long to be a typo of ours. */
static size_t edit_distance(struct str a, struct str b)
{
    size_t row[NAME_BYTES_MAX + 1];
    if (a.len > NAME_BYTES_MAX || b.len > NAME_BYTES_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = diagonal + (a.data[i - 1] == b.data[j - 1] ? 0 : 1);
            size_t added = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < added ? replaced : added;
        }
    }
    return row[b.len];
}

struct suggestion {
    struct str wrong;
    const char *best; /* NULL: nothing is near */
    size_t edits;
};

static struct str without_prefix(struct str name)
{
    return str_starts_with(name, PREFIX)
               ? str_slice(name.data + strlen(PREFIX), name.len - strlen(PREFIX))
               : name;
}

/* RELAIS_ is not compared: what everybody has in common makes nothing similar. */
static void suggest(struct suggestion *suggestion, const char *candidate)
{
    size_t edits =
        edit_distance(without_prefix(suggestion->wrong), without_prefix(str_from(candidate)));
    if (edits <= SUGGESTION_EDITS_MAX && edits < suggestion->edits) {
        suggestion->best = candidate;
        suggestion->edits = edits;
    }
}

/* ---- the command line ---- */

static bool is_option_of(const struct config_setting *setting, enum config_command command)
{
    return (setting->commands & (unsigned)command) != 0;
}

static enum err_code fail_unknown_option(struct str name, enum config_command command,
                                         const struct config_flag *flags, size_t flag_count,
                                         struct err *reterr)
{
    struct suggestion near = {.wrong = name, .edits = SIZE_MAX};
    for (size_t i = 0; i < config_setting_count; i++) {
        if (is_option_of(&config_settings[i], command)) {
            suggest(&near, config_settings[i].name);
        }
    }
    for (size_t i = 0; i < flag_count; i++) {
        suggest(&near, flags[i].name);
    }
    int shown_len = (int)(name.len < NAME_BYTES_MAX ? name.len : NAME_BYTES_MAX);
    if (near.best != NULL) {
        return err_set(reterr, ERR_MALFORMED, "unknown option --%.*s; did you mean --%s?",
                       shown_len, name.data, near.best);
    }
    return err_set(reterr, ERR_MALFORMED, "unknown option --%.*s; --help lists them", shown_len,
                   name.data);
}

/* Where the text of the option `name` goes; NULL: there is no such option. */
static const char **find_option(struct str name, enum config_command command, struct given *given,
                                struct config_flag *flags, size_t flag_count, bool *ret_is_switch)
{
    *ret_is_switch = false;
    for (size_t i = 0; i < config_setting_count; i++) {
        if (is_option_of(&config_settings[i], command) && str_is(name, config_settings[i].name)) {
            return &given->options[i];
        }
    }
    for (size_t i = 0; i < flag_count; i++) {
        if (str_is(name, flags[i].name)) {
            *ret_is_switch = flags[i].value_name == NULL;
            return &flags[i].value;
        }
    }
    return NULL;
}

struct command_line {
    enum config_command command;
    struct config_flag *flags;
    size_t flag_count;
    size_t argc;
    char *const *argv;
    size_t at; /* the word being read */
};

/* "--name value", "--name=value" or "--switch" at line->at; moves to its last word. */
static enum err_code read_option(struct command_line *line, struct given *given, struct err *reterr)
{
    const char *word = line->argv[line->at];
    struct str value = str_from(word + strlen("--"));
    struct str name = str_cut(&value, '=');
    bool is_switch = false;
    const char **slot =
        find_option(name, line->command, given, line->flags, line->flag_count, &is_switch);
    if (slot == NULL) {
        return fail_unknown_option(name, line->command, line->flags, line->flag_count, reterr);
    }
    if (*slot != NULL) {
        return err_set(reterr, ERR_MALFORMED, "--%.*s is given twice", STR_ARGS(name));
    }
    if (is_switch && value.data != NULL) {
        return err_set(reterr, ERR_MALFORMED, "--%.*s takes no value", STR_ARGS(name));
    }
    if (is_switch) {
        *slot = "";
        return OK;
    }
    if (value.data == NULL && line->at + 1 < line->argc) {
        value = str_from(line->argv[++line->at]);
    }
    if (value.data == NULL || value.len == 0) {
        return err_set(reterr, ERR_MALFORMED, "--%.*s needs a value", STR_ARGS(name));
    }
    *slot = value.data;
    return OK;
}

static enum err_code add_argument(struct config *config, const char *word, struct err *reterr)
{
    if (config->argument_count == CONFIG_ARGUMENTS_MAX) {
        return err_set(reterr, ERR_MALFORMED, "more than %d arguments", CONFIG_ARGUMENTS_MAX);
    }
    config->arguments[config->argument_count++] = word;
    return OK;
}

static enum err_code read_command_line(struct config *config, struct command_line *line,
                                       struct given *given, struct err *reterr)
{
    bool options_ended = false;
    enum err_code code = OK;
    for (line->at = 0; code == OK && line->at < line->argc; line->at++) {
        const char *word = line->argv[line->at];
        if (options_ended || word[0] != '-' || word[1] == '\0') {
            code = add_argument(config, word, reterr);
        } else if (strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            config->is_help_asked = true;
            return OK;
        } else if (word[1] != '-') {
            code = err_set(reterr, ERR_MALFORMED,
                           "unknown option %.64s; options have two dashes, --help lists them",
                           word);
        } else {
            code = read_option(line, given, reterr);
        }
    }
    return code;
}

/* ---- the environment ---- */

/* The name of the file variant: `variable` and _FILE? */
static bool is_file_twin(struct str name, const struct config_setting *setting)
{
    size_t len = strlen(setting->variable);
    return setting->is_secret && name.len == len + strlen(FILE_SUFFIX) &&
           str_starts_with(name, setting->variable) &&
           str_is(str_slice(name.data + len, name.len - len), FILE_SUFFIX);
}

static enum err_code fail_unknown_variable(struct str name, struct err *reterr)
{
    struct suggestion near = {.wrong = name, .edits = SIZE_MAX};
    for (size_t i = 0; i < config_setting_count; i++) {
        suggest(&near, config_settings[i].variable);
    }
    int shown_len = (int)(name.len < NAME_BYTES_MAX ? name.len : NAME_BYTES_MAX);
    if (near.best != NULL) {
        return err_set(reterr, ERR_INVALID, "unknown environment variable %.*s; did you mean %s?",
                       shown_len, name.data, near.best);
    }
    return err_set(reterr, ERR_INVALID,
                   "unknown environment variable %.*s; unset it, or see relais serve --help",
                   shown_len, name.data);
}

static enum err_code read_variable(const char *entry, struct given *given, struct err *reterr)
{
    struct str value = str_from(entry);
    struct str name = str_cut(&value, '=');
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct config_setting *setting = &config_settings[i];
        const char **slot = str_is(name, setting->variable) ? &given->variables[i]
                            : is_file_twin(name, setting)   ? &given->files[i]
                                                            : NULL;
        if (slot != NULL) {
            *slot = value.len > 0 ? value.data : NULL; /* empty: not set */
            return OK;
        }
    }
    return str_starts_with(name, PREFIX) ? fail_unknown_variable(name, reterr) : OK;
}

static enum err_code read_environment(char *const *envp, struct given *given, struct err *reterr)
{
    for (size_t i = 0; envp[i] != NULL; i++) {
        enum err_code code = read_variable(envp[i], given, reterr);
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

/* A plain variable that is not ours (HOME); NULL: not set or empty. */
static const char *environment_value(char *const *envp, const char *name)
{
    for (size_t i = 0; envp[i] != NULL; i++) {
        struct str value = str_from(envp[i]);
        if (str_is(str_cut(&value, '='), name)) {
            return value.len > 0 ? value.data : NULL;
        }
    }
    return NULL;
}

/* ---- putting it together ---- */

/* The content of a secret's file, in the arena, without the line end behind it. */
static enum err_code read_secret(struct config *config, const char *variable, const char *path,
                                 const char **ret, struct err *reterr)
{
    char text[CONFIG_TEXT_BYTES_MAX + 2];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, text, sizeof text) : -1;
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (got < 0) {
        return err_set(reterr, ERR_INVALID, "%s" FILE_SUFFIX ": cannot read %.128s: %s", variable,
                       path, strerrordesc_np(error));
    }
    struct str secret = str_slice(text, (size_t)got);
    if (secret.len > 0 && secret.data[secret.len - 1] == '\n') {
        secret.len--;
    }
    if (secret.len > 0 && secret.data[secret.len - 1] == '\r') {
        secret.len--;
    }
    if (secret.len == 0 || secret.len > CONFIG_TEXT_BYTES_MAX ||
        memchr(secret.data, '\0', secret.len) != NULL) {
        return err_set(reterr, ERR_INVALID,
                       "%s" FILE_SUFFIX ": %.128s must hold 1 to %d bytes of text", variable, path,
                       CONFIG_TEXT_BYTES_MAX);
    }
    *ret = arena_str(&config->arena, secret).data;
    return *ret != NULL ? OK : err_set(reterr, ERR_NOMEM, "out of memory");
}

/* Finds which source decides about setting number `i`. `ret_text` NULL: none, not even a default.
 */
static enum err_code choose_source(struct config *config, const struct given *given, size_t i,
                                   const char **ret_text, struct err *reterr)
{
    const struct config_setting *setting = &config_settings[i];
    enum config_source source = CONFIG_FROM_DEFAULT;
    *ret_text = setting->fallback;
    if (given->variables[i] != NULL && given->files[i] != NULL) {
        return err_set(reterr, ERR_INVALID, "%s and %s" FILE_SUFFIX " are both set; unset one",
                       setting->variable, setting->variable);
    }
    if (given->options[i] != NULL) {
        source = CONFIG_FROM_OPTION;
        *ret_text = given->options[i];
    } else if (given->variables[i] != NULL) {
        source = CONFIG_FROM_ENVIRONMENT;
        *ret_text = given->variables[i];
    } else if (given->files[i] != NULL) {
        source = CONFIG_FROM_FILE;
        enum err_code code =
            read_secret(config, setting->variable, given->files[i], ret_text, reterr);
        if (code != OK) {
            return code;
        }
    }
    config->sources[i] = (uint8_t)source;
    return OK;
}

static enum err_code apply(struct config *config, const struct given *given, size_t i,
                           struct err *reterr)
{
    const struct config_setting *setting = &config_settings[i];
    const char *text = NULL;
    enum err_code code = choose_source(config, given, i, &text, reterr);
    if (code != OK || text == NULL) {
        return code;
    }
    struct err why;
    code = config_set(config, setting, text, &why);
    assert(config->sources[i] != CONFIG_FROM_DEFAULT || code != ERR_INVALID);
    if (code == OK || code == ERR_NOMEM) {
        return code == OK ? OK : err_set(reterr, ERR_NOMEM, "out of memory");
    }
    if (config->sources[i] == CONFIG_FROM_OPTION) {
        return err_set(reterr, ERR_MALFORMED, "--%s %s", setting->name, why.detail);
    }
    return err_set(reterr, ERR_INVALID, "%s%s %s", setting->variable,
                   config->sources[i] == CONFIG_FROM_FILE ? FILE_SUFFIX : "", why.detail);
}

/* The data directory's default depends on who we are (XDG Base Directory Specification). */
static enum err_code default_data_dir(struct config *config, char *const *envp, struct err *reterr)
{
    const char *data_home = environment_value(envp, "XDG_DATA_HOME");
    const char *home = environment_value(envp, "HOME");
    if (geteuid() == 0) {
        config->data_dir = "/var/lib/relais";
    } else if (data_home != NULL && data_home[0] == '/') {
        config->data_dir = arena_printf(&config->arena, "%s/relais", data_home);
    } else if (home != NULL) {
        config->data_dir = arena_printf(&config->arena, "%s/.local/share/relais", home);
    } else {
        return err_set(reterr, ERR_INVALID, "HOME is not set; set RELAIS_DATA_DIR");
    }
    return config->data_dir != NULL ? OK : err_set(reterr, ERR_NOMEM, "out of memory");
}

/* Settings that must fit together. */
static enum err_code check_together(const struct config *config, struct err *reterr)
{
    if (config->bodies_in_flight_bytes_max < config->body_batch_bytes_max ||
        config->body_batch_bytes_max < config->body_form_bytes_max) {
        return err_set(reterr, ERR_INVALID,
                       "RELAIS_BODY_FORM_BYTES_MAX, RELAIS_BODY_BATCH_BYTES_MAX and "
                       "RELAIS_BODIES_IN_FLIGHT_BYTES_MAX must not decrease in this order");
    }
    return OK;
}

static enum err_code apply_all(struct config *config, const struct given *given, char *const *envp,
                               struct err *reterr)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        enum err_code code = apply(config, given, i, reterr);
        if (code != OK) {
            return code;
        }
    }
    enum err_code code = config->data_dir == NULL ? default_data_dir(config, envp, reterr) : OK;
    return code == OK ? check_together(config, reterr) : code;
}

enum err_code config_load(struct config *config, enum config_command command,
                          struct config_flag *flags, size_t flag_count, size_t argc,
                          char *const *argv, char *const *envp, struct err *reterr)
{
    struct given given = {.options = {NULL}};
    struct command_line line = {
        .command = command, .flags = flags, .flag_count = flag_count, .argc = argc, .argv = argv};
    *config = (struct config){.is_help_asked = false};
    arena_init(&config->arena, CONFIG_ARENA_BYTES_MAX);
    enum err_code code = read_command_line(config, &line, &given, reterr);
    if (code != OK || config->is_help_asked) {
        return code;
    }
    code = read_environment(envp, &given, reterr);
    return code == OK ? apply_all(config, &given, envp, reterr) : code;
}

void config_done(struct config *config)
{
    if (config != NULL) {
        arena_done(&config->arena);
    }
}

/*
 * The table of settings, shared by the files of config and by nobody else.
 */
#pragma once

#include "config.h"

enum config_type {
    CONFIG_TEXT,
    CONFIG_DIRECTORY, /* text that is a path */
    CONFIG_INTEGER,
    CONFIG_SIZE,     /* bytes */
    CONFIG_DURATION, /* µs */
    CONFIG_URL,      /* http or https, kept without trailing slashes */
    CONFIG_ADDRESS,
    CONFIG_NETWORKS,
    CONFIG_FORWARDED, /* enum forwarded_header */
    CONFIG_RATE,      /* struct limit_rate */
    CONFIG_LEVEL,
    CONFIG_TYPE_COUNT_
};

struct config_setting {
    const char *name;     /* the long option, without the dashes */
    const char *variable; /* in the environment */
    unsigned commands;    /* mask of enum config_command: whose option it is */
    enum config_type type;
    bool is_secret;       /* never printed; variable_FILE is read too */
    size_t offset;        /* of the field in struct config */
    const char *fallback; /* text of the default; NULL: none */
    int64_t min;          /* of integers, sizes and durations, in the field's unit */
    int64_t max;
    const char *help;
};

extern const struct config_setting config_settings[];
extern const size_t config_setting_count;

/* Parses `text` into the setting's field. ERR_INVALID: the detail says what would be accepted and
 * begins in lower case, to stand behind "NAME: ". Also ERR_NOMEM. */
enum err_code config_set(struct config *config, const struct config_setting *setting,
                         const char *text, struct err *reterr) MUSTCHECK;
/* The field's value as config_set would read it; a secret as "(set)"; "" when there is none. */
void config_write_value(struct buf *out, const struct config *config,
                        const struct config_setting *setting);
/* What stands for a value of this type in the help: "N", "SIZE", … */
const char *config_type_name(enum config_type type);
/* A size with the largest unit that divides it, a duration as ISO 8601. */
void config_write_number(struct buf *out, enum config_type type, int64_t value);

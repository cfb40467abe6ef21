/*
 * The configuration: one table of settings, read once at start and never changed afterwards.
 *
 * Each setting has a long option, an environment variable, a default and bounds. An option beats
 * the environment, the environment beats the default; an empty variable counts as not set. A
 * secret's variable has a twin with _FILE behind its name that holds the path of a file with the
 * value (one trailing line end is dropped). An environment variable that begins with RELAIS_ and is
 * not in the table is fatal, because a typo must not silently leave a limit at its default.
 *
 * Durations are ISO 8601 (PT15S, P400D), sizes are bytes or a number with KiB, MiB or GiB, rates
 * are limit.h's (100/1s).
 *
 * Not here: what an option of a single command means (`--dry-run`). Such a command brings its own
 * list of struct config_flag, and both are parsed in one pass.
 */
#pragma once

#include <sys/socket.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "forwarded.h"
#include "limit.h"

enum {
    CONFIG_SETTINGS_MAX = 48,
    CONFIG_ARGUMENTS_MAX = 32,            /* words of a command that are not options */
    CONFIG_NETWORKS_MAX = 64,             /* trusted proxies */
    CONFIG_TEXT_BYTES_MAX = 4096,         /* one value */
    CONFIG_ARENA_BYTES_MAX = 1024 * 1024, /* all of them */
    CONFIG_OUTPUT_BYTES_MAX = 256 * 1024, /* a good cap for the buf given to the _write functions */
};

/* Which kind of command reads the configuration: a setting is an option of those in its mask. Its
 * environment variable is read, and checked, by all. */
enum config_command {
    CONFIG_SERVE = 1 << 0,       /* relais serve */
    CONFIG_DATABASE = 1 << 1,    /* every other command that needs the database */
    CONFIG_HEALTHCHECK = 1 << 2, /* relais healthcheck: asks a running server */
    CONFIG_PLAIN = 1 << 3,       /* jsonlogic, routes, config, version: needs neither */
};

enum config_source {
    CONFIG_FROM_DEFAULT,
    CONFIG_FROM_ENVIRONMENT,
    CONFIG_FROM_FILE,
    CONFIG_FROM_OPTION
};

/* Where to listen. Port 0: the kernel chooses. */
struct config_address {
    const char *text;                /* as given */
    struct sockaddr_storage storage; /* AF_INET or AF_INET6, for bind(2) and MHD_OPTION_SOCK_ADDR */
    socklen_t length;
};

struct config_networks {
    struct address_network items[CONFIG_NETWORKS_MAX];
    size_t count;
};

/* Texts live in the config's own arena. */
struct config {
    struct arena arena;

    struct config_address listen;
    const char *data_dir;     /* never NULL after config_load */
    const char *database_url; /* NULL: the embedded PostgreSQL in data_dir. A secret. */
    const char *base_url;     /* how browsers and mails name this service, no trailing slash; NULL:
                                 unknown, then URLs of ours are relative */
    const char *privacy_key;  /* NULL: that of the data directory. A secret. */
    const char *smtp_url;     /* NULL: no mail is sent */
    const char *smtp_user;
    const char *smtp_password;                /* A secret. */
    const char *mail_from;                    /* "Name <address>" or the address alone */
    const char *ca_file;                      /* certificates to trust, PEM; NULL: the system's */
    struct config_networks outgoing_networks; /* private ones that chats may be in */
    const char *pg_bin; /* folder of the PostgreSQL programs; NULL: searched for */
    enum log_level log_level;
    struct config_networks trusted_proxies;
    enum forwarded_header forwarded_header; /* the one that they write */
    struct limit_rate rate_limit_key;       /* no requests: no limit */
    struct limit_rate rate_limit_ip;

    int64_t http_threads;
    int64_t connections_max;
    int64_t streams_max;
    int64_t ingest_writers;
    int64_t bulk_writers;
    int64_t write_writers;
    int64_t readers;
    int64_t queue_items;
    int64_t batch_items;
    int64_t body_form_bytes_max;
    int64_t body_batch_bytes_max;
    int64_t bodies_in_flight_bytes_max;
    int64_t header_timeout_us;
    int64_t body_timeout_us;
    int64_t operation_timeout_us;
    int64_t drain_timeout_us;
    int64_t event_retention_us;
    int64_t quarantine_retention_us;
    int64_t spool_bytes_max; /* 0: no spool */

    uint8_t sources[CONFIG_SETTINGS_MAX]; /* enum config_source, by place in the table */

    /* what else stood on the command line */
    bool is_help_asked; /* --help or -h: print config_write_help and exit 0; nothing else is set */
    const char *arguments[CONFIG_ARGUMENTS_MAX];
    size_t argument_count;
};

/* An option of one command. The caller fills the first three, config_load the last. */
struct config_flag {
    const char *name;       /* without the dashes */
    const char *value_name; /* "FILE.json" in the help; NULL: a switch, which takes no value */
    const char *help;
    const char *value; /* NULL: not given; a switch that was given: "" */
};

/*
 * Reads environment and command line into `config`, which the caller ends with config_done, also
 * after a failure. `argv` are the words after the command's name; `envp` ends with NULL. Texts are
 * copied, except config_flag.value and config.arguments, which point into `argv`. Call it before
 * any thread starts.
 *
 * ERR_MALFORMED: the command line is wrong (unknown or repeated option, value missing or out of
 * bounds): exit status 2. ERR_INVALID: the environment is: exit status 3. Also ERR_NOMEM. The
 * detail names the option or variable and what would be accepted; never a secret.
 */
enum err_code config_load(struct config *config, enum config_command command,
                          struct config_flag *flags, size_t flag_count, size_t argc,
                          char *const *argv, char *const *envp, struct err *reterr) MUSTCHECK;
/* Takes NULL and a zeroed config. */
void config_done(struct config *config);

/* The options of a command, its own flags first: the part of `--help` below the usage line. */
void config_write_help(struct buf *out, enum config_command command,
                       const struct config_flag *flags, size_t flag_count);
/* All settings as the Markdown table that the README holds. */
void config_write_markdown(struct buf *out);
/* Each setting, its value (a secret only as "set" or "not set") and where it came from. */
void config_write(struct buf *out, const struct config *config);

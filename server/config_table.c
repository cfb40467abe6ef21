#include "config_table.h"

#include <assert.h>

#include "base/clock.h"

#define EVERY    (CONFIG_SERVE | CONFIG_DATABASE | CONFIG_HEALTHCHECK | CONFIG_PLAIN)
#define AT(name) offsetof(struct config, name)
#define KIB      INT64_C(1024)
#define MIB      (1024 * KIB)
#define GIB      (1024 * MIB)

/* clang-format off: one setting, two lines */
const struct config_setting config_settings[] = {
    {"listen",                     "RELAIS_LISTEN",                     CONFIG_SERVE | CONFIG_HEALTHCHECK, CONFIG_ADDRESS,   false,
     AT(listen),                                                                                                                                                    "127.0.0.1:8080", 0,               0,                    "address and port to listen on; port 0 takes a free one"       },
    {"base-url",                   "RELAIS_BASE_URL",                   CONFIG_SERVE,                      CONFIG_URL,       false, AT(base_url),                   NULL,             0,               0,
     "how browsers and mails name this service, such as https://leads.example.com; links begin "
     "with it"                                                                                                                                                                                                                                                                              },
    {"data-dir",                   "RELAIS_DATA_DIR",                   CONFIG_SERVE | CONFIG_DATABASE,    CONFIG_DIRECTORY, false,
     AT(data_dir),                                                                                                                                                  NULL,             0,               0,
     "directory of the embedded PostgreSQL and the spool; left out: /var/lib/relais for root, else "
     "~/.local/share/relais"                                                                                                                                                                                                                                                                },
    {"database-url",               "DATABASE_URL",                      CONFIG_SERVE | CONFIG_DATABASE,    CONFIG_TEXT,      true,
     AT(database_url),                                                                                                                                              NULL,             0,               0,                    "PostgreSQL to use, as a libpq URL; left out: the embedded one"},
    {"pg-bin",                     "RELAIS_PG_BIN",                     CONFIG_SERVE | CONFIG_DATABASE,    CONFIG_DIRECTORY, false, AT(pg_bin),
     NULL,                                                                                                                                                                            0,               0,
     "folder of initdb and postgres for the embedded PostgreSQL; left out: the newest that is "
     "installed"                                                                                                                                                                                                                                                                            },
    {"privacy-key",                "RELAIS_PRIVACY_KEY",                CONFIG_SERVE | CONFIG_DATABASE,    CONFIG_TEXT,      true,
     AT(privacy_key),                                                                                                                                               NULL,             0,               0,
     "secret with which addresses of erased persons are hashed, the same on all instances; left "
     "out: "
     "privacy.key in the data directory, made at the first start"                                                                                                                                                                                                                           },
    {"log-level",                  "RELAIS_LOG_LEVEL",                  EVERY,                             CONFIG_LEVEL,     false, AT(log_level),                  "info",           0,               0,
     "debug, info, warn or error: what is less important is not logged"                                                                                                                                                                                                                     },
    {"trusted-proxies",            "RELAIS_TRUSTED_PROXIES",            CONFIG_SERVE,                      CONFIG_NETWORKS,  false,
     AT(trusted_proxies),                                                                                                                                           NULL,             0,               0,
     "addresses and networks, with commas between, of the proxies that are believed who sent a "
     "request"                                                                                                                                                                                                                                                                              },
    {"forwarded-header",           "RELAIS_FORWARDED_HEADER",           CONFIG_SERVE,                      CONFIG_FORWARDED, false,
     AT(forwarded_header),                                                                                                                                          NULL,             0,               0,
     "in which these proxies say it: x-forwarded-for or forwarded; left out: x-forwarded-for"                                                                                                                                                                                               },
    {"rate-limit-ip",              "RELAIS_RATE_LIMIT_IP",              CONFIG_SERVE,                      CONFIG_RATE,      false, AT(rate_limit_ip),
     NULL,                                                                                                                                                                            0,               0,
     "requests without a secret key from one address (of IPv6 one /64), such as 10/1s or "
     "60/1m burst 20; left out: no limit"                                                                                                                                                                                                                                                   },
    {"rate-limit-key",             "RELAIS_RATE_LIMIT_KEY",             CONFIG_SERVE,                      CONFIG_RATE,      false,
     AT(rate_limit_key),                                                                                                                                            NULL,             0,               0,
     "requests with one secret key, such as 100/1s; left out: no limit"                                                                                                                                                                                                                     },
    {"smtp-url",                   "RELAIS_SMTP_URL",                   CONFIG_SERVE,                      CONFIG_TEXT,      false, AT(smtp_url),                   NULL,             0,               0,
     "mail server, such as smtps://mail.example.com or smtp://mail.example.com:587 (with "
     "STARTTLS); left out: no mail is sent"                                                                                                                                                                                                                                                 },
    {"smtp-user",                  "RELAIS_SMTP_USER",                  CONFIG_SERVE,                      CONFIG_TEXT,      false, AT(smtp_user),                  NULL,             0,               0,
     "user name at the mail server; left out: without"                                                                                                                                                                                                                                      },
    {"smtp-password",              "RELAIS_SMTP_PASSWORD",              CONFIG_SERVE,                      CONFIG_TEXT,      true,  AT(smtp_password),
     NULL,                                                                                                                                                                            0,               0,                    "password at the mail server"                                  },
    {"mail-from",                  "RELAIS_MAIL_FROM",                  CONFIG_SERVE,                      CONFIG_TEXT,      false, AT(mail_from),                  NULL,             0,               0,
     "who mails come from, such as \"Relais <relais@example.com>\""                                                                                                                                                                                                                         },
    {"ca-file",                    "RELAIS_CA_FILE",                    CONFIG_SERVE,                      CONFIG_TEXT,      false, AT(ca_file),                    NULL,             0,               0,
     "file with the certificates (PEM) that mail and chat servers are checked with; left out: the "
     "system's"                                                                                                                                                                                                                                                                             },
    {"outgoing-networks",          "RELAIS_OUTGOING_NETWORKS",          CONFIG_SERVE,                      CONFIG_NETWORKS,  false,
     AT(outgoing_networks),                                                                                                                                         NULL,             0,               0,
     "private addresses and networks, with commas between, that chat webhooks may lead to; left "
     "out: none"                                                                                                                                                                                                                                                                            },

    {"http-threads",               "RELAIS_HTTP_THREADS",               CONFIG_SERVE,                      CONFIG_INTEGER,   false, AT(http_threads),
     "2",                                                                                                                                                                             1,               64,                   "threads that speak HTTP; as many as cores"                    },
    {"connections-max",            "RELAIS_CONNECTIONS_MAX",            CONFIG_SERVE,                      CONFIG_INTEGER,   false,
     AT(connections_max),                                                                                                                                           "16384",          8,               65536,
     "HTTP connections at once; one more, and an idle or slow one is ended for it"                                                                                                                                                                                                          },
    {"streams-max",                "RELAIS_STREAMS_MAX",                CONFIG_SERVE,                      CONFIG_INTEGER,   false, AT(streams_max),
     "1000",                                                                                                                                                                          0,               65536,
     "server-sent event streams at once; each keeps a connection, one more is answered 503"                                                                                                                                                                                                 },
    {"ingest-writers",             "RELAIS_INGEST_WRITERS",             CONFIG_SERVE,                      CONFIG_INTEGER,   false,
     AT(ingest_writers),                                                                                                                                            "2",              1,               16,                   "database connections that store submissions"                  },
    {"bulk-writers",               "RELAIS_BULK_WRITERS",               CONFIG_SERVE,                      CONFIG_INTEGER,   false, AT(bulk_writers),
     "3",                                                                                                                                                                             1,               16,                   "database connections that store long lists"                   },
    {"write-writers",              "RELAIS_WRITE_WRITERS",              CONFIG_SERVE,                      CONFIG_INTEGER,   false,
     AT(write_writers),                                                                                                                                             "1",              1,               16,                   "database connections for all other writing"                   },
    {"readers",                    "RELAIS_READERS",                    CONFIG_SERVE,                      CONFIG_INTEGER,   false, AT(readers),                    "2",              1,               32,
     "database connections that read"                                                                                                                                                                                                                                                       },
    {"queue-items",                "RELAIS_QUEUE_ITEMS",                CONFIG_SERVE,                      CONFIG_INTEGER,   false, AT(queue_items),
     "4096",                                                                                                                                                                          16,              1048576,
     "requests that may wait for each kind of connection; one more is answered 503"                                                                                                                                                                                                         },
    {"batch-items",                "RELAIS_BATCH_ITEMS",                CONFIG_SERVE,                      CONFIG_INTEGER,   false, AT(batch_items),
     "256",                                                                                                                                                                           1,               4096,                 "requests that share a transaction"                            },
    {"body-form-bytes-max",        "RELAIS_BODY_FORM_BYTES_MAX",        CONFIG_SERVE,                      CONFIG_SIZE,      false,
     AT(body_form_bytes_max),                                                                                                                                       "64 KiB",         KIB,             512 * KIB,            "size of one submission"                                       },
    {"body-batch-bytes-max",       "RELAIS_BODY_BATCH_BYTES_MAX",       CONFIG_SERVE,                      CONFIG_SIZE,      false,
     AT(body_batch_bytes_max),                                                                                                                                      "8 MiB",          64 * KIB,        64 * MIB,
     "size of a request that carries many items"                                                                                                                                                                                                                                            },
    {"bodies-in-flight-bytes-max", "RELAIS_BODIES_IN_FLIGHT_BYTES_MAX", CONFIG_SERVE,                      CONFIG_SIZE,
     false,                                                                                                                         AT(bodies_in_flight_bytes_max), "16 MiB",         MIB,             4 * GIB,
     "memory for all bodies at once; above it a request is answered 503"                                                                                                                                                                                                                    },
    {"header-timeout",             "RELAIS_HEADER_TIMEOUT",             CONFIG_SERVE,                      CONFIG_DURATION,  false,
     AT(header_timeout_us),                                                                                                                                         "PT5S",           US_PER_MS * 100, 300 * US_PER_SECOND,
     "time for a request's head to arrive"                                                                                                                                                                                                                                                  },
    {"body-timeout",               "RELAIS_BODY_TIMEOUT",               CONFIG_SERVE,                      CONFIG_DURATION,  false,
     AT(body_timeout_us),                                                                                                                                           "PT10S",          US_PER_MS * 100, 3600 * US_PER_SECOND,
     "time for a request's body to arrive"                                                                                                                                                                                                                                                  },
    {"operation-timeout",          "RELAIS_OPERATION_TIMEOUT",          CONFIG_SERVE,                      CONFIG_DURATION,  false,
     AT(operation_timeout_us),                                                                                                                                      "PT10S",          US_PER_MS * 100, 300 * US_PER_SECOND,
     "time for the database to answer a request; then it is answered 503"                                                                                                                                                                                                                   },
    {"drain-timeout",              "RELAIS_DRAIN_TIMEOUT",              CONFIG_SERVE,                      CONFIG_DURATION,  false,
     AT(drain_timeout_us),                                                                                                                                          "PT15S",          0,               600 * US_PER_SECOND,
     "time for requests to end when the service stops"                                                                                                                                                                                                                                      },
    {"event-retention",            "RELAIS_EVENT_RETENTION",            CONFIG_SERVE,                      CONFIG_DURATION,  false,
     AT(event_retention_us),                                                                                                                                        "P400D",          US_PER_DAY,      36500 * US_PER_DAY,
     "how long the change feed keeps its events"                                                                                                                                                                                                                                            },
    {"quarantine-retention",       "RELAIS_QUARANTINE_RETENTION",       CONFIG_SERVE,                      CONFIG_DURATION,  false,
     AT(quarantine_retention_us),                                                                                                                                   "P30D",           US_PER_DAY,      365 * US_PER_DAY,
     "how long submissions wait in quarantine; then they are purged"                                                                                                                                                                                                                        },
    {"spool-bytes-max",            "RELAIS_SPOOL_BYTES_MAX",            CONFIG_SERVE,                      CONFIG_SIZE,      false,
     AT(spool_bytes_max),                                                                                                                                           "256 MiB",        0,               64 * GIB,
     "disk for form posts that wait in the data directory while the database is away; 0: they are "
     "refused then"                                                                                                                                                                                                                                                                         },
};
/* clang-format on */

const size_t config_setting_count = ARRAY_LEN(config_settings);

static_assert(ARRAY_LEN(config_settings) <= CONFIG_SETTINGS_MAX, "raise CONFIG_SETTINGS_MAX");

/* What collecting (outbox_collect.c) and taking (outbox.c) share. */
#pragma once

#include "store/outbox.h"
#include "store/store_internal.h"

struct outbox {
    struct store *store;
    struct conn *conn;
    struct params params;
    struct arena arena;      /* of the call under way */
    int64_t catalog_version; /* whose offers were looked at here last */
};

/* Begins a call: connected, with its deadline, and without parameters. */
enum err_code outbox_prepare(struct outbox *outbox, struct err *reterr) MUSTCHECK;

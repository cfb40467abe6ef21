/*
 * What a dry run has come by already, as hashes: it stores nothing, so it has to remember which
 * contacts and activities of the file it would have made by now.
 */
#pragma once

#include "base/err.h"
#include "base/uuid.h"

enum {
    IMPORT_SEEN_SLOTS_MIN = 1 << 16,
    IMPORT_SEEN_SLOTS_MAX = 1 << 24, /* 128 MiB; half of them are used at most */
};

/* Open addressing; zeroed: empty. */
struct import_seen {
    uint64_t *slots; /* owned; 0: free */
    size_t slot_count;
    size_t count;
};

/* Adds it; *ret_is_new: it was not there. Beyond the limit nothing is added and everything that is
 * not there is new. ERR_NOMEM. */
enum err_code import_seen_add(struct import_seen *seen, struct str what, bool *ret_is_new,
                              struct err *reterr) MUSTCHECK;
/* Takes a zeroed one. */
void import_seen_done(struct import_seen *seen);

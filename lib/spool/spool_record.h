/*
 * One form post as it lies in the spool: what was sent, and what was decided about it when it was
 * acknowledged (its id, its time, the fingerprint a repeat has to match).
 *
 * In a file a record is a header and a payload:
 *
 *     4  magic "RSP1"
 *     4  length of the payload
 *     8  sequence
 *     32 SHA-256 over the file's salt, the 16 bytes before and the payload
 *     …  the payload: fields, each a byte that says which, 4 bytes of length, and the value
 *
 * Numbers are little-endian. A record that is cut short or changed anywhere does not match its sum,
 * so what a crash left half-written is recognised as such. The salt is random and in the file's
 * head, so that nobody can post a body in which we would find a record when we look for one behind
 * a damaged part.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "base/uuid.h"

enum {
    SPOOL_HEADER_BYTES = 48,
    SPOOL_PAYLOAD_BYTES_MAX = 1 << 20,
    SPOOL_DIGEST_BYTES = 16,
};

/* Random, one a file. */
struct spool_salt {
    uint8_t bytes[SPOOL_DIGEST_BYTES];
};

/* The first half of a SHA-256: enough to tell things apart. */
struct spool_digest {
    uint8_t bytes[SPOOL_DIGEST_BYTES];
};

struct spool_record {
    uint64_t sequence; /* its place, from 1; given by the spool */
    int64_t end_bytes; /* when read: where it ends in its file */

    struct uuid id;
    bool has_client_id;
    bool is_authenticated;
    bool is_publishable;
    bool is_trusted;    /* it was signed, or came with a secret key: may tell of long ago */
    struct uuid key_id; /* nil: no key */
    int64_t received_at_us;
    struct sha256 fingerprint;
    struct spool_digest contact; /* of whose it is: the order within a contact is kept */
    struct str form;             /* slug */
    struct str path;             /* as sent; with an idempotency key what it belongs to */
    struct str content_type;
    struct str body;
    struct str idempotency_key; /* absent: none */
    struct str remote;          /* the sender's network, 16 bytes; may be absent */
    struct str consent_text;    /* the words that were agreed to; absent: nothing was asked */
    struct str reason;          /* of a refused one: why */
};

/* What two records have in common when they are of one contact, of one id, of one key. */
enum spool_key {
    SPOOL_KEY_CONTACT,
    SPOOL_KEY_ID,
    SPOOL_KEY_IDEMPOTENCY, /* nothing when the record has none */
    SPOOL_KEY_COUNT_
};

struct spool_digest spool_digest_of(const struct str *parts, size_t count);
/* False: the record has no such key. */
bool spool_record_key(const struct spool_record *record, enum spool_key key,
                      struct spool_digest *ret_digest) MUSTCHECK;
/* What a repeat by this key has to match: the body for an idempotency key, else the fingerprint. */
struct spool_digest spool_record_content(const struct spool_record *record, enum spool_key key);

/* At most so long is it when written. */
size_t spool_record_bytes_max(const struct spool_record *record);
/* Appends header and payload. False: too large (nothing was appended), or the buf failed. */
bool spool_record_write(struct buf *out, const struct spool_record *record,
                        const struct spool_salt *salt) MUSTCHECK;

/*
 * Reads the record at the beginning of `bytes`; its texts point into them. ERR_MALFORMED: what
 * stands there is no whole record. ERR_UNSUPPORTED: it is one, of a newer release.
 */
enum err_code spool_record_read(struct str bytes, const struct spool_salt *salt,
                                struct spool_record *ret_record, size_t *ret_bytes) MUSTCHECK;

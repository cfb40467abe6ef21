#include "spool/spool_record.h"

enum {
    MAGIC_BYTES = 4,
    LENGTH_BYTES = 4,
    SEQUENCE_BYTES = 8,
    TIME_BYTES = 8,
    SUMMED_BYTES = MAGIC_BYTES + LENGTH_BYTES + SEQUENCE_BYTES,
    FIELD_HEAD_BYTES = 1 + LENGTH_BYTES,
};

_Static_assert(SUMMED_BYTES + SHA256_BYTES == SPOOL_HEADER_BYTES, "as the header says");

static const char magic[MAGIC_BYTES + 1] = "RSP1";

/* Written to disk: a number is never given to something else. */
enum field {
    FIELD_ID = 1,
    FIELD_FLAGS = 2,
    FIELD_KEY_ID = 3,
    FIELD_RECEIVED_AT = 4,
    FIELD_FINGERPRINT = 5,
    FIELD_CONTACT = 6,
    FIELD_FORM = 7,
    FIELD_PATH = 8,
    FIELD_CONTENT_TYPE = 9,
    FIELD_BODY = 10,
    FIELD_IDEMPOTENCY_KEY = 11,
    FIELD_REMOTE = 12,
    FIELD_REASON = 13,
    FIELD_CONSENT_TEXT = 14,
};

enum flag { FLAG_CLIENT_ID = 1, FLAG_AUTHENTICATED = 2, FLAG_PUBLISHABLE = 4, FLAG_TRUSTED = 8 };

/* ---- keys ---- */

struct spool_digest spool_digest_of(const struct str *parts, size_t count)
{
    const struct sha256 sum = sha256_of_parts(parts, count);
    struct spool_digest digest;
    memcpy(digest.bytes, sum.bytes, sizeof digest.bytes);
    return digest;
}

static struct str bytes_of_uuid(const struct uuid *id)
{
    return str_slice((const char *)id->bytes, sizeof id->bytes);
}

bool spool_record_key(const struct spool_record *record, enum spool_key key,
                      struct spool_digest *ret_digest)
{
    switch (key) {
    case SPOOL_KEY_CONTACT:
        *ret_digest = record->contact;
        return true;
    case SPOOL_KEY_ID: {
        const struct str parts[] = {STR_LITERAL("id"), bytes_of_uuid(&record->id), record->form};
        *ret_digest = spool_digest_of(parts, ARRAY_LEN(parts));
        return true;
    }
    case SPOOL_KEY_IDEMPOTENCY: {
        const struct str parts[] = {STR_LITERAL("key"), bytes_of_uuid(&record->key_id),
                                    record->path, record->idempotency_key};
        *ret_digest = spool_digest_of(parts, ARRAY_LEN(parts));
        return record->idempotency_key.data != NULL;
    }
    case SPOOL_KEY_COUNT_:
        break;
    }
    return false;
}

struct spool_digest spool_record_content(const struct spool_record *record, enum spool_key key)
{
    if (key == SPOOL_KEY_IDEMPOTENCY) {
        return spool_digest_of(&record->body, 1);
    }
    struct spool_digest digest;
    memcpy(digest.bytes, record->fingerprint.bytes, sizeof digest.bytes);
    return digest;
}

/* ---- writing ---- */

static void put_number(uint8_t *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static void add_field(struct buf *out, enum field field, struct str value)
{
    if (value.data == NULL) {
        return;
    }
    uint8_t head[FIELD_HEAD_BYTES] = {(uint8_t)field};
    put_number(head + 1, value.len, LENGTH_BYTES);
    buf_append(out, head, sizeof head);
    buf_append_str(out, value);
}

static void add_bytes(struct buf *out, enum field field, const void *bytes, size_t len)
{
    add_field(out, field, str_slice(bytes, len));
}

static void add_fields(struct buf *out, const struct spool_record *record)
{
    const uint8_t flags = (uint8_t)((record->has_client_id ? FLAG_CLIENT_ID : 0) |
                                    (record->is_authenticated ? FLAG_AUTHENTICATED : 0) |
                                    (record->is_publishable ? FLAG_PUBLISHABLE : 0) |
                                    (record->is_trusted ? FLAG_TRUSTED : 0));
    uint8_t received_at[TIME_BYTES];
    put_number(received_at, (uint64_t)record->received_at_us, sizeof received_at);
    add_bytes(out, FIELD_ID, record->id.bytes, sizeof record->id.bytes);
    add_bytes(out, FIELD_FLAGS, &flags, sizeof flags);
    add_bytes(out, FIELD_KEY_ID, record->key_id.bytes, sizeof record->key_id.bytes);
    add_bytes(out, FIELD_RECEIVED_AT, received_at, sizeof received_at);
    add_bytes(out, FIELD_FINGERPRINT, record->fingerprint.bytes, sizeof record->fingerprint.bytes);
    add_bytes(out, FIELD_CONTACT, record->contact.bytes, sizeof record->contact.bytes);
    add_field(out, FIELD_FORM, record->form);
    add_field(out, FIELD_PATH, record->path);
    add_field(out, FIELD_CONTENT_TYPE, record->content_type);
    add_field(out, FIELD_BODY, record->body);
    add_field(out, FIELD_IDEMPOTENCY_KEY, record->idempotency_key);
    add_field(out, FIELD_REMOTE, record->remote);
    add_field(out, FIELD_REASON, record->reason);
    add_field(out, FIELD_CONSENT_TEXT, record->consent_text);
}

static struct sha256 sum_of(const struct spool_salt *salt, const char *header, struct str payload)
{
    const struct str parts[] = {str_slice((const char *)salt->bytes, sizeof salt->bytes),
                                str_slice(header, SUMMED_BYTES), payload};
    return sha256_of_parts(parts, ARRAY_LEN(parts));
}

size_t spool_record_bytes_max(const struct spool_record *record)
{
    enum { OTHER_BYTES = 512 }; /* header, heads of fields, fields of fixed size */
    return OTHER_BYTES + record->form.len + record->path.len + record->content_type.len +
           record->body.len + record->idempotency_key.len + record->remote.len +
           record->reason.len + record->consent_text.len;
}

bool spool_record_write(struct buf *out, const struct spool_record *record,
                        const struct spool_salt *salt)
{
    const size_t begin = out->len;
    if (buf_extend(out, SPOOL_HEADER_BYTES) == NULL) {
        return false;
    }
    add_fields(out, record);
    if (out->failed) {
        return false;
    }
    const size_t payload_bytes = out->len - begin - SPOOL_HEADER_BYTES;
    if (payload_bytes > SPOOL_PAYLOAD_BYTES_MAX) {
        out->len = begin;
        return false;
    }
    uint8_t header[SPOOL_HEADER_BYTES];
    memcpy(header, magic, MAGIC_BYTES);
    put_number(header + MAGIC_BYTES, payload_bytes, LENGTH_BYTES);
    put_number(header + MAGIC_BYTES + LENGTH_BYTES, record->sequence, SEQUENCE_BYTES);
    const struct sha256 sum =
        sum_of(salt, (const char *)header,
               str_slice(out->data + begin + SPOOL_HEADER_BYTES, payload_bytes));
    memcpy(header + SUMMED_BYTES, sum.bytes, SHA256_BYTES);
    memcpy(out->data + begin, header, sizeof header);
    return true;
}

/* ---- reading ---- */

static uint64_t get_number(const char *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value |= (uint64_t)(uint8_t)bytes[i] << (8 * i);
    }
    return value;
}

static bool take_bytes(struct str value, void *out, size_t len)
{
    if (value.len == len) {
        memcpy(out, value.data, len);
    }
    return value.len == len;
}

static bool take_flags(struct spool_record *record, struct str value)
{
    uint8_t flags = 0;
    const bool is_right = take_bytes(value, &flags, sizeof flags);
    record->has_client_id = (flags & FLAG_CLIENT_ID) != 0;
    record->is_authenticated = (flags & FLAG_AUTHENTICATED) != 0;
    record->is_publishable = (flags & FLAG_PUBLISHABLE) != 0;
    record->is_trusted = (flags & FLAG_TRUSTED) != 0;
    const unsigned known = FLAG_CLIENT_ID | FLAG_AUTHENTICATED | FLAG_PUBLISHABLE | FLAG_TRUSTED;
    return is_right && (flags & ~known) == 0;
}

static bool take_text(struct str *out, struct str value)
{
    *out = value;
    return true;
}

/* False: a field that this release does not know. */
static bool take_field(struct spool_record *record, unsigned field, struct str value)
{
    switch (field) {
    case FIELD_ID:
        return take_bytes(value, record->id.bytes, sizeof record->id.bytes);
    case FIELD_FLAGS:
        return take_flags(record, value);
    case FIELD_KEY_ID:
        return take_bytes(value, record->key_id.bytes, sizeof record->key_id.bytes);
    case FIELD_RECEIVED_AT:
        record->received_at_us = (int64_t)get_number(value.data, value.len);
        return value.len == TIME_BYTES;
    case FIELD_FINGERPRINT:
        return take_bytes(value, record->fingerprint.bytes, sizeof record->fingerprint.bytes);
    case FIELD_CONTACT:
        return take_bytes(value, record->contact.bytes, sizeof record->contact.bytes);
    case FIELD_FORM:
        return take_text(&record->form, value);
    case FIELD_PATH:
        return take_text(&record->path, value);
    case FIELD_CONTENT_TYPE:
        return take_text(&record->content_type, value);
    case FIELD_BODY:
        return take_text(&record->body, value);
    case FIELD_IDEMPOTENCY_KEY:
        return take_text(&record->idempotency_key, value);
    case FIELD_REMOTE:
        return take_text(&record->remote, value);
    case FIELD_REASON:
        return take_text(&record->reason, value);
    case FIELD_CONSENT_TEXT:
        return take_text(&record->consent_text, value);
    default:
        return false;
    }
}

static bool take_fields(struct spool_record *record, struct str payload)
{
    while (payload.len > 0) {
        if (payload.len < FIELD_HEAD_BYTES) {
            return false;
        }
        const size_t len = get_number(payload.data + 1, LENGTH_BYTES);
        if (len > payload.len - FIELD_HEAD_BYTES) {
            return false;
        }
        const struct str value = str_slice(payload.data + FIELD_HEAD_BYTES, len);
        if (!take_field(record, (uint8_t)payload.data[0], value)) {
            return false;
        }
        payload = str_slice(value.data + len, payload.len - FIELD_HEAD_BYTES - len);
    }
    return record->form.data != NULL && record->body.data != NULL;
}

enum err_code spool_record_read(struct str bytes, const struct spool_salt *salt,
                                struct spool_record *ret_record, size_t *ret_bytes)
{
    if (bytes.len < SPOOL_HEADER_BYTES || memcmp(bytes.data, magic, MAGIC_BYTES) != 0) {
        return ERR_MALFORMED;
    }
    const size_t payload_bytes = get_number(bytes.data + MAGIC_BYTES, LENGTH_BYTES);
    if (payload_bytes > SPOOL_PAYLOAD_BYTES_MAX || payload_bytes > bytes.len - SPOOL_HEADER_BYTES) {
        return ERR_MALFORMED;
    }
    const struct str payload = str_slice(bytes.data + SPOOL_HEADER_BYTES, payload_bytes);
    struct sha256 stored;
    memcpy(stored.bytes, bytes.data + SUMMED_BYTES, SHA256_BYTES);
    const struct sha256 sum = sum_of(salt, bytes.data, payload);
    if (!sha256_eq(&stored, &sum)) {
        return ERR_MALFORMED;
    }
    struct spool_record record = {
        .sequence = get_number(bytes.data + MAGIC_BYTES + LENGTH_BYTES, SEQUENCE_BYTES)};
    if (!take_fields(&record, payload)) {
        return ERR_UNSUPPORTED;
    }
    *ret_record = record;
    *ret_bytes = SPOOL_HEADER_BYTES + payload_bytes;
    return OK;
}

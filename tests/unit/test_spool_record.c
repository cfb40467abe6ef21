/* Proves that a record reads back as it was written, that any change or cut of it shows, and that
 * keys tell records apart. */
#include "test_spool_support.h"

static const struct spool_salt salt = {
    {1, 2, 3}
};

static struct spool_record full_record(struct room *room)
{
    struct spool_record record = record_number(room, 7);
    record.sequence = 41;
    record.is_authenticated = true;
    record.is_publishable = true;
    record.is_trusted = true;
    record.key_id.bytes[3] = 9;
    record.idempotency_key = STR_LITERAL("try-1");
    record.remote = STR_LITERAL("0123456789abcdef");
    record.reason = STR_LITERAL("form");
    record.consent_text = STR_LITERAL("Écrivez-moi.");
    return record;
}

static void assert_same(const struct spool_record *a, const struct spool_record *b)
{
    assert_int_equal(a->sequence, b->sequence);
    assert_true(uuid_eq(a->id, b->id) && uuid_eq(a->key_id, b->key_id));
    assert_int_equal(a->has_client_id, b->has_client_id);
    assert_int_equal(a->is_authenticated, b->is_authenticated);
    assert_int_equal(a->is_publishable, b->is_publishable);
    assert_int_equal(a->is_trusted, b->is_trusted);
    assert_int_equal(a->received_at_us, b->received_at_us);
    assert_true(sha256_eq(&a->fingerprint, &b->fingerprint));
    assert_memory_equal(&a->contact, &b->contact, sizeof a->contact);
    const struct str left[] = {a->form,   a->path,   a->content_type, a->body, a->idempotency_key,
                               a->remote, a->reason, a->consent_text};
    const struct str right[] = {b->form,   b->path,   b->content_type, b->body, b->idempotency_key,
                                b->remote, b->reason, b->consent_text};
    for (size_t i = 0; i < ARRAY_LEN(left); i++) {
        assert_int_equal(left[i].data != NULL, right[i].data != NULL);
        assert_true(str_eq(left[i], right[i]));
    }
}

static void test_reads_back(void **state)
{
    (void)state;
    struct room room;
    const struct spool_record full = full_record(&room);
    struct room plain_room;
    struct spool_record plain = record_number(&plain_room, 8);
    plain.has_client_id = false;
    plain.body = STR_LITERAL("");
    const struct spool_record records[] = {full, plain};
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        const size_t before = text.len;
        assert_true(spool_record_write(&text, &records[i], &salt));
        assert_true(text.len - before <= spool_record_bytes_max(&records[i]));
    }
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        struct spool_record read;
        size_t bytes = 0;
        assert_int_equal(
            spool_record_read(str_slice(text.data + at, text.len - at), &salt, &read, &bytes), OK);
        assert_same(&records[i], &read);
        at += bytes;
    }
    assert_int_equal(at, text.len);
}

static void test_every_cut_and_every_changed_bit_shows(void **state)
{
    (void)state;
    struct room room;
    const struct spool_record record = full_record(&room);
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 1 << 20);
    assert_true(spool_record_write(&text, &record, &salt));
    struct spool_record read;
    size_t bytes;
    for (size_t len = 0; len < text.len; len++) {
        assert_int_equal(spool_record_read(str_slice(text.data, len), &salt, &read, &bytes),
                         ERR_MALFORMED);
    }
    for (size_t i = 0; i < text.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text.data[i] = (char)(text.data[i] ^ (1 << bit));
            assert_int_equal(spool_record_read(buf_str(&text), &salt, &read, &bytes),
                             ERR_MALFORMED);
            text.data[i] = (char)(text.data[i] ^ (1 << bit));
        }
    }
    const struct spool_salt other = {
        {1, 2, 4}
    };
    assert_int_equal(spool_record_read(buf_str(&text), &other, &read, &bytes), ERR_MALFORMED);
    assert_int_equal(spool_record_read(buf_str(&text), &salt, &read, &bytes), OK);
}

static void test_what_is_too_large_is_not_written(void **state)
{
    (void)state;
    struct room room;
    struct spool_record record = record_number(&room, 1);
    CLEANUP(buf_done) struct buf body;
    CLEANUP(buf_done) struct buf text;
    buf_init(&body, 4 << 20);
    buf_init(&text, 4 << 20);
    assert_non_null(buf_extend(&body, SPOOL_PAYLOAD_BYTES_MAX));
    memset(body.data, 'x', body.len);
    record.body = buf_str(&body);
    assert_false(spool_record_write(&text, &record, &salt));
    assert_int_equal(text.len, 0);
    assert_false(text.failed);
}

static bool has_same_key(const struct spool_record *a, const struct spool_record *b,
                         enum spool_key key)
{
    struct spool_digest left;
    struct spool_digest right;
    return spool_record_key(a, key, &left) && spool_record_key(b, key, &right) &&
           memcmp(&left, &right, sizeof left) == 0;
}

static void test_keys(void **state)
{
    (void)state;
    struct room room;
    const struct spool_record one = full_record(&room);
    struct spool_record other = one;
    for (int key = 0; key < SPOOL_KEY_COUNT_; key++) {
        assert_true(has_same_key(&one, &other, (enum spool_key)key));
    }
    other.form = STR_LITERAL("other"); /* an id counts within its form */
    assert_false(has_same_key(&one, &other, SPOOL_KEY_ID));
    assert_true(has_same_key(&one, &other, SPOOL_KEY_CONTACT));
    other = one;
    other.key_id.bytes[0] = 1; /* an Idempotency-Key within its API key and path */
    assert_false(has_same_key(&one, &other, SPOOL_KEY_IDEMPOTENCY));
    other = one;
    other.path = STR_LITERAL("/v1/forms/other/submissions");
    assert_false(has_same_key(&one, &other, SPOOL_KEY_IDEMPOTENCY));
    other = one;
    other.idempotency_key = (struct str){0};
    assert_false(has_same_key(&other, &other, SPOOL_KEY_IDEMPOTENCY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_every_cut_and_every_changed_bit_shows),
        cmocka_unit_test(test_what_is_too_large_is_not_written),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves that what the spool acknowledged is there after a restart, once and in order, whatever a
 * crash left behind it; that it is bounded; and that repeats are told apart. */
#include "test_spool_support.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/clock.h"

static const char first_segment[] = "00000000000000000001.spool";

static void test_kept_and_drained_in_order(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at(&place);
    for (unsigned i = 1; i <= 600; i++) { /* more than one read takes */
        assert_int_equal(put_number(spool, i), SPOOL_KEPT);
    }
    assert_int_equal(waiting_in(spool), 600);
    drain_numbers(spool, 1, 600);
    char names[TEST_NAMES_MAX][TEST_PATH_BYTES];
    assert_int_equal(place_names(&place, ".spool", names), 0);
    assert_int_equal(put_number(spool, 601), SPOOL_KEPT); /* goes on after it was empty */
    drain_numbers(spool, 601, 601);
    spool_free(spool);
    place_remove(&place);
}

static void test_what_waits_survives_a_restart(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct err err;
    for (unsigned run = 0; run < 3; run++) {
        struct spool *spool = spool_at(&place);
        assert_int_equal(waiting_in(spool), run * 10);
        for (unsigned i = 1; i <= 10; i++) {
            assert_int_equal(put_number(spool, run * 10 + i), SPOOL_KEPT);
        }
        spool_free(spool);
    }
    struct spool *spool = spool_at(&place);
    static struct spool_record records[SPOOL_READ_RECORDS_MAX];
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 2 * SPOOL_READ_BYTES_MAX);
    size_t count = 0;
    assert_int_equal(spool_read(spool, &buf, records, &count, &err), OK);
    assert_int_equal(count, 10); /* of the first segment */
    assert_int_equal(spool_drained(spool, records, 4, &err), OK);
    spool_free(spool);
    spool = spool_at(&place); /* what was drained does not come again */
    assert_int_equal(waiting_in(spool), 26);
    drain_numbers(spool, 5, 30);
    spool_free(spool);
    spool = spool_at(&place);
    assert_int_equal(waiting_in(spool), 0);
    spool_free(spool);
    place_remove(&place);
}

static void test_modes(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at(&place);
    assert_int_equal(put_number(spool, 1), SPOOL_KEPT);
    char path[3 * TEST_PATH_BYTES];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s/spool", place.path);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    (void)snprintf(path, sizeof path, "%s/spool/%s", place.path, first_segment);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    spool_free(spool);
    place_remove(&place);
}

/* A crash may leave any beginning of the last record; those before it were acknowledged. */
static void test_torn_tail_at_every_byte(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at(&place);
    assert_int_equal(put_number(spool, 1), SPOOL_KEPT);
    assert_int_equal(put_number(spool, 2), SPOOL_KEPT);
    CLEANUP(buf_done) struct buf two = place_read(&place, first_segment);
    assert_int_equal(put_number(spool, 3), SPOOL_KEPT);
    CLEANUP(buf_done) struct buf three = place_read(&place, first_segment);
    spool_free(spool);
    for (size_t len = two.len; len < three.len; len++) {
        place_write(&place, first_segment, str_slice(three.data, len));
        struct spool_found found;
        struct err err;
        spool = spool_at_size(&place, 64 << 20, 1 << 20);
        assert_int_equal(spool_open(spool, &found, &err), OK);
        assert_int_equal(found.torn_bytes, len - two.len);
        assert_int_equal(found.damaged_bytes, 0);
        assert_int_equal(waiting_in(spool), 2);
        if (len % 16 == 0) { /* and life goes on behind the cut */
            assert_int_equal(put_number(spool, 3), SPOOL_KEPT);
            assert_int_equal(waiting_in(spool), 3);
        }
        spool_free(spool);
        char names[TEST_NAMES_MAX][TEST_PATH_BYTES];
        const size_t count = place_names(&place, ".spool", names);
        assert_int_equal(count, len % 16 == 0 ? 2 : 1);
        for (size_t i = 1; i < count; i++) {
            char path[3 * TEST_PATH_BYTES];
            (void)snprintf(path, sizeof path, "%s/spool/%s", place.path, names[i]);
            assert_int_equal(unlink(path), 0);
        }
    }
    place_remove(&place);
}

/* Also of the file's own head. */
static void test_torn_head_at_every_byte(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at(&place);
    assert_int_equal(put_number(spool, 1), SPOOL_KEPT);
    CLEANUP(buf_done) struct buf one = place_read(&place, first_segment);
    spool_free(spool);
    for (size_t len = 0; len < SPOOL_HEAD_BYTES; len++) {
        place_write(&place, first_segment, str_slice(one.data, len));
        struct spool_found found;
        struct err err;
        spool = spool_at_size(&place, 64 << 20, 1 << 20);
        assert_int_equal(spool_open(spool, &found, &err), OK);
        assert_int_equal(found.torn_bytes, len);
        assert_int_equal(put_number(spool, 1), SPOOL_KEPT);
        drain_numbers(spool, 1, 1);
        spool_free(spool);
        char path[3 * TEST_PATH_BYTES]; /* each run begins at sequence 1 */
        (void)snprintf(path, sizeof path, "%s/spool/progress", place.path);
        assert_int_equal(unlink(path), 0);
    }
    place_remove(&place);
}

/* A rotten byte in the middle costs its record, and the file is kept for a person. */
static void test_a_damaged_record_does_not_hide_the_others(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at(&place);
    assert_int_equal(put_number(spool, 1), SPOOL_KEPT);
    CLEANUP(buf_done) struct buf one = place_read(&place, first_segment);
    for (unsigned i = 2; i <= 5; i++) {
        assert_int_equal(put_number(spool, i), SPOOL_KEPT);
    }
    CLEANUP(buf_done) struct buf all = place_read(&place, first_segment);
    spool_free(spool);
    all.data[one.len + 60] ^= 1;
    place_write(&place, first_segment, buf_str(&all));
    struct spool_found found;
    struct err err;
    spool = spool_at_size(&place, 64 << 20, 1 << 20);
    assert_int_equal(spool_open(spool, &found, &err), OK);
    assert_true(found.damaged_bytes > 0);
    assert_int_equal(waiting_in(spool), 4);
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 2 * SPOOL_READ_BYTES_MAX);
    static struct spool_record records[SPOOL_READ_RECORDS_MAX];
    size_t count = 0;
    assert_int_equal(spool_read(spool, &buf, records, &count, &err), OK);
    assert_int_equal(count, 4);
    assert_int_equal(records[1].sequence, 3);
    assert_int_equal(spool_drained(spool, records, count, &err), OK);
    spool_free(spool);
    char names[TEST_NAMES_MAX][TEST_PATH_BYTES];
    assert_int_equal(place_names(&place, ".spool", names), 0);
    assert_int_equal(place_names(&place, ".damaged", names), 1);
    place_remove(&place);
}

/* Somebody posts a body that looks like a record: behind a damaged part it must not become one. */
static void test_a_body_is_never_a_record(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct room room;
    struct spool_record forged = record_number(&room, 9);
    forged.is_authenticated = true;
    forged.sequence = 2;
    const struct spool_salt guess = {{0}};
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 1 << 20);
    assert_true(spool_record_write(&body, &forged, &guess));
    struct spool *spool = spool_at(&place);
    struct room other_room;
    struct spool_record record = record_number(&other_room, 1);
    record.body = buf_str(&body);
    assert_int_equal(put_record(spool, &record), SPOOL_KEPT);
    spool_free(spool);
    CLEANUP(buf_done) struct buf file = place_read(&place, first_segment);
    file.data[SPOOL_HEAD_BYTES + SPOOL_HEADER_BYTES + 10] ^= 1;
    place_write(&place, first_segment, buf_str(&file));
    struct spool_found found;
    struct err err;
    spool = spool_at_size(&place, 64 << 20, 1 << 20);
    assert_int_equal(spool_open(spool, &found, &err), OK);
    assert_int_equal(waiting_in(spool), 0);
    spool_free(spool);
    place_remove(&place);
}

static void test_several_segments(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at_size(&place, 64 << 20, 4096);
    struct spool_found found;
    struct err err;
    assert_int_equal(spool_open(spool, &found, &err), OK);
    for (unsigned i = 1; i <= 60; i++) {
        assert_int_equal(put_number(spool, i), SPOOL_KEPT);
    }
    char names[TEST_NAMES_MAX][TEST_PATH_BYTES];
    assert_true(place_names(&place, ".spool", names) > 3);
    spool_free(spool);
    spool = spool_at(&place);
    assert_int_equal(waiting_in(spool), 60);
    drain_numbers(spool, 1, 60);
    assert_int_equal(place_names(&place, ".spool", names), 0);
    spool_free(spool);
    place_remove(&place);
}

static void test_full(void **state)
{
    (void)state;
    const struct place place = place_make();
    enum { BYTES_MAX = 16 * 1024 };
    struct spool *spool = spool_at_size(&place, BYTES_MAX, 4096);
    struct spool_found found;
    struct err err;
    assert_int_equal(spool_open(spool, &found, &err), OK);
    unsigned kept = 0;
    while (put_number(spool, kept + 1) == SPOOL_KEPT) {
        kept++;
        assert_true(kept < 1000);
    }
    assert_true(kept > 20);
    assert_int_equal(put_number(spool, 5000), SPOOL_FULL);
    assert_int_equal(put_number(spool, 1), SPOOL_REPEATED); /* takes no room */
    struct spool_stats stats;
    spool_stats(spool, &stats);
    assert_int_equal(stats.waiting, kept);
    assert_true(stats.bytes <= BYTES_MAX);
    drain_numbers(spool, 1, kept);
    assert_int_equal(put_number(spool, kept + 1), SPOOL_KEPT);
    spool_free(spool);
    place_remove(&place);
}

/* The disk takes no more: nothing is acknowledged, what was is still there, and it goes on later.
 */
static void test_a_full_disk(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at(&place);
    assert_int_equal(put_number(spool, 1), SPOOL_KEPT);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct rlimit tight = {.rlim_cur = 100, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(put_number(spool, 2), SPOOL_FAILED);
    assert_int_equal(put_number(spool, 2), SPOOL_FAILED);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(waiting_in(spool), 1);
    assert_int_equal(put_number(spool, 2), SPOOL_KEPT);
    spool_free(spool);
    spool = spool_at(&place);
    drain_numbers(spool, 1, 2);
    spool_free(spool);
    place_remove(&place);
}

static void test_repeats(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at(&place);
    struct room room;
    const struct spool_record first = record_number(&room, 1);
    struct spool_record record = first;
    assert_int_equal(put_record(spool, &record), SPOOL_KEPT);
    for (unsigned run = 0; run < 2; run++) { /* the second time after a restart */
        record = first;
        record.received_at_us += 5000000;
        assert_int_equal(put_record(spool, &record), SPOOL_REPEATED);
        assert_int_equal(record.received_at_us, first.received_at_us);
        record = first;
        record.fingerprint.bytes[0] ^= 1;
        assert_int_equal(put_record(spool, &record), SPOOL_DIFFERS);
        record = first;
        record.form = STR_LITERAL("other");
        record.received_at_us += run;
        assert_int_equal(put_record(spool, &record), run == 0 ? SPOOL_KEPT : SPOOL_REPEATED);
        assert_int_equal(waiting_in(spool), 2);
        spool_free(spool);
        spool = spool_at(&place);
    }
    spool_free(spool);
    place_remove(&place);
}

static void test_repeats_by_idempotency_key(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at(&place);
    struct room room;
    struct spool_record first = record_number(&room, 1);
    first.idempotency_key = STR_LITERAL("try-1");
    first.has_client_id = false;
    struct spool_record record = first;
    assert_int_equal(put_record(spool, &record), SPOOL_KEPT);
    record = first; /* each try gets an id of its own: the key tells */
    record.id.bytes[15] ^= 1;
    assert_int_equal(put_record(spool, &record), SPOOL_REPEATED);
    assert_true(uuid_eq(record.id, first.id));
    record = first;
    record.id.bytes[15] ^= 1;
    record.body = STR_LITERAL("{}");
    assert_int_equal(put_record(spool, &record), SPOOL_DIFFERS);
    assert_int_equal(waiting_in(spool), 1);
    spool_free(spool);
    place_remove(&place);
}

static void test_what_it_concerns(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at(&place);
    struct room rooms[2];
    const struct spool_record one = record_number(&rooms[0], 1);
    const struct spool_record two = record_number(&rooms[1], 2);
    struct spool_record same_contact = two;
    same_contact.contact = one.contact;
    assert_false(spool_concerns(spool, &one));
    assert_int_equal(put_number(spool, 1), SPOOL_KEPT);
    assert_true(spool_concerns(spool, &one));
    assert_true(spool_concerns(spool, &same_contact));
    assert_false(spool_concerns(spool, &two));
    drain_numbers(spool, 1, 1);
    assert_false(spool_concerns(spool, &one));
    spool_free(spool);
    place_remove(&place);
}

static void test_one_process_writes(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at(&place);
    struct spool *second = spool_at_size(&place, 1 << 20, 1 << 20);
    struct spool_found found;
    struct err err;
    assert_int_equal(spool_open(second, &found, &err), ERR_CONFLICT);
    assert_false(spool_is_open(second));
    struct waiter waiter = {.entry = {.record = record_number(&waiter.room, 1)}};
    assert_false(spool_submit(second, &waiter.entry));
    assert_int_equal(put_number(spool, 1), SPOOL_KEPT);
    spool_free(spool);
    assert_int_equal(spool_open(second, &found, &err), OK); /* it takes over */
    drain_numbers(second, 1, 1);
    spool_free(second);
    place_remove(&place);
}

static void test_refused_records_wait_again_after_a_restart(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at(&place);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(put_number(spool, i), SPOOL_KEPT);
    }
    static struct spool_record records[SPOOL_READ_RECORDS_MAX];
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 2 * SPOOL_READ_BYTES_MAX);
    size_t count = 0;
    struct err err;
    assert_int_equal(spool_read(spool, &buf, records, &count, &err), OK);
    assert_int_equal(spool_refuse(spool, &records[0], "form", &err), OK);
    assert_int_equal(spool_refuse(spool, &records[1], "form", &err), OK);
    /* The first is noted; a crash comes before the second is: it is in both parts, and comes once.
     */
    assert_int_equal(spool_drained(spool, records, 1, &err), OK);
    struct spool_stats stats;
    spool_stats(spool, &stats);
    assert_int_equal(stats.refused, 2);
    assert_int_equal(stats.waiting, 2);
    spool_free(spool);
    struct spool_found found;
    assert_int_equal(spool_inspect(place.path, &stats, &found, &err), OK);
    assert_int_equal(stats.refused, 2);
    assert_int_equal(stats.waiting, 2);
    spool = spool_at(&place);
    spool_stats(spool, &stats);
    assert_int_equal(stats.refused, 0);
    assert_int_equal(stats.waiting, 3);
    assert_int_equal(spool_read(spool, &buf, records, &count, &err), OK);
    assert_int_equal(count, 2); /* of the old segment: 2, 3; then 1 again */
    assert_int_equal(spool_drained(spool, records, count, &err), OK);
    drain_numbers(spool, 1, 1);
    spool_free(spool);
    place_remove(&place);
}

static void test_a_look_changes_nothing(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool_stats stats;
    struct spool_found found;
    struct err err;
    assert_int_equal(spool_inspect(place.path, &stats, &found, &err), OK);
    assert_int_equal(stats.waiting, 0);
    struct spool *spool = spool_at(&place);
    assert_int_equal(put_number(spool, 1), SPOOL_KEPT);
    assert_int_equal(put_number(spool, 2), SPOOL_KEPT);
    assert_int_equal(spool_inspect(place.path, &stats, &found, &err), OK);
    assert_int_equal(stats.waiting, 2);
    assert_int_equal(stats.oldest_at_us, 1700000000001000);
    spool_free(spool);
    CLEANUP(buf_done) struct buf file = place_read(&place, first_segment);
    place_write(&place, first_segment, str_slice(file.data, file.len - 1));
    assert_int_equal(spool_inspect(place.path, &stats, &found, &err), OK);
    assert_int_equal(stats.waiting, 1);
    CLEANUP(buf_done) struct buf after = place_read(&place, first_segment);
    assert_int_equal(after.len, file.len - 1);
    place_remove(&place);
}

/* ---- many at once ---- */

enum { THREADS = 8, EACH = 60 };

struct crowd {
    struct spool *spool;
    unsigned number;
    unsigned kept;
    unsigned repeated;
};

/* Each thread puts in records of its own, and one that all share. */
static void *put_many(void *argument)
{
    struct crowd *crowd = argument;
    for (unsigned i = 0; i < EACH; i++) {
        const unsigned number = i % 10 == 0 ? 100000 + i : 1 + crowd->number * EACH + i;
        const enum spool_outcome outcome = put_number(crowd->spool, number);
        crowd->kept += outcome == SPOOL_KEPT ? 1 : 0;
        crowd->repeated += outcome == SPOOL_REPEATED ? 1 : 0;
    }
    return NULL;
}

static void test_many_at_once_while_draining(void **state)
{
    (void)state;
    const struct place place = place_make();
    struct spool *spool = spool_at_size(&place, 64 << 20, 8192);
    struct spool_found found;
    struct err err;
    assert_int_equal(spool_open(spool, &found, &err), OK);
    struct crowd crowds[THREADS];
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        crowds[i] = (struct crowd){.spool = spool, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, &crowds[i]), 0);
    }
    static struct spool_record records[SPOOL_READ_RECORDS_MAX];
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 2 * SPOOL_READ_BYTES_MAX);
    unsigned drained = 0;
    unsigned kept = 0;
    unsigned repeated = 0;
    bool is_over = false;
    for (uint64_t last = 0;;) {
        size_t count = 0;
        assert_int_equal(spool_read(spool, &buf, records, &count, &err), OK);
        if (count == 0 && is_over) {
            break;
        }
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(records[i].sequence, last + 1 + i);
        }
        if (count > 0) {
            last = records[count - 1].sequence;
            drained += (unsigned)count;
            assert_int_equal(spool_drained(spool, records, count, &err), OK);
        } else {
            for (unsigned i = 0; i < THREADS; i++) {
                assert_int_equal(pthread_join(threads[i], NULL), 0);
                kept += crowds[i].kept;
                repeated += crowds[i].repeated;
            }
            is_over = true;
        }
    }
    assert_int_equal(kept, drained);
    assert_int_equal(kept + repeated, THREADS * EACH);
    struct spool_stats stats;
    spool_stats(spool, &stats);
    assert_int_equal(stats.kept_total, kept);
    assert_int_equal(stats.drained_total, kept);
    spool_free(spool);
    place_remove(&place);
}

/* ---- without memory ---- */

static bool make_and_open(void *context)
{
    const struct place *place = context;
    const struct spool_config config = {.directory = place->path,
                                        .bytes_max = 1 << 20,
                                        .segment_bytes_max = 1 << 20,
                                        .queue_items = 16};
    struct spool *spool = spool_new(&config);
    struct spool_found found;
    struct err err;
    const bool is_ok = spool != NULL && spool_open(spool, &found, &err) == OK;
    if (is_ok) {
        assert_int_equal(waiting_in(spool), 4);
    }
    spool_free(spool);
    return is_ok;
}

static void test_each_allocation_may_fail(void **state)
{
    (void)state;
    struct place place = place_make();
    struct spool *spool = spool_at(&place);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(put_number(spool, i), SPOOL_KEPT);
    }
    struct room room;
    struct spool_record record = record_number(&room, 4);
    record.sequence = 1; /* as it was given when it was spooled */
    struct err err;
    assert_int_equal(spool_refuse(spool, &record, "form", &err), OK);
    spool_free(spool);
    assert_true(testing_fail_each_allocation(make_and_open, &place) > 2);
    place_remove(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_and_drained_in_order),
        cmocka_unit_test(test_what_waits_survives_a_restart),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_torn_tail_at_every_byte),
        cmocka_unit_test(test_torn_head_at_every_byte),
        cmocka_unit_test(test_a_damaged_record_does_not_hide_the_others),
        cmocka_unit_test(test_a_body_is_never_a_record),
        cmocka_unit_test(test_several_segments),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_repeats_by_idempotency_key),
        cmocka_unit_test(test_what_it_concerns),
        cmocka_unit_test(test_one_process_writes),
        cmocka_unit_test(test_refused_records_wait_again_after_a_restart),
        cmocka_unit_test(test_a_look_changes_nothing),
        cmocka_unit_test(test_many_at_once_while_draining),
        cmocka_unit_test(test_each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves that ingest workers stand back while somebody reads, and never for good. */
#include "testing.h"

#include <pthread.h>
#include <stdatomic.h>

#include "store/turns.h"

struct scene {
    struct turns turns;
    atomic_int running; /* ingest batches */
    atomic_int most;    /* of them at once while somebody read */
    atomic_bool is_reading;
    atomic_int done;
};

enum { WORKERS = 4, BATCHES = 2000 };

static void *ingest(void *context)
{
    struct scene *scene = context;
    for (int i = 0; i < BATCHES; i++) {
        turns_ingest_begin(&scene->turns);
        const int running = atomic_fetch_add(&scene->running, 1) + 1;
        if (atomic_load(&scene->is_reading) && running > atomic_load(&scene->most)) {
            atomic_store(&scene->most, running);
        }
        sched_yield();
        atomic_fetch_sub(&scene->running, 1);
        turns_ingest_end(&scene->turns);
    }
    atomic_fetch_add(&scene->done, 1);
    return NULL;
}

static void test_half_of_them_stand_back(void **state)
{
    (void)state;
    struct scene scene = {.is_reading = true};
    turns_init(&scene.turns, WORKERS);
    turns_read_begin(&scene.turns);
    turns_read_begin(&scene.turns);
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ingest, &scene), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&scene.done), WORKERS);
    assert_in_range(atomic_load(&scene.most), 1, WORKERS / 2);
    turns_read_end(&scene.turns);
    turns_read_end(&scene.turns);
    turns_done(&scene.turns);
}

static void *begin_one(void *context)
{
    struct scene *scene = context;
    turns_ingest_begin(&scene->turns);
    atomic_fetch_add(&scene->done, 1);
    turns_ingest_end(&scene->turns);
    return NULL;
}

/* A lone worker never waits; a second one goes on when the last reader has gone. */
static void test_the_last_reader_lets_all_go(void **state)
{
    (void)state;
    struct scene scene = {.is_reading = false};
    turns_init(&scene.turns, 1);
    turns_read_begin(&scene.turns);
    turns_ingest_begin(&scene.turns);
    pthread_t second;
    assert_int_equal(pthread_create(&second, NULL, begin_one, &scene), 0);
    turns_read_end(&scene.turns);
    pthread_join(second, NULL);
    assert_int_equal(atomic_load(&scene.done), 1);
    turns_ingest_end(&scene.turns);
    turns_done(&scene.turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_of_them_stand_back),
        cmocka_unit_test(test_the_last_reader_lets_all_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

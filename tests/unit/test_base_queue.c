/* Proves the queue's order, bounds, timeouts and closing, and with threads that no node is lost or
 * delivered twice. */
#include "testing.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/queue.h"

struct item {
    struct queue_node node;
    int producer;
    int number;
};

static struct item *item_of(struct queue_node *node)
{
    return CONTAINER_OF(node, struct item, node);
}

static void test_order_and_bounds(void **state)
{
    (void)state;
    struct queue queue;
    struct item items[6] = {0};
    queue_init(&queue, 5);
    for (int i = 0; i < 6; i++) {
        items[i].number = i;
        items[i].node.bytes = 10;
        assert_int_equal(queue_push(&queue, &items[i].node), i < 5);
    }
    assert_int_equal(queue_length(&queue), 5);
    struct queue_node *chain = queue_drain(&queue, 2, SIZE_MAX, 0);
    assert_int_equal(item_of(chain)->number, 0);
    assert_int_equal(item_of(chain->next)->number, 1);
    assert_null(chain->next->next);
    chain = queue_drain(&queue, 100, 25, 0);
    assert_int_equal(item_of(chain)->number, 2);
    assert_int_equal(item_of(chain->next)->number, 3);
    assert_null(chain->next->next);
    chain = queue_drain(&queue, 100, 1, 0); /* the first goes whatever its weight */
    assert_int_equal(item_of(chain)->number, 4);
    assert_null(chain->next);
    assert_int_equal(queue_length(&queue), 0);
    assert_null(queue_drain(&queue, 1, 1, 0));
    assert_true(queue_push(&queue, &items[5].node));
    assert_ptr_equal(queue_drain(&queue, 1, 1, -1), &items[5].node);
    queue_done(&queue);
}

static void test_timeout_and_close(void **state)
{
    (void)state;
    struct queue queue;
    struct item items[2] = {0};
    queue_init(&queue, 5);
    int64_t before_us = clock_monotonic_us();
    assert_null(queue_drain(&queue, 1, 1, 20000));
    assert_true(clock_monotonic_us() - before_us >= 20000);
    assert_true(queue_push(&queue, &items[0].node));
    assert_false(queue_is_closed(&queue));
    queue_close(&queue);
    assert_true(queue_is_closed(&queue));
    assert_false(queue_push(&queue, &items[1].node));
    assert_ptr_equal(queue_drain(&queue, 1, 1, -1), &items[0].node);
    assert_null(queue_drain(&queue, 1, 1, -1));
    assert_null(queue_drain(&queue, 1, 1, INT64_MAX));
    queue_close(&queue);
    queue_done(&queue);
    queue_done(NULL);
}

enum { PRODUCERS = 3, CONSUMERS = 3, PER_PRODUCER = 20000 };

struct crowd {
    struct queue queue;
    struct item (*items)[PER_PRODUCER];
    atomic_int producers;
    atomic_int delivered[PRODUCERS][PER_PRODUCER];
    atomic_int disorders;
};

static void *produce(void *context)
{
    struct crowd *crowd = context;
    int producer = atomic_fetch_add(&crowd->producers, 1);
    for (int i = 0; i < PER_PRODUCER; i++) {
        struct item *item = &crowd->items[producer][i];
        *item = (struct item){.node.bytes = 1, .producer = producer, .number = i};
        while (!queue_push(&crowd->queue, &item->node))
            sched_yield();
    }
    return NULL;
}

static void *consume(void *context)
{
    struct crowd *crowd = context;
    struct queue_node *chain;
    while ((chain = queue_drain(&crowd->queue, 17, 13, -1)) != NULL) {
        int last[PRODUCERS] = {-1, -1, -1};
        while (chain != NULL) {
            struct queue_node *next = chain->next;
            struct item *item = item_of(chain);
            if (item->number <= last[item->producer])
                atomic_fetch_add(&crowd->disorders, 1);
            last[item->producer] = item->number;
            atomic_fetch_add(&crowd->delivered[item->producer][item->number], 1);
            chain = next;
        }
    }
    return NULL;
}

static void test_crowd(void **state)
{
    (void)state;
    static struct crowd crowd;
    pthread_t producers[PRODUCERS], consumers[CONSUMERS];
    queue_init(&crowd.queue, 100);
    crowd.items = mem_alloc(sizeof(struct item) * PRODUCERS * PER_PRODUCER);
    assert_non_null(crowd.items);
    for (int i = 0; i < CONSUMERS; i++)
        assert_int_equal(pthread_create(&consumers[i], NULL, consume, &crowd), 0);
    for (int i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_create(&producers[i], NULL, produce, &crowd), 0);
    for (int i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_join(producers[i], NULL), 0);
    queue_close(&crowd.queue);
    for (int i = 0; i < CONSUMERS; i++)
        assert_int_equal(pthread_join(consumers[i], NULL), 0);
    for (int i = 0; i < PRODUCERS; i++)
        for (int j = 0; j < PER_PRODUCER; j++)
            assert_int_equal(crowd.delivered[i][j], 1);
    assert_int_equal(crowd.disorders, 0);
    assert_int_equal(queue_length(&crowd.queue), 0);
    queue_done(&crowd.queue);
    mem_free(crowd.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_bounds),
        cmocka_unit_test(test_timeout_and_close),
        cmocka_unit_test(test_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

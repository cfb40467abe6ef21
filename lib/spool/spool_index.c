#include "spool/spool_index.h"

#include <assert.h>

#include "base/memory.h"

enum { CAPACITY_MIN = 1024 };

void spool_index_done(struct spool_index *index)
{
    if (index != NULL) {
        mem_free(index->slots);
        *index = (struct spool_index){.capacity = 0};
    }
}

/* The key's slot, or the free one where it would go. Keys are hashes already. */
static struct spool_slot *slot_of(const struct spool_index *index, const struct spool_digest *key)
{
    uint64_t hash;
    memcpy(&hash, key->bytes, sizeof hash);
    const size_t mask = index->capacity - 1;
    for (size_t at = (size_t)hash & mask;; at = (at + 1) & mask) {
        struct spool_slot *slot = &index->slots[at];
        if (slot->sequence == 0 || memcmp(&slot->key, key, sizeof *key) == 0) {
            return slot;
        }
    }
}

bool spool_index_reserve(struct spool_index *index, size_t records, uint64_t drained)
{
    const size_t more = records * SPOOL_KEY_COUNT_;
    if (index->capacity > 0 && index->used + more <= index->capacity / 4 * 3) {
        return true;
    }
    size_t waiting = 0;
    for (size_t i = 0; i < index->capacity; i++) {
        waiting += index->slots[i].sequence > drained ? 1 : 0;
    }
    struct spool_index fresh = {.capacity = CAPACITY_MIN};
    while (fresh.capacity / 2 < waiting + more) { /* half full at most: room to grow */
        fresh.capacity *= 2;
    }
    fresh.slots = mem_alloc(fresh.capacity * sizeof *fresh.slots);
    if (fresh.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < index->capacity; i++) {
        const struct spool_slot *slot = &index->slots[i];
        if (slot->sequence > drained) {
            *slot_of(&fresh, &slot->key) = *slot;
            fresh.used++;
        }
    }
    mem_free(index->slots);
    *index = fresh;
    return true;
}

void spool_index_add(struct spool_index *index, const struct spool_record *record)
{
    assert(record->sequence > 0);
    for (int k = 0; k < SPOOL_KEY_COUNT_; k++) {
        const enum spool_key kind = (enum spool_key)k;
        struct spool_digest key;
        if (!spool_record_key(record, kind, &key)) {
            continue;
        }
        struct spool_slot *slot = slot_of(index, &key);
        index->used += slot->sequence == 0 ? 1 : 0;
        assert(index->used < index->capacity);
        *slot = (struct spool_slot){
            .sequence = record->sequence,
            .key = key,
            .content = spool_record_content(record, kind),
            .id = record->id,
            .received_at_us = record->received_at_us,
        };
    }
}

const struct spool_slot *spool_index_find(const struct spool_index *index,
                                          const struct spool_digest *key, uint64_t drained)
{
    if (index->capacity == 0) {
        return NULL;
    }
    const struct spool_slot *slot = slot_of(index, key);
    return slot->sequence > drained ? slot : NULL;
}

#include "commands/import_seen.h"

#include "base/memory.h"

/* FNV-1a, 64 bits (Fowler, Noll, Vo). 0 marks a free slot. */
static uint64_t hash_of(struct str text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    }
    return hash != 0 ? hash : 1;
}

/* Its slot, or the free one where it would go. */
static uint64_t *slot_of(const struct import_seen *seen, uint64_t hash)
{
    size_t index = (size_t)(hash ^ hash >> 32) % seen->slot_count;
    while (seen->slots[index] != 0 && seen->slots[index] != hash) {
        index = (index + 1) % seen->slot_count;
    }
    return &seen->slots[index];
}

static enum err_code grow(struct import_seen *seen, struct err *reterr)
{
    const size_t wanted = seen->slot_count == 0 ? IMPORT_SEEN_SLOTS_MIN : seen->slot_count * 2;
    struct import_seen grown = {.slots = mem_alloc(wanted * sizeof *grown.slots),
                                .slot_count = wanted,
                                .count = seen->count};
    if (grown.slots == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for a dry run.");
    }
    for (size_t i = 0; i < seen->slot_count; i++) {
        if (seen->slots[i] != 0) {
            *slot_of(&grown, seen->slots[i]) = seen->slots[i];
        }
    }
    mem_free(seen->slots);
    *seen = grown;
    return OK;
}

enum err_code import_seen_add(struct import_seen *seen, struct str what, bool *ret_is_new,
                              struct err *reterr)
{
    const size_t slots_max = IMPORT_SEEN_SLOTS_MAX;
    if (2 * seen->count >= seen->slot_count && seen->slot_count < slots_max) {
        const enum err_code code = grow(seen, reterr);
        if (code != OK) {
            return code;
        }
    }
    uint64_t *slot = slot_of(seen, hash_of(what));
    *ret_is_new = *slot == 0;
    if (*ret_is_new && 2 * seen->count < seen->slot_count) {
        *slot = hash_of(what);
        seen->count++;
    }
    return OK;
}

void import_seen_done(struct import_seen *seen)
{
    mem_free(seen->slots);
    *seen = (struct import_seen){.slots = NULL};
}

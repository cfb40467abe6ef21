/*
 * UUIDs. Our own ids are version 7 (RFC 9562 section 5.7): their first 48 bits are a time in ms, so
 * they sort by when the thing began and index pages stay local.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

struct uuid {
    uint8_t bytes[16];
};

enum { UUID_TEXT_BYTES = 37 }; /* 36 and a NUL */

/* A new version 7 id whose time part is `at_us` (µs since 1970; before 1970 counts as 1970). Random
 * part from the kernel; ids that a thread makes one after another for the same millisecond keep
 * their order. */
struct uuid uuid_new(int64_t at_us);
/* A version 8 id made from a SHA-256 over the parts (each preceded by its length): the same parts
 * give the same id on every machine. `parts` may contain absent slices. */
struct uuid uuid_from_parts(const struct str *parts, size_t count);
/* Any version, any case, 8-4-4-4-12. False when malformed. Its link name differs because libuuid
 * has a function of this name. */
bool uuid_parse(struct str text, struct uuid *ret_uuid) __asm__("relais_uuid_parse") MUSTCHECK;
/* Lower case, NUL-terminated into `out`. Returns out. */
char *uuid_format(struct uuid uuid, char out[static UUID_TEXT_BYTES]);

static inline bool uuid_eq(struct uuid a, struct uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static inline int uuid_compare(struct uuid a, struct uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes);
}

static inline bool uuid_is_nil(struct uuid a)
{
    return uuid_eq(a, (struct uuid){.bytes = {0}});
}

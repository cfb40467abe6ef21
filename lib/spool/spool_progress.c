#include "spool/spool_progress.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"

enum { SLOTS = 2, NUMBER_BYTES = 8, SLOT_BYTES = NUMBER_BYTES + SHA256_BYTES };

static const char name[] = "progress";
static const char shown_name[] = "the spool's progress";

static struct sha256 sum_of(const uint8_t bytes[static NUMBER_BYTES])
{
    const struct str parts[] = {STR_LITERAL("progress"),
                                str_slice((const char *)bytes, NUMBER_BYTES)};
    return sha256_of_parts(parts, ARRAY_LEN(parts));
}

static off_t place_of(unsigned slot)
{
    return (off_t)slot * SLOT_BYTES;
}

static uint64_t read_slot(int fd, unsigned slot)
{
    uint8_t bytes[SLOT_BYTES];
    if (pread(fd, bytes, sizeof bytes, place_of(slot)) != (ssize_t)sizeof bytes) {
        return 0;
    }
    struct sha256 stored;
    memcpy(stored.bytes, bytes + NUMBER_BYTES, SHA256_BYTES);
    const struct sha256 sum = sum_of(bytes);
    uint64_t sequence = 0;
    for (size_t i = 0; i < NUMBER_BYTES; i++) {
        sequence |= (uint64_t)bytes[i] << (8 * i);
    }
    return sha256_eq(&stored, &sum) ? sequence : 0;
}

static uint64_t read_slots(struct spool_progress *progress)
{
    uint64_t last = 0;
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        const uint64_t sequence = read_slot(progress->fd, slot);
        if (sequence > last) {
            last = sequence;
            progress->slot = slot;
        }
    }
    return last;
}

enum err_code spool_progress_open(struct spool_progress *progress, int directory_fd,
                                  uint64_t *ret_sequence, struct err *reterr)
{
    progress->fd = openat(directory_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (progress->fd < 0 || fsync(directory_fd) != 0) {
        return file_fail(reterr, "open", shown_name);
    }
    *ret_sequence = read_slots(progress);
    return OK;
}

uint64_t spool_progress_look(int directory_fd)
{
    struct spool_progress progress = {
        .fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    const uint64_t sequence = progress.fd >= 0 ? read_slots(&progress) : 0;
    spool_progress_close(&progress);
    return sequence;
}

enum err_code spool_progress_write(struct spool_progress *progress, uint64_t sequence,
                                   struct err *reterr)
{
    const unsigned slot = (progress->slot + 1) % SLOTS;
    uint8_t bytes[SLOT_BYTES];
    for (size_t i = 0; i < NUMBER_BYTES; i++) {
        bytes[i] = (uint8_t)(sequence >> (8 * i));
    }
    const struct sha256 sum = sum_of(bytes);
    memcpy(bytes + NUMBER_BYTES, sum.bytes, SHA256_BYTES);
    if (pwrite(progress->fd, bytes, sizeof bytes, place_of(slot)) != (ssize_t)sizeof bytes ||
        fdatasync(progress->fd) != 0) {
        return file_fail(reterr, "write", shown_name);
    }
    progress->slot = slot;
    return OK;
}

void spool_progress_close(struct spool_progress *progress)
{
    if (progress->fd >= 0) {
        (void)close(progress->fd);
        progress->fd = -1;
    }
}

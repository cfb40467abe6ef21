#include "machine_memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/str.h"

enum { PATH_BYTES_MAX = 4096, TEXT_BYTES_MAX = 4096 };

/* "" when it cannot be read. */
static struct str read_text(const char *path, char out[static TEXT_BYTES_MAX])
{
    FILE *file = fopen(path, "re");
    const size_t len = file != NULL ? fread(out, 1, TEXT_BYTES_MAX, file) : 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    return str_slice(out, len);
}

/* The path of our group; version 2 has one line, "0::/path". */
static struct str group_of(struct str membership)
{
    while (membership.data != NULL) {
        const struct str line = str_cut(&membership, '\n');
        if (line.len >= 3 && memcmp(line.data, "0::", 3) == 0) {
            return str_slice(line.data + 3, line.len - 3);
        }
    }
    return STR_LITERAL("");
}

uint64_t machine_memory_group_limit_bytes(const char *membership, const char *root)
{
    char text[TEXT_BYTES_MAX];
    char number[TEXT_BYTES_MAX];
    char path[PATH_BYTES_MAX];
    uint64_t least = UINT64_MAX;
    struct str group = group_of(read_text(membership, text));
    for (;;) {
        const int len = snprintf(path, sizeof path, "%s%.*s/memory.max", root, STR_ARGS(group));
        int64_t limit = 0;
        if (len > 0 && (size_t)len < sizeof path &&
            str_to_int64(str_trim(read_text(path, number)), &limit) && limit > 0 &&
            (uint64_t)limit < least) {
            least = (uint64_t)limit; /* "max" is no number */
        }
        const char *slash = group.len > 0 ? memrchr(group.data, '/', group.len) : NULL;
        if (slash == NULL) {
            return least;
        }
        group.len = (size_t)(slash - group.data);
    }
}

uint64_t machine_memory_bytes(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_bytes = sysconf(_SC_PAGE_SIZE);
    const uint64_t machine = pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes
                                                         : 0;
    const uint64_t group = machine_memory_group_limit_bytes("/proc/self/cgroup", "/sys/fs/cgroup");
    return group < machine || machine == 0 ? (group != UINT64_MAX ? group : 0) : machine;
}

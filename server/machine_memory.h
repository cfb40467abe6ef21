/*
 * How much memory this process may count on: the machine's, or what its control group (a
 * container, a systemd unit with MemoryMax=) leaves it. Read when asked; nothing is kept.
 */
#pragma once

#include <stdint.h>

/* In bytes; 0: nobody says. */
uint64_t machine_memory_bytes(void);

/* The smallest memory.max of the group that `membership` names (a file like /proc/self/cgroup) and
 * of all groups around it, below `root` (where version 2 of cgroups is mounted); UINT64_MAX: none.
 */
uint64_t machine_memory_group_limit_bytes(const char *membership, const char *root);

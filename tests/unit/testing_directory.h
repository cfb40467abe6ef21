/*
 * A directory of its own for a unit test that needs files. Not in testing.h: most tests need none,
 * nor the names of unistd.h.
 */
#pragma once

#include "testing.h"

#include <unistd.h>

enum { TESTING_PATH_BYTES = 128 };

/*
 * Makes an empty directory that only this run has, in $TMPDIR: whoever runs the tests may keep them
 * to a place that is large enough, in memory, or thrown away whole. Without it, in `usual`, or /tmp
 * where that cannot be written to. The test removes it. False: it could not be made, and stderr
 * says why.
 */
static inline bool testing_directory_in(const char *usual, char path[static TESTING_PATH_BYTES])
{
    const char *given = getenv("TMPDIR");
    const char *parent = given != NULL && given[0] != '\0' ? given
                         : access(usual, W_OK) == 0        ? usual
                                                           : "/tmp";
    const int len = snprintf(path, TESTING_PATH_BYTES, "%s/relais-test-XXXXXX", parent);
    const bool is_made = len > 0 && len < TESTING_PATH_BYTES && mkdtemp(path) != NULL;
    if (!is_made) {
        fprintf(stderr, "no directory can be made in %s (at most %d bytes)\n", parent,
                TESTING_PATH_BYTES);
    }
    return is_made;
}

static inline bool testing_directory(char path[static TESTING_PATH_BYTES])
{
    return testing_directory_in("/tmp", path);
}

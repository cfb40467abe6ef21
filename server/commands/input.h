/* What commands read as a whole. */
#pragma once

#include <stdio.h>

#include "base/buf.h"

/* All of a file, or of standard input, at the buffer's end. False: it cannot be read, or is longer
 * than the buffer may get. */
bool input_read(FILE *file, struct buf *buf) MUSTCHECK;

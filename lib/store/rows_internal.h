/* The libpq side of store/rows.h, for lib/store only. */
#pragma once

#include <libpq-fe.h>

#include "store/rows.h"

/* Takes over the result; rows_free clears it. */
struct rows *rows_from_result(PGresult *result);
/* Rows inserted, updated or deleted. */
size_t rows_affected(const struct rows *rows);

/* The one table from SQLSTATE to our errors. */
#pragma once

#include "base/err.h"

/* `sqlstate` may be NULL (the connection broke before the server could say). Messages name the
 * class of the failure, never a value. */
enum err_code sqlstate_to_err(const char *sqlstate, struct err *reterr);

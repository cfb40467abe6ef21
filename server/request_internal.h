/*
 * Between the request's way (request.c) and its operations (request_op.c). Nobody else includes it.
 */
#pragma once

#include "request.h"

/* Lets go of the operation that is over. */
void request_release_op(struct request *request);
/* The operation, or the entry for the spool, that was made last is the one under way now. */
void request_take_next_op(struct request *request);
/* An operation that was made and never went. */
void request_drop_next_op(struct request *request);
/* Gives the operation to its lane, or the entry to the spool, and touches nothing afterwards; a
 * full lane is answered at once. */
void request_submit(struct request *request);

/*
 * From the spool into the database. Each record is read and checked again as the form's post it is,
 * by the set-up of now, and goes the way of every submission, in order; its id makes a repetition
 * harmless. What does not fit the form any more goes into quarantine. One thread.
 */
#pragma once

#include "app.h"

struct spool_drain;

/* NULL: out of memory. */
struct spool_drain *spool_drain_new(struct app *app) MUSTCHECK;
/* Takes NULL. */
void spool_drain_free(struct spool_drain *drain);

/*
 * Takes in the oldest that wait; *ret_count of them are done with, also after an error. None and
 * OK: nothing waits. ERR_BUSY, ERR_TIMEOUT, ERR_NOMEM and the like: the same again in a moment.
 */
enum err_code spool_drain_round(struct spool_drain *drain, size_t *ret_count,
                                struct err *reterr) MUSTCHECK;

/*
 * Where a contact came from, each time: its activities and submissions that say so. Nothing is
 * stored for this; it is read from what they carry.
 */
#pragma once

#include "domain/contact.h"
#include "request.h"

/* The rows of contact_touch_ends.sql into the contact; the texts live in the arena or the rows.
 * ERR_NOMEM, ERR_STORE. */
enum err_code touches_take(const struct rows *rows, struct arena *arena, struct contact *contact,
                           struct err *reterr) MUSTCHECK;

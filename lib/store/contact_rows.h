/* Rows of the views contact_state and contact_shown (with the score's columns after them) and of
 * sla_clock, as structures. */
#pragma once

#include "domain/contact.h"
#include "store/rows.h"

/* Fills a zeroed contact; texts point into `rows`, the rest into the arena. `model` is the version
 * whose score columns follow the view's. Of the view contact_shown: without what it leaves out. */
enum err_code contact_from_row(const struct rows *rows, size_t row, const struct model *model,
                               int32_t model_version, struct arena *arena, struct contact *contact,
                               struct err *reterr) MUSTCHECK;
/* As contact_from_row, of contact_read.sql: of the latest handoff only the id; of the score also
 * where its row is. */
enum err_code contact_from_locked_row(const struct rows *rows, size_t row,
                                      const struct model *model, int32_t model_version,
                                      struct arena *arena, struct contact *contact,
                                      struct err *reterr) MUSTCHECK;
/* Columns as in handoff_state.sql. */
void handoff_from_row(const struct rows *rows, size_t row, struct handoff *handoff);
/* Columns as in clock_state.sql; column 0 is the contact. */
void clock_from_row(const struct rows *rows, size_t row, struct clock_record *clock);

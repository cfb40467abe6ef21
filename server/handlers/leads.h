/* The list of leads in another form than JSON. */
#pragma once

#include "table.h"

/* Turns the reply, the JSON list of contacts, into lines of CSV (attributes in columns of their
 * own) or one contact a line; JSON stays as it is. Headers stay. */
enum request_step leads_as_table(struct request *request, enum table_format format);

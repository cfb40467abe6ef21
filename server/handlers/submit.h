/* The steps that every way of posting a form has in common: by its own path, from another form
 * tool, and as HubSpot's API takes it. */
#pragma once

#include "handlers/submission.h"

/* The form that stands for HubSpot's form with this GUID, or is called so; NULL: none. */
const struct form *submit_hubspot_form(const struct catalog *catalog, struct str guid_text);

/* Whether the form (NULL: there is none) takes posts from whom asks; false: a problem is in the
 * reply. */
bool submit_is_allowed(struct request *request, const struct form *form);
/* When everything is taken into the submission: on to the store (or, while the database is away, to
 * the spool), or 422 with what is wrong. It is then request->data. Of what comes out of the spool
 * only REQUEST_RUN: its input is complete, and somebody else's to run. */
enum request_step submit_taken(struct request *request, struct submission *submission);
/* The form tool whose body this request carries, as adapters are named; absent: the form's own
 * post. */
struct str submit_tool_of(const struct request *request);
/* When the store is done: whether it is kept (with the header of a repeat); false: a 422 is in the
 * reply. */
bool submit_is_stored(struct request *request);
/* {"id", "received_at", "offer_url"}; of what waits in the spool "queued" as well, and 202 instead
 * of 201. */
enum request_step submit_receipt(struct request *request, unsigned status);

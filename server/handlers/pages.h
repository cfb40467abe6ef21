/* The few pages that a browser sees after posting an HTML form. French or English by
 * Accept-Language. */
#pragma once

#include "request.h"

/* The client prefers JSON over a page: Accept names application/json. */
bool wants_json(const struct request *request);
/* 303 to the form's redirect, or a thank-you page with the offer's link. */
enum request_step page_thanks(struct request *request, const struct form *form);
/* 422 with the request's faults as a small page. */
enum request_step page_faults(struct request *request);
/* 429 as a small page. Keeps the reply's headers. */
enum request_step page_limited(struct request *request, int64_t retry_after_seconds);

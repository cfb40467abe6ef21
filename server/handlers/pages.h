/*
 * The pages that a browser sees after posting an HTML form: thanks, or what is to be corrected.
 * French or English (visitor_text.h), without script or anything to fetch.
 */
#pragma once

#include "request.h"

/* The client prefers JSON over a page: Accept names application/json. */
bool wants_json(const struct request *request);
/* Accept names text/html, as browsers do. */
bool wants_html(const struct request *request);
/* Accept names text/plain, and not text/html. */
bool wants_plain(const struct request *request);

/* 303 to the form's redirect, or to the thank-you page with its receipt. The browser's next reload
 * asks for that page and posts nothing again. */
enum request_step page_thanks(struct request *request, const struct form *form);

/* Turns the problem document in the reply into a page of the same status and headers. Where the
 * answers are at hand they are in it: to be corrected, or to be sent again. */
void page_refusal(struct request *request);

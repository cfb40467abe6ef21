/* Cross-origin posts of forms: exact origins, as each form allows; nothing else is ever shared
 * across origins. */
#pragma once

#include "request.h"

/* Adds the headers when the request's Origin may post to this form. */
void cors_allow(struct request *request, const struct form *form);
/* The same for the form that the path names, if there is one, once the step is a reply: another
 * origin's script sees an answer, also a refusal, only where the form lets it. Returns the step. */
enum request_step cors_share(struct request *request, enum request_step step);

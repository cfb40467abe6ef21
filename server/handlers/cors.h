/* Cross-origin posts of forms: exact origins, as each form allows; nothing else is ever shared
 * across origins. */
#pragma once

#include "request.h"

/* Adds the headers when the request's Origin may post to this form. */
void cors_allow(struct request *request, const struct form *form);

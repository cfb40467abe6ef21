/*
 * A plan's way into an agreement: what both teams would have to promise for the goal becomes the
 * commitments of a draft.
 */
#pragma once

#include "request.h"

/* For a body with "plan" (the request of POST /v1/plan): measures and plans, then begins the
 * set-up write of `body` (borrowed until the request ends) with the plan's commitments in it. */
enum request_step agreement_plan_start(struct request *request, json_t *body);

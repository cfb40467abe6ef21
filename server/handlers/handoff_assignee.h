/* The filter `assignee` of queues: a member's id, `me` or `none`. */
#pragma once

#include "request.h"

enum { ASSIGNEE_CHARS_MAX = 36 };

struct assignee_filter {
    struct uuid member_id; /* nil: anybody */
    bool is_nobody;        /* those that nobody has */
};

/* An absent text filters nothing. False: a fault was added. */
bool assignee_filter_parse(struct request *request, struct str text,
                           struct assignee_filter *ret_filter);
/* The next two parameters of a page: the member or null, and whether it shall be nobody's. */
void assignee_filter_params(struct params *params, const struct assignee_filter *filter);

#include "handlers/handoff_assignee.h"

bool assignee_filter_parse(struct request *request, struct str text,
                           struct assignee_filter *ret_filter)
{
    *ret_filter = (struct assignee_filter){.is_nobody = str_is(text, "none")};
    if (text.data == NULL || ret_filter->is_nobody) {
        return true;
    }
    if (str_is(text, "me")) {
        ret_filter->member_id = request->principal.member_id;
        if (uuid_is_nil(ret_filter->member_id)) {
            faults_add(&request->faults, "?assignee", "choice",
                       "This key has no member who could be `me`.");
        }
    } else if (!uuid_parse(text, &ret_filter->member_id) || uuid_is_nil(ret_filter->member_id)) {
        faults_add(&request->faults, "?assignee", "format", "The id of a member, `me` or `none`.");
    }
    return request->faults.count == 0;
}

void assignee_filter_params(struct params *params, const struct assignee_filter *filter)
{
    param_uuid(params, filter->member_id);
    param_bool(params, filter->is_nobody);
}

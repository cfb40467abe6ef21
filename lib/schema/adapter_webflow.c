/*
 * Webflow: https://developers.webflow.com/data/docs/working-with-webhooks
 *
 * {"triggerType": "form_submission", "payload": {"id", "formId", "submittedAt", "pageUrl", "data":
 * {name: value}}}; in the first version of its API {"_id", "d", "data"}, mostly without an
 * envelope.
 */
#include "schema/adapter_internal.h"

/* Of one of two names: those of the second version of the API, and of the first. */
static struct str either(struct adapted *adapted, const json_t *payload, const char *name,
                         const char *old_name)
{
    const struct str text = adapted_member(adapted, payload, name);
    return text.data != NULL ? text : adapted_member(adapted, payload, old_name);
}

enum err_code webflow_read(const json_t *body, struct adapted *adapted, struct err *reterr)
{
    const struct str trigger = json_str_of(json_object_get(body, "triggerType"));
    const json_t *envelope = json_object_get(body, "payload");
    const json_t *payload = json_is_object(envelope) ? envelope : body;
    const json_t *data = json_object_get(payload, "data");
    if (trigger.data != NULL && !str_is(trigger, "form_submission")) {
        adapted->skipped = "Only form submissions (form_submission) are taken.";
        return OK;
    }
    if (!json_is_object(data)) {
        return err_set(reterr, ERR_INVALID,
                       "This is no form submission of Webflow: payload.data is missing.");
    }
    adapted_identify(adapted, "webflow", either(adapted, payload, "id", "_id"), NULL, 0);
    if (!time_parse(either(adapted, payload, "submittedAt", "d"), &adapted->occurred_at_us)) {
        adapted->occurred_at_us = TIME_NONE;
    }
    adapted_take_flat(adapted, data, /* but= */ NULL);
    adapted_add_page(adapted, "pageUrl", adapted_member(adapted, payload, "pageUrl"));
    return OK;
}

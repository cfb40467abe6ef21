/*
 * Webflow: https://developers.webflow.com/data/docs/working-with-webhooks
 *
 * {"triggerType": "form_submission", "payload": {"id", "formId", "submittedAt", "data": {name:
 * value}}}; in the first version of its API {"_id", "d", "data"} without an envelope.
 */
#include "schema/adapter_internal.h"

enum err_code webflow_read(const json_t *body, struct adapted *adapted, struct err *reterr)
{
    const struct str trigger = json_str_of(json_object_get(body, "triggerType"));
    const json_t *envelope = json_object_get(body, "payload");
    const json_t *payload = json_is_object(envelope) ? envelope : body;
    const bool has_envelope = payload == envelope;
    const json_t *data = json_object_get(payload, "data");
    if (trigger.data != NULL && !str_is(trigger, "form_submission")) {
        adapted->skipped = "Only form submissions (form_submission) are taken.";
        return OK;
    }
    if (!json_is_object(data)) {
        return err_set(reterr, ERR_INVALID,
                       "This is no form submission of Webflow: payload.data is missing.");
    }
    adapted_identify(adapted, "webflow",
                     adapted_member(adapted, payload, has_envelope ? "id" : "_id"), NULL, 0);
    if (!time_parse(json_str_of(json_object_get(payload, has_envelope ? "submittedAt" : "d")),
                    &adapted->occurred_at_us)) {
        adapted->occurred_at_us = TIME_NONE;
    }
    adapted_take_flat(adapted, data, /* but= */ NULL);
    return OK;
}

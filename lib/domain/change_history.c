/*
 * What becomes of a handoff beside its moves, and stays: who had it since when, and when it rested,
 * why, and who said so. An entry is only added; of a pause the end is filled in when it has come.
 */
#include "domain/change_internal.h"

static struct history_row *add_entry(const struct handoff *handoff, enum history_kind kind,
                                     struct str actor, struct effects *effects)
{
    struct history_row *row = EFFECT_ADD(effects, histories);
    if (row != NULL) {
        *row = (struct history_row){
            .contact_id = handoff->contact_id,
            .handoff_id = handoff->handoff_id,
            .entry_id = uuid_new(effects->now_us),
            .kind = kind,
            .at_us = effects->now_us,
            .actor = actor,
            .until_us = TIME_NONE,
            .ended_at_us = TIME_NONE,
        };
    }
    return row;
}

/* ---- whose it is ---- */

enum err_code handoff_assign(struct handoff *handoff, struct uuid member, struct str actor,
                             struct str reason, struct effects *effects)
{
    if (uuid_eq(handoff->assignee, member)) {
        return OK;
    }
    struct history_row *row = add_entry(handoff, HISTORY_ASSIGNED, actor, effects);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    row->reason = reason;
    row->member = member;
    row->previous = handoff->assignee;
    if (handoff->assigned_at_us == TIME_NONE && !uuid_is_nil(member)) {
        handoff->assigned_at_us = effects->now_us;
    }
    handoff->assignee = member;
    return OK;
}

/* ---- when it rested ---- */

/* A pause that began in this batch is not stored yet. */
static struct history_row *begun_here(const struct handoff *handoff, const struct effects *effects)
{
    for (size_t i = effects->histories.count; i > 0; i--) {
        struct history_row *row = &effects->histories.items[i - 1];
        if (row->kind == HISTORY_PAUSED && row->ended_at_us == TIME_NONE &&
            uuid_eq(row->handoff_id, handoff->handoff_id)) {
            return row;
        }
    }
    return NULL;
}

static enum err_code end_span(const struct handoff *handoff, int64_t at_us, struct str actor,
                              struct effects *effects)
{
    struct history_row *row = begun_here(handoff, effects);
    if (row != NULL) {
        row->ended_at_us = at_us;
        row->ended_by = actor;
        return OK;
    }
    struct pause_end_row *end = EFFECT_ADD(effects, pause_ends);
    if (end == NULL) {
        return ERR_NOMEM;
    }
    *end = (struct pause_end_row){
        .contact_id = handoff->contact_id,
        .handoff_id = handoff->handoff_id,
        .ended_at_us = at_us,
        .ended_by = actor,
    };
    return OK;
}

enum err_code pause_begin(struct handoff *handoff, int64_t until_us, struct str reason,
                          struct str actor, struct effects *effects)
{
    if (handoff->paused_at_us != TIME_NONE) {
        const enum err_code code = end_span(handoff, effects->now_us, actor, effects);
        if (code != OK) {
            return code;
        }
    } else {
        handoff->paused_at_us = effects->now_us;
    }
    struct history_row *row = add_entry(handoff, HISTORY_PAUSED, actor, effects);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    row->reason = reason;
    row->until_us = until_us;
    handoff->paused_until_us = until_us;
    handoff->pause_reason = reason;
    return OK;
}

enum err_code pause_end(struct handoff *handoff, int64_t at_us, struct str actor,
                        struct effects *effects)
{
    if (handoff->paused_at_us == TIME_NONE) {
        return OK;
    }
    const enum err_code code = end_span(handoff, at_us, actor, effects);
    handoff->paused_at_us = TIME_NONE;
    handoff->paused_until_us = TIME_NONE;
    handoff->pause_reason = (struct str){0};
    return code;
}

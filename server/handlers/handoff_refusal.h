/* What opening a handoff and moving one have in common: who acts, and why it was refused. */
#pragma once

#include "handlers/handlers.h"

/* Who acts: the key's member, or the one a key without a member names (`member`, may be nil).
 * Faults at "/member": unknown or inactive, or another than the key's own. */
void handoff_take_actor(struct request *request, struct uuid member, struct input *input);

/* A text that people shall read: not only white space. An absent one is the schema's matter. */
void handoff_require_text(struct request *request, struct str text, const char *pointer);

/* Answers for an input that was refused. A conflict with a handoff's state reads where that stands
 * now and says so: `state`, `assignee`, `allowed`, and `existing` when one was to be opened. */
enum request_step handoff_refuse(struct request *request, const struct input *input);

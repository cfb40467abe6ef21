/*
 * Text from outside as text of an HTML page. Safe between tags and inside attribute values in
 * double or single quotes; not inside scripts, styles or unquoted values.
 */
#pragma once

#include "base/buf.h"

/* An absent slice writes nothing. */
void html_text(struct buf *out, struct str text);
/* ` name="value"` */
void html_attribute(struct buf *out, const char *name, struct str value);

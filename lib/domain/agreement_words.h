/*
 * What marketing and sales promise each other, in words: numbers, dates, delays, and one sentence
 * for each commitment and each policy, in French and in English. Bodies are as the set-up stores
 * them; words of people stand in the sentences as they are, so whoever shows them escapes them.
 *
 * French follows its printers' rules: no-break spaces before ":", "%", "€" and inside « », a narrow
 * one before ";" "!" "?" and between thousands, plural from two.
 */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "domain/catalog.h"
#include "schema/accept.h"

/* At most two decimals, none that are zero: "1 250,5", "1,250.5". */
void words_number(struct buf *out, double value, enum language language);
/* A fraction: "60 %", "60%". */
void words_percent(struct buf *out, double fraction, enum language language);
/* An amount in the currency's minor units: "1 200 €", "€1,200.50". */
void words_money(struct buf *out, double amount, struct str currency, enum language language);
/* Days since 1970: "1er décembre 2026", "1 December 2026". */
void words_date(struct buf *out, int32_t days, enum language language);
/* Minutes since midnight: "18 h", "9 h 30"; "18:00", "09:30". */
void words_time_of_day(struct buf *out, int minutes, enum language language);
/* Within what time: "dans les 24 h", "le jour ouvré suivant", "avant mercredi 18 h". `target` is a
 * policy's; has_calendar: in open time. */
void words_delay(struct buf *out, const json_t *target, bool has_calendar, enum language language);
/* The whole promise of a commitment's body; `currency` is for amounts; calendars are looked up for
 * their names. */
void words_commitment(struct buf *out, const json_t *body, struct str currency,
                      const struct catalog *catalog, enum language language);
/* The whole promise of a policy's body. */
void words_policy(struct buf *out, const json_t *body, const struct catalog *catalog,
                  enum language language);

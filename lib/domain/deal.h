/* Deals, and amounts of money: what they may be. */
#pragma once

/* NULL-terminated: new, upsell, renewal. */
extern const char *const deal_kind_names[];

#define AMOUNT_MAX 9007199254740991.0 /* minor units: what JSON clients can count to */

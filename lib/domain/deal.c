#include "domain/deal.h"

#include <stddef.h>

const char *const deal_kind_names[] = {"new", "upsell", "renewal", NULL};

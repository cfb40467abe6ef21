/*
 * Values as PHP's serialize() writes them, which WordPress plugins keep in their tables and send as
 * they are: a:2:{i:0;s:5:"Cloud";i:1;s:2:"IA";}. Objects are not read: nobody else needs them.
 */
#pragma once

#include <jansson.h>

#include "base/str.h"

enum { PHP_VALUE_DEPTH_MAX = 8 };

/* An array whose keys are all numbers is a JSON array, any other an object; the caller's to
 * release. NULL: this is no such value as a whole, or memory is short. Pure. */
json_t *php_value_read(struct str text) MUSTCHECK;

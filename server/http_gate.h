/*
 * The gate: what a request's head must look like before anything is done with it.
 *
 * libmicrohttpd 0.9.75 frames requests loosely (two lengths, a length beside a transfer coding,
 * names with blanks, folded lines, bare LF, NUL) while a proxy in front of it may frame the same
 * bytes otherwise: a request hidden in another's body. So whatever is not plainly RFC 9112 is
 * refused and the connection ends. Pure: no library, no I/O, no allocation.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

struct http_field; /* http.h */

/* A head as the library understood it. All slices are the library's own, untrimmed. */
struct http_gate_head {
    struct str method;
    struct str target; /* what stands between the first and the second blank */
    struct str version;
    const struct http_field *fields; /* in the order they came */
    size_t field_count;
    /* The library's buffer from the first byte of the method to behind the empty line, in which it
     * wrote NUL over CR, LF, ':' and the blanks of the first line; method, version and the fields
     * must point into it. Absent: not checked. */
    struct str raw;
    /* Where the target begins and ends in that buffer (`target` itself is a copy: the library
     * overwrites '?', '&' and '=' with NUL). Only with `raw`. */
    const char *target_begin;
    const char *target_end;
};

enum http_gate_body {
    HTTP_GATE_BODY_NONE,
    HTTP_GATE_BODY_LENGTH,
    HTTP_GATE_BODY_CHUNKED,
};

struct http_gate_verdict {
    unsigned status;    /* 0: passed; else 400, 417, 431 or 505, and the connection ends */
    const char *detail; /* static sentence, when refused */
    struct str path;    /* slices of target */
    struct str query;   /* absent without '?' */
    enum http_gate_body body;
    uint64_t content_length; /* with HTTP_GATE_BODY_LENGTH, > 0 */
    bool expects_continue;   /* HTTP/1.1 and `Expect: 100-continue` */
};

struct http_gate_verdict http_gate_check(const struct http_gate_head *head);

/* A version 00…fe `traceparent` (W3C Trace Context): 55 bytes, ids not all zero. */
bool http_traceparent_is_valid(struct str value);
/* 1…64 visible ASCII. */
bool http_request_id_is_valid(struct str value);

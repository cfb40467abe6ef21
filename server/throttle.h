/*
 * Rate limits on requests: who is counted, what everybody under a limit is told, and 429.
 *
 * A request with a valid secret key counts against that key (RELAIS_RATE_LIMIT_KEY); every other
 * one, also with a publishable key, which stands in web pages, against the address it came from
 * (RELAIS_RATE_LIMIT_IP; of IPv6 the /64, which is what one household or server has). So each
 * request counts once, what an office's programs do with their keys does not shut out its browsers,
 * and whoever tries keys is held back. /healthz and /readyz are not counted.
 *
 * When: with the head, before the body is read. Over an address's limit nothing else is looked at;
 * over a key's, paths that do not exist, methods and scopes are told first (request.c).
 *
 * Each instance counts for itself. Off until configured; then it costs a hash and a look into a
 * table of fixed size (limit.h).
 */
#pragma once

#include <stdatomic.h>

#include "config.h"
#include "limit.h"

struct request;

enum throttle_party {
    THROTTLE_KEY,
    THROTTLE_IP,
    THROTTLE_PARTY_COUNT_, /* also: nobody's limit */
};

struct throttle {
    struct limit *limits[THROTTLE_PARTY_COUNT_]; /* NULL: no limit */
    _Atomic uint64_t refused[THROTTLE_PARTY_COUNT_];
};

/* A request's part, all zero before. */
struct throttled {
    bool is_counted;
    enum throttle_party party;
    struct limit_verdict verdict;
};

/* ERR_NOMEM. End it with throttle_done, also after a failure. */
enum err_code throttle_init(struct throttle *throttle, const struct config *config,
                            struct err *reterr) MUSTCHECK;
void throttle_done(struct throttle *throttle);
/* "key", "ip": in headers and metrics. Static. */
const char *throttle_party_name(enum throttle_party party);

/* What of an address tells visitors apart: of IPv6 the /64. Points into `address`. */
struct str throttle_visitor(const struct address *address);
/* Counts a request whose path was looked up; identifies its key for that. Once a request. */
void throttle_count(struct request *request);
/* It was over the limit of this party. */
bool throttle_is_over(const struct request *request, enum throttle_party party);
/* Puts the 429 into the reply. */
void throttle_refuse(struct request *request);
/* RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11) for a reply that is
 * otherwise complete; nothing for a request that was not counted. */
void throttle_tell(struct request *request);

#include "delivery/outgoing.h"

#include <assert.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static const int64_t connect_timeout_us = 10 * US_PER_SECOND;
static const int64_t last_moment_us = 3 * US_PER_SECOND;

bool outgoing_start(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* ---- whom to talk to ---- */

static const char *const special_networks[] = {
    "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
    "2001::/23",     "2001:db8::/32",   "2002::/16",      "3fff::/20",
};

static bool holds(const char *text, const struct address *address)
{
    struct address_network network;
    const bool is_network = address_network_parse(str_from(text), &network);
    assert(is_network);
    return address_network_holds(&network, address);
}

bool outgoing_is_public(const struct address *address)
{
    bool is_public = address_is_v4(address) || holds("2000::/3", address);
    for (size_t i = 0; i < ARRAY_LEN(special_networks) && is_public; i++) {
        is_public = !holds(special_networks[i], address);
    }
    return is_public;
}

static curl_socket_t open_if_allowed(void *context, curlsocktype purpose,
                                     struct curl_sockaddr *peer)
{
    struct outgoing_call *call = context;
    const struct outgoing *outgoing = call->outgoing;
    struct address address;
    bool is_allowed = purpose == CURLSOCKTYPE_IPCXN && address_from_socket(&peer->addr, &address);
    if (is_allowed && !outgoing_is_public(&address)) {
        is_allowed = false;
        for (size_t i = 0; i < outgoing->allowed_count && !is_allowed; i++) {
            is_allowed = address_network_holds(&outgoing->allowed[i], &address);
        }
    }
    call->is_refused = !is_allowed;
    return is_allowed ? socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol)
                      : CURL_SOCKET_BAD;
}

/* ---- handles ---- */

/* When the process stops, what is under way gets a moment to end by itself. */
static int give_up_when_stopping(void *context, curl_off_t ignored_1, curl_off_t ignored_2,
                                 curl_off_t ignored_3, curl_off_t ignored_4)
{
    struct outgoing_call *call = context;
    (void)ignored_1;
    (void)ignored_2;
    (void)ignored_3;
    (void)ignored_4;
    if (call->outgoing->stop == NULL || !atomic_load(call->outgoing->stop)) {
        return 0;
    }
    const int64_t now_us = clock_monotonic_us();
    call->stopped_at_us = call->stopped_at_us == 0 ? now_us : call->stopped_at_us;
    return now_us - call->stopped_at_us > last_moment_us ? 1 : 0;
}

CURL *outgoing_handle(const struct outgoing *outgoing, struct outgoing_call *call,
                      int64_t timeout_us)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        return NULL;
    }
    *call = (struct outgoing_call){.outgoing = outgoing};
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_timeout_us / US_PER_MS));
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(timeout_us / US_PER_MS));
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, give_up_when_stopping);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, call);
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (outgoing->ca_file != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, outgoing->ca_file);
    }
    return curl;
}

void outgoing_guard(CURL *curl, struct outgoing_call *call)
{
    (void)curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_if_allowed);
    (void)curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, call);
}

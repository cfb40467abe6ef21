#include "delivery/chat.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"

enum {
    URL_BYTES_MAX = 4096,
    STATUS_OK = 200,
    STATUS_REDIRECT = 300,
    STATUS_BAD = 400,
    STATUS_TIMEOUT = 408,
    STATUS_EARLY = 425,
    STATUS_LIMITED = 429,
    STATUS_SERVER = 500,
};

static const int64_t chat_timeout_us = 15 * US_PER_SECOND;
static const int64_t retry_after_us_max = US_PER_DAY;

/* What they answer is of no interest, however long it is. */
static size_t swallow_answer(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static void explain_failure(const struct outgoing_call *call, CURLcode code,
                            struct delivery_report *report)
{
    static const struct {
        CURLcode code;
        const char *sentence;
    } faults[] = {
        {CURLE_COULDNT_RESOLVE_HOST,     "The chat's host name cannot be resolved."            },
        {CURLE_COULDNT_CONNECT,          "The chat's host cannot be reached."                  },
        {CURLE_OPERATION_TIMEDOUT,       "The chat's host did not answer in time."             },
        {CURLE_PEER_FAILED_VERIFICATION,
         "The certificate of the chat's host is not trusted; a CA of "
         "your own goes into RELAIS_CA_FILE."                                                  },
        {CURLE_ABORTED_BY_CALLBACK,      "The service stopped while the message was under way."},
        {CURLE_OUT_OF_MEMORY,            "There was no memory for the message."                },
    };
    const char *sentence = "The connection to the chat's host broke off.";
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        sentence = faults[i].code == code ? faults[i].sentence : sentence;
    }
    report->outcome = DELIVERY_AGAIN;
    if (call->is_refused) {
        report->outcome = DELIVERY_REFUSED;
        sentence = "The chat's address leads to a private network, which is refused; "
                   "RELAIS_OUTGOING_NETWORKS allows some.";
    }
    (void)snprintf(report->error, sizeof report->error, "%s", sentence);
}

static void explain_status(long status, struct delivery_report *report)
{
    const bool is_later = status == STATUS_TIMEOUT || status == STATUS_EARLY ||
                          status == STATUS_LIMITED || status >= STATUS_SERVER;
    if (status >= STATUS_OK && status < STATUS_REDIRECT) {
        report->outcome = DELIVERY_DONE;
        return;
    }
    report->outcome = is_later ? DELIVERY_AGAIN : DELIVERY_REFUSED;
    (void)snprintf(report->error, sizeof report->error,
                   status >= STATUS_REDIRECT && status < STATUS_BAD
                       ? "The chat's host answered %ld: it sends us elsewhere, where we do not go. "
                         "Enter the address it means."
                       : "The chat's host answered %ld.",
                   status);
}

void chat_post(const struct outgoing *outgoing, struct str url, struct str body,
               struct delivery_report *ret_report)
{
    *ret_report = (struct delivery_report){.outcome = DELIVERY_AGAIN};
    CLEANUP(buf_done) struct buf address;
    buf_init(&address, URL_BYTES_MAX);
    buf_append_str(&address, url);
    struct outgoing_call call;
    CURL *curl = outgoing_handle(outgoing, &call, chat_timeout_us);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (curl != NULL && headers != NULL && !address.failed &&
        curl_easy_setopt(curl, CURLOPT_URL, buf_str(&address).data) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data) == CURLE_OK) {
        outgoing_guard(curl, &call);
        (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
        (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "Relais/" RELAIS_VERSION);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow_answer);
        code = curl_easy_perform(curl);
    }
    if (code == CURLE_OK) {
        long status = 0;
        curl_off_t retry_after_s = 0;
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after_s);
        explain_status(status, ret_report);
        ret_report->retry_after_us = retry_after_s > 0 && retry_after_s < US_PER_DAY / US_PER_SECOND
                                         ? (int64_t)retry_after_s * US_PER_SECOND
                                     : retry_after_s > 0 ? retry_after_us_max
                                                         : 0;
    } else {
        explain_failure(&call, code, ret_report);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

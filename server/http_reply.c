/* What is answered: the application's reply, or a refusal, as the library takes it. */
#include <assert.h>

#include "http_internal.h"

enum { HTTP_STREAM_BLOCK_BYTES = 4096 }; /* the library's buffer for a stream without chunks */

/* What was lent and never went into a response. */
void http_give_back_shared(struct http_reply *reply)
{
    if (reply->shared != NULL)
        reply->release(TAKE(reply->shared));
}

void http_reply_clear(struct http_message *message)
{
    http_give_back_shared(&message->reply);
    buf_done(&message->reply.body);
    size_t body_bytes_max = message->reply.body.max_bytes;
    message->reply = (struct http_reply){0};
    buf_init(&message->reply.body, body_bytes_max);
}

/* RFC 9110 section 5.5, without the tab. */
static bool is_field_value(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if (byte < ' ' || byte == 0x7F)
            return false;
    }
    return value.len > 0 && value.len <= HTTP_REPLY_HEADER_BYTES_MAX;
}

void http_reply_header(struct http_message *message, const char *name, struct str value)
{
    struct http_reply *reply = &message->reply;
    if (reply->failed)
        return;
    reply->failed = true;
    if (reply->header_count == ARRAY_LEN(reply->headers) || !is_field_value(value))
        return;
    struct str copy = arena_str(&message->arena, value);
    if (copy.data == NULL)
        return;
    reply->headers[reply->header_count++] =
        (struct http_field){.name = str_from(name), .value = copy};
    reply->failed = false;
}

/* Asks the application for a problem document. What it cannot make is sent as a bare status. */
static void fill_refusal(struct http_message *message, unsigned status, const char *detail)
{
    bool must_close = message->reply.close;
    http_reply_clear(message);
    message->is_known = true;
    const struct http_handler *handler = &message->http->handler;
    handler->on_refused(handler->context, message, status, detail);
    if (message->reply.failed || message->reply.body.failed || message->reply.status == 0) {
        http_reply_clear(message);
        message->reply.status = status;
    }
    message->reply.close = message->reply.close || must_close;
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        http_reply_header(message, MHD_HTTP_HEADER_RETRY_AFTER, STR_LITERAL("1"));
}

/* Without headers. NULL when out of memory, else the memory of the body goes with it. */
static struct MHD_Response *make_body(struct http_message *message)
{
    struct http_reply *reply = &message->reply;
    if (reply->is_stream && message->method != HTTP_HEAD)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HTTP_STREAM_BLOCK_BYTES,
                                                 http_read_stream, message, /* crfc= */ NULL);
    bool is_owned = reply->body.len > 0;
    struct str body = is_owned ? buf_str(&reply->body) : reply->static_body;
    /* The library's prototype lacks a const: it does not write there. */
    const union {
        const char *is_read;
        void *is_passed;
    } data = {.is_read = body.data != NULL ? body.data : ""};
    const bool is_lent = !is_owned && reply->shared != NULL;
    struct MHD_Response *response =
        is_lent ? MHD_create_response_from_buffer_with_free_callback_cls(
                      body.len, data.is_passed, reply->release, reply->shared)
                : MHD_create_response_from_buffer(body.len, data.is_passed,
                                                  is_owned ? MHD_RESPMEM_MUST_FREE
                                                           : MHD_RESPMEM_PERSISTENT);
    if (response != NULL && is_lent)
        reply->shared = NULL;
    if (response != NULL && is_owned)
        reply->body = (struct buf){.max_bytes = reply->body.max_bytes};
    message->reply_body_bytes = body.len;
    return response;
}

/* The library's copy of a reply. NULL when out of memory. */
static struct MHD_Response *make_response(struct http_message *message)
{
    struct http_reply *reply = &message->reply;
    struct MHD_Response *response = make_body(message);
    if (response == NULL)
        return NULL;
    enum MHD_Result added = MHD_add_response_header(response, "X-Request-Id", message->request_id);
    if (reply->content_type != NULL)
        added &=
            MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
    if (reply->close || atomic_load_explicit(&message->http->is_quiescing, memory_order_relaxed))
        added &= MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    for (size_t i = 0; i < reply->header_count; i++)
        added &= MHD_add_response_header(response, reply->headers[i].name.data,
                                         reply->headers[i].value.data);
    if (added == MHD_YES)
        return response;
    MHD_destroy_response(response);
    return NULL;
}

/* MHD_NO ends the connection without a reply. */
enum MHD_Result http_send_reply(struct http_message *message)
{
    if (message->reply.failed || message->reply.body.failed)
        fill_refusal(message, MHD_HTTP_INTERNAL_SERVER_ERROR, "The reply could not be written.");
    assert(message->reply.status >= 200 && message->reply.status <= 599);
    assert(message->state != MESSAGE_REPLIED);
    struct MHD_Response *response = make_response(message);
    if (response == NULL)
        return MHD_NO;
    message->state = MESSAGE_REPLIED;
    http_enter_stage(message, HTTP_STAGE_REPLY);
    enum MHD_Result queued = MHD_queue_response(message->connection->library_connection,
                                                message->reply.status, response);
    MHD_destroy_response(response);
    return queued;
}

enum MHD_Result http_refuse(struct http_message *message, unsigned status, const char *detail)
{
    fill_refusal(message, status, detail);
    return http_send_reply(message);
}

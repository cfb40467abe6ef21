/* One setting: from text to its field, and back. */
#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "config_table.h"

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};
static_assert(ARRAY_LEN(level_names) == LOG_LEVEL_COUNT_, "a name for each level");

static const struct {
    const char *name;
    int64_t bytes;
} units[] = {
    {"GiB", INT64_C(1) << 30},
    {"MiB", INT64_C(1) << 20},
    {"KiB", INT64_C(1) << 10},
};

/* The setting's field. The table says which type stands at which offset. */
static void *field_of(struct config *config, const struct config_setting *setting)
{
    return (char *)config + setting->offset;
}

static const void *const_field_of(const struct config *config, const struct config_setting *setting)
{
    return (const char *)config + setting->offset;
}

static enum err_code set_text(struct config *config, const struct config_setting *setting,
                              struct str text, struct err *reterr)
{
    struct str copy = arena_str(&config->arena, text);
    if (copy.data == NULL) {
        return err_set(reterr, ERR_NOMEM, "out of memory");
    }
    *(const char **)field_of(config, setting) = copy.data;
    return OK;
}

static enum err_code set_url(struct config *config, const struct config_setting *setting,
                             struct str text, struct err *reterr)
{
    bool is_http = str_starts_with(text, "http://") || str_starts_with(text, "https://");
    size_t scheme_len = str_starts_with(text, "https://") ? strlen("https://") : strlen("http://");
    while (text.len > 0 && text.data[text.len - 1] == '/') {
        text.len--;
    }
    bool is_plain = true;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        is_plain = is_plain && byte > ' ' && byte < 0x7f && strchr("?#\"<>\\", byte) == NULL;
    }
    if (!is_http || !is_plain || text.len <= scheme_len) {
        return err_set(reterr, ERR_INVALID, "must be a URL such as https://relais.example.com");
    }
    return set_text(config, setting, text, reterr);
}

static bool parse_size(struct str text, int64_t *ret)
{
    int64_t unit_bytes = 1;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        size_t name_len = strlen(units[i].name);
        if (text.len > name_len &&
            str_eq_nocase(str_slice(text.data + text.len - name_len, name_len),
                          str_from(units[i].name))) {
            unit_bytes = units[i].bytes;
            text = str_trim(str_slice(text.data, text.len - name_len));
            break;
        }
    }
    int64_t count = 0;
    return str_to_int64(text, &count) && !__builtin_mul_overflow(count, unit_bytes, ret);
}

static enum err_code set_number(struct config *config, const struct config_setting *setting,
                                struct str text, struct err *reterr)
{
    int64_t value = 0;
    bool is_number = false;
    const char *kind = "a whole number";
    if (setting->type == CONFIG_SIZE) {
        kind = "a size such as 65536, 64 KiB or 8 MiB";
        is_number = parse_size(text, &value);
    } else if (setting->type == CONFIG_DURATION) {
        kind = "a duration such as PT5S, PT2M or P400D";
        is_number = duration_parse(text, &value);
    } else {
        is_number = str_to_int64(text, &value);
    }
    if (is_number && value >= setting->min && value <= setting->max) {
        *(int64_t *)field_of(config, setting) = value;
        return OK;
    }
    CLEANUP(buf_done) struct buf range;
    buf_init(&range, 256);
    config_write_number(&range, setting->type, setting->min);
    buf_append_text(&range, " to ");
    config_write_number(&range, setting->type, setting->max);
    return err_set(reterr, ERR_INVALID, "must be %s, %.*s", kind, STR_ARGS(buf_str(&range)));
}

/* "HOST:PORT" or "[HOST]:PORT" taken apart; HOST as an address. */
static bool parse_address(struct str text, struct config_address *address)
{
    const char *colon = memrchr(text.data, ':', text.len);
    if (colon == NULL) {
        return false;
    }
    size_t host_len = (size_t)(colon - text.data);
    struct str host = str_slice(text.data, host_len);
    int64_t port = 0;
    if (!str_to_int64(str_slice(colon + 1, text.len - host_len - 1), &port) || port < 0 ||
        port > UINT16_MAX) {
        return false;
    }
    bool is_bracketed = host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    if (is_bracketed) {
        host = str_slice(host.data + 1, host.len - 2);
    }
    char host_text[INET6_ADDRSTRLEN];
    if (str_is(host, "localhost")) {
        host = STR_LITERAL("127.0.0.1");
    }
    if (host.len == 0 || host.len >= sizeof host_text) {
        return false;
    }
    memcpy(host_text, host.data, host.len);
    host_text[host.len] = '\0';
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (!is_bracketed && inet_pton(AF_INET, host_text, &v4.sin_addr) == 1) {
        memcpy(&address->storage, &v4, sizeof v4);
        address->length = sizeof v4;
        return true;
    }
    if (is_bracketed && inet_pton(AF_INET6, host_text, &v6.sin6_addr) == 1) {
        memcpy(&address->storage, &v6, sizeof v6);
        address->length = sizeof v6;
        return true;
    }
    return false;
}

static enum err_code set_address(struct config *config, const struct config_setting *setting,
                                 struct str text, struct err *reterr)
{
    struct config_address address = {.length = 0};
    if (!parse_address(text, &address)) {
        return err_set(reterr, ERR_INVALID,
                       "must be an address and a port such as 127.0.0.1:8080, 0.0.0.0:80 or "
                       "[::1]:8080");
    }
    address.text = arena_str(&config->arena, text).data;
    if (address.text == NULL) {
        return err_set(reterr, ERR_NOMEM, "out of memory");
    }
    *(struct config_address *)field_of(config, setting) = address;
    return OK;
}

static enum err_code set_networks(struct config *config, const struct config_setting *setting,
                                  struct str text, struct err *reterr)
{
    struct config_networks *networks = field_of(config, setting);
    struct str rest = text;
    while (rest.data != NULL) {
        struct str item = str_trim(str_cut(&rest, ','));
        if (networks->count == CONFIG_NETWORKS_MAX) {
            return err_set(reterr, ERR_INVALID, "must be at most %d networks", CONFIG_NETWORKS_MAX);
        }
        if (!address_network_parse(item, &networks->items[networks->count])) {
            return err_set(reterr, ERR_INVALID,
                           "\"%.*s\" is not an address or network such as 10.0.0.0/8 or ::1, with "
                           "no bits set behind the prefix",
                           (int)(item.len < 64 ? item.len : 64), item.data);
        }
        networks->count++;
    }
    return OK;
}

static enum err_code set_forwarded(struct config *config, const struct config_setting *setting,
                                   struct str text, struct err *reterr)
{
    for (unsigned i = 0; i < FORWARDED_HEADER_COUNT_; i++) {
        const enum forwarded_header header = (enum forwarded_header)i;
        if (str_eq_nocase(text, str_from(forwarded_header_name(header)))) {
            *(enum forwarded_header *)field_of(config, setting) = header;
            return OK;
        }
    }
    return err_set(reterr, ERR_INVALID, "must be x-forwarded-for or forwarded");
}

static enum err_code set_rate(struct config *config, const struct config_setting *setting,
                              struct str text, struct err *reterr)
{
    struct limit_rate rate;
    if (!limit_rate_parse(text, &rate)) {
        return err_set(reterr, ERR_INVALID,
                       "must be a rate such as 100/1s, 600/1m or \"10/1m burst 30\" (s, m, h or d; "
                       "numbers up to %d; a burst refilled within a day)",
                       (int)LIMIT_REQUESTS_MAX);
    }
    *(struct limit_rate *)field_of(config, setting) = rate;
    return OK;
}

static enum err_code set_level(struct config *config, const struct config_setting *setting,
                               struct str text, struct err *reterr)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (str_is(text, level_names[i])) {
            *(enum log_level *)field_of(config, setting) = (enum log_level)i;
            return OK;
        }
    }
    return err_set(reterr, ERR_INVALID, "must be debug, info, warn or error");
}

enum err_code config_set(struct config *config, const struct config_setting *setting,
                         const char *text, struct err *reterr)
{
    struct str value = str_from(text);
    if (value.len == 0 || value.len > CONFIG_TEXT_BYTES_MAX) {
        return err_set(reterr, ERR_INVALID, "must have 1 to %d bytes", CONFIG_TEXT_BYTES_MAX);
    }
    switch (setting->type) {
    case CONFIG_TEXT:
    case CONFIG_DIRECTORY:
        return set_text(config, setting, value, reterr);
    case CONFIG_INTEGER:
    case CONFIG_SIZE:
    case CONFIG_DURATION:
        return set_number(config, setting, value, reterr);
    case CONFIG_URL:
        return set_url(config, setting, value, reterr);
    case CONFIG_ADDRESS:
        return set_address(config, setting, value, reterr);
    case CONFIG_NETWORKS:
        return set_networks(config, setting, value, reterr);
    case CONFIG_FORWARDED:
        return set_forwarded(config, setting, value, reterr);
    case CONFIG_RATE:
        return set_rate(config, setting, value, reterr);
    case CONFIG_LEVEL:
        return set_level(config, setting, value, reterr);
    case CONFIG_TYPE_COUNT_:
        break;
    }
    assert(setting->type < CONFIG_TYPE_COUNT_);
    return ERR_BUG;
}

const char *config_type_name(enum config_type type)
{
    static const char *const names[] = {
        [CONFIG_TEXT] = "TEXT",         [CONFIG_DIRECTORY] = "DIR",
        [CONFIG_INTEGER] = "N",         [CONFIG_SIZE] = "SIZE",
        [CONFIG_DURATION] = "DURATION", [CONFIG_URL] = "URL",
        [CONFIG_ADDRESS] = "HOST:PORT", [CONFIG_NETWORKS] = "NETWORKS",
        [CONFIG_FORWARDED] = "HEADER",  [CONFIG_RATE] = "RATE",
        [CONFIG_LEVEL] = "LEVEL",
    };
    static_assert(ARRAY_LEN(names) == CONFIG_TYPE_COUNT_, "a name for each type");
    assert(type < CONFIG_TYPE_COUNT_);
    return names[type];
}

static void write_size(struct buf *out, int64_t bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (bytes != 0 && bytes % units[i].bytes == 0) {
            buf_printf(out, "%" PRId64 " %s", bytes / units[i].bytes, units[i].name);
            return;
        }
    }
    buf_printf(out, "%" PRId64, bytes);
}

static void write_duration(struct buf *out, int64_t us)
{
    if (us != 0 && us % US_PER_DAY == 0) {
        buf_printf(out, "P%" PRId64 "D", us / US_PER_DAY);
    } else if (us % US_PER_SECOND == 0) {
        buf_printf(out, "PT%" PRId64 "S", us / US_PER_SECOND);
    } else {
        buf_printf(out, "PT%" PRId64 ".%06" PRId64, us / US_PER_SECOND, us % US_PER_SECOND);
        while (!out->failed && out->data[out->len - 1] == '0') {
            out->len--;
        }
        buf_append_char(out, 'S');
    }
}

void config_write_number(struct buf *out, enum config_type type, int64_t value)
{
    if (type == CONFIG_SIZE) {
        write_size(out, value);
    } else if (type == CONFIG_DURATION) {
        write_duration(out, value);
    } else {
        buf_printf(out, "%" PRId64, value);
    }
}

static void write_networks(struct buf *out, const struct config_networks *networks)
{
    for (size_t i = 0; i < networks->count; i++) {
        buf_append_text(out, i > 0 ? "," : "");
        address_network_write(out, &networks->items[i]);
    }
}

void config_write_value(struct buf *out, const struct config *config,
                        const struct config_setting *setting)
{
    const void *field = const_field_of(config, setting);
    switch (setting->type) {
    case CONFIG_TEXT:
    case CONFIG_DIRECTORY:
    case CONFIG_URL: {
        const char *text = *(const char *const *)field;
        buf_append_text(out, text == NULL ? "" : setting->is_secret ? "(set)" : text);
        break;
    }
    case CONFIG_INTEGER:
    case CONFIG_SIZE:
    case CONFIG_DURATION:
        config_write_number(out, setting->type, *(const int64_t *)field);
        break;
    case CONFIG_ADDRESS:
        buf_append_text(out, ((const struct config_address *)field)->text);
        break;
    case CONFIG_NETWORKS:
        write_networks(out, field);
        break;
    case CONFIG_FORWARDED:
        buf_append_text(out, forwarded_header_name(*(const enum forwarded_header *)field));
        break;
    case CONFIG_RATE:
        limit_rate_write(out, field);
        break;
    case CONFIG_LEVEL:
        buf_append_text(out, level_names[*(const enum log_level *)field]);
        break;
    case CONFIG_TYPE_COUNT_:
        break;
    }
}

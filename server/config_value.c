#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "config_table.h"

enum { MAPPED_PREFIX_BITS = 96 }; /* of ::ffff:0:0/96, where IPv4 addresses are kept */

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

static void map_v4(const struct in_addr *from, uint8_t to[static 16])
{
    memset(to, 0, 10);
    memset(to + 10, 0xff, 2);
    memcpy(to + 12, from, 4);
}

/* "10.0.0.0/8", "192.0.2.7", "2001:db8::/32"; bits behind the prefix must be zero. */
static bool parse_network(struct str text, struct config_network *network)
{
    struct str bits_text = text;
    struct str host = str_cut(&bits_text, '/');
    char host_text[INET6_ADDRSTRLEN];
    if (host.len == 0 || host.len >= sizeof host_text) {
        return false;
    }
    memcpy(host_text, host.data, host.len);
    host_text[host.len] = '\0';
    struct in_addr v4;
    struct in6_addr v6;
    int64_t bits_max = 128;
    if (inet_pton(AF_INET, host_text, &v4) == 1) {
        bits_max = 32;
        map_v4(&v4, network->address);
    } else if (inet_pton(AF_INET6, host_text, &v6) == 1) {
        memcpy(network->address, &v6, sizeof v6);
    } else {
        return false;
    }
    int64_t bits = bits_max;
    if (bits_text.data != NULL &&
        (!str_to_int64(bits_text, &bits) || bits < 0 || bits > bits_max)) {
        return false;
    }
    network->prefix_bits = (unsigned)(bits + (bits_max == 32 ? MAPPED_PREFIX_BITS : 0));
    for (unsigned bit = network->prefix_bits; bit < 128; bit++) {
        if ((network->address[bit / 8] >> (7 - bit % 8) & 1) != 0) {
            return false;
        }
    }
    return true;
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
        if (!parse_network(item, &networks->items[networks->count])) {
            return err_set(reterr, ERR_INVALID,
                           "\"%.*s\" is not an address or network such as 10.0.0.0/8 or ::1, with "
                           "no bits set behind the prefix",
                           (int)(item.len < 64 ? item.len : 64), item.data);
        }
        networks->count++;
    }
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
        [CONFIG_TEXT] = "TEXT",         [CONFIG_DIRECTORY] = "DIR",     [CONFIG_INTEGER] = "N",
        [CONFIG_SIZE] = "SIZE",         [CONFIG_DURATION] = "DURATION", [CONFIG_URL] = "URL",
        [CONFIG_ADDRESS] = "HOST:PORT", [CONFIG_NETWORKS] = "NETWORKS", [CONFIG_LEVEL] = "LEVEL",
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
        const struct config_network *network = &networks->items[i];
        struct in6_addr address;
        char text[INET6_ADDRSTRLEN];
        memcpy(&address, network->address, sizeof address);
        bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address) && network->prefix_bits >= MAPPED_PREFIX_BITS;
        const char *name = is_v4 ? inet_ntop(AF_INET, network->address + 12, text, sizeof text)
                                 : inet_ntop(AF_INET6, network->address, text, sizeof text);
        buf_printf(out, "%s%s/%u", i > 0 ? "," : "", name,
                   network->prefix_bits - (is_v4 ? MAPPED_PREFIX_BITS : 0U));
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
    case CONFIG_LEVEL:
        buf_append_text(out, level_names[*(const enum log_level *)field]);
        break;
    case CONFIG_TYPE_COUNT_:
        break;
    }
}

static bool peer_address(const struct sockaddr *peer, uint8_t ret[static 16])
{
    if (peer->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, peer, sizeof v4);
        map_v4(&v4.sin_addr, ret);
        return true;
    }
    if (peer->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, peer, sizeof v6);
        memcpy(ret, &v6.sin6_addr, 16);
        return true;
    }
    return false;
}

static bool is_within(const uint8_t address[static 16], const struct config_network *network)
{
    unsigned whole_bytes = network->prefix_bits / 8;
    unsigned rest_bits = network->prefix_bits % 8;
    if (memcmp(address, network->address, whole_bytes) != 0) {
        return false;
    }
    return rest_bits == 0 ||
           (address[whole_bytes] ^ network->address[whole_bytes]) >> (8 - rest_bits) == 0;
}

bool config_is_trusted_proxy(const struct config *config, const struct sockaddr *peer)
{
    uint8_t address[16];
    if (!peer_address(peer, address)) {
        return false;
    }
    for (size_t i = 0; i < config->trusted_proxies.count; i++) {
        if (is_within(address, &config->trusted_proxies.items[i])) {
            return true;
        }
    }
    return false;
}

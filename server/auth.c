#include "auth.h"

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { PREFIX_BYTES = 10, RANDOM_CHARS = 43, CHECK_CHARS = 6, BASE = 62 };

/* CRC-32 (IEEE 802.3, reflected polynomial 0xEDB88320), half a byte at a time: each request brings
 * a key. The table has what four steps bit by bit make of each half. */
static uint32_t crc32_of(const char *data, size_t len)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    uint32_t crc = 0xFFFFFFFFU;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)data[i];
        crc = (crc >> 4) ^ table[crc & 15U];
        crc = (crc >> 4) ^ table[crc & 15U];
    }
    return ~crc;
}

static void write_check(const char *data, size_t len, char out[static CHECK_CHARS])
{
    uint32_t crc = crc32_of(data, len);
    for (int i = CHECK_CHARS - 1; i >= 0; i--) {
        out[i] = alphabet[crc % BASE];
        crc /= BASE;
    }
}

/* Characters without bias: bytes of 248 and more are drawn again. */
static void write_random(char *out, size_t count)
{
    size_t made = 0;
    while (made < count) {
        uint8_t bytes[64];
        random_bytes(bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes && made < count; i++) {
            if (bytes[i] < 4 * BASE) {
                out[made++] = alphabet[bytes[i] % BASE];
            }
        }
    }
}

void key_make(bool is_publishable, char out[static KEY_TEXT_BYTES])
{
    memcpy(out, is_publishable ? "relais_pk_" : "relais_sk_", PREFIX_BYTES);
    write_random(out + PREFIX_BYTES, RANDOM_CHARS);
    write_check(out, PREFIX_BYTES + RANDOM_CHARS, out + PREFIX_BYTES + RANDOM_CHARS);
    out[PREFIX_BYTES + RANDOM_CHARS + CHECK_CHARS] = '\0';
}

bool key_is_plausible(struct str text)
{
    if (text.len != PREFIX_BYTES + RANDOM_CHARS + CHECK_CHARS ||
        !(str_starts_with(text, "relais_sk_") || str_starts_with(text, "relais_pk_"))) {
        return false;
    }
    char check[CHECK_CHARS];
    write_check(text.data, PREFIX_BYTES + RANDOM_CHARS, check);
    return memcmp(check, text.data + PREFIX_BYTES + RANDOM_CHARS, CHECK_CHARS) == 0;
}

void key_hash(struct str text, char out[static 2 * SHA256_BYTES + 1])
{
    const struct sha256 hash = sha256_of(text);
    (void)sha256_format(&hash, out);
}

static struct str bearer(const struct request *request)
{
    const struct str header = http_header(request->message, "Authorization");
    struct str rest = header;
    const struct str scheme = str_cut(&rest, ' ');
    return str_eq_nocase(scheme, STR_LITERAL("Bearer")) ? str_trim(rest) : header;
}

/* The key of this text; NULL: there is none, or it has run out. */
static const struct api_key *find_key(const struct request *request, struct str text)
{
    if (!key_is_plausible(text)) {
        return NULL;
    }
    const struct sha256 hash = sha256_of(text);
    const struct api_key *key = catalog_key_by_hash(request->catalog, &hash);
    const bool is_over = key != NULL && key->expires_at_us != TIME_NONE &&
                         key->expires_at_us <= clock_wall_us();
    return is_over ? NULL : key;
}

static bool is_in_scope(const struct request *request, unsigned scopes)
{
    return (scopes & (request->route->scope | SCOPE_ADMIN)) != 0;
}

bool auth_identify(struct request *request)
{
    request->principal = (struct principal){.actor = STR_LITERAL("anonymous")};
    const struct str text = bearer(request);
    if (text.data == NULL) {
        return true;
    }
    const struct api_key *key = find_key(request, text);
    if (key == NULL) {
        return false;
    }
    store_note_key_use(request->app->store, key->id);
    char id[UUID_TEXT_BYTES];
    const bool is_member = !uuid_is_nil(key->member_id);
    (void)uuid_format(is_member ? key->member_id : key->id, id);
    request->principal = (struct principal){
        .is_authenticated = true,
        .scopes = key->scopes,
        .is_publishable = key->is_publishable,
        .key_id = key->id,
        .member_id = key->member_id,
        .form = key->form,
        .actor = str_from(arena_printf(request->arena, "%s:%s", is_member ? "member" : "key", id)),
    };
    return true;
}

enum err_code auth_check(const struct request *request)
{
    const unsigned scope = request->route->scope;
    const struct principal *principal = &request->principal;
    if (scope == SCOPE_NONE) {
        return OK;
    }
    if (!principal->is_authenticated) {
        /* Whether a form needs a key is the form's to say, so its handler asks. */
        return scope == SCOPE_SUBMIT ? OK : ERR_UNAUTHENTICATED;
    }
    if (principal->is_publishable) {
        return scope == SCOPE_SUBMIT ? OK : ERR_FORBIDDEN;
    }
    return is_in_scope(request, principal->scopes) ? OK : ERR_FORBIDDEN;
}

bool auth_still_holds(const struct request *request)
{
    const struct api_key *key = find_key(request, bearer(request));
    return key != NULL && !key->is_publishable && is_in_scope(request, key->scopes);
}

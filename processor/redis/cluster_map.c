#include "redis/cluster_map.h"

#include "common/assure.h"
#include "redis/address_list.h"
#include "redis/packed_keys.h"

enum { PORT_MAX = 65535 };

// CRC-16/XMODEM, as Redis has it.
static unsigned crc16(struct view bytes)
{
    unsigned crc = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        crc ^= (unsigned)(unsigned char)bytes.p[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1;
        }
    }
    return crc;
}

unsigned cluster_slot(struct view key)
{
    const char *open = memchr(key.p, '{', key.n);
    if (open != NULL) {
        struct view rest = view_skip(key, (size_t)(open - key.p) + 1);
        const char *close = memchr(rest.p, '}', rest.n);
        if (close != NULL && close > rest.p) {
            key = (struct view){rest.p, (size_t)(close - rest.p)};
        }
    }
    return crc16(key) % CLUSTER_SLOT_COUNT;
}

unsigned cluster_slot_of_tag(unsigned tag)
{
    static const char digits[] = "0123456789abcdef";
    ASSURE(tag < HASH_TAG_COUNT);
    const char text[] = {digits[tag >> 4], digits[tag & 15]};
    return cluster_slot(view_bytes(text, sizeof text));
}

// A host that the server leaves out is the one that was asked.
static bool add_address(
        struct strbuf *ret_address, struct view host, struct view port, struct view asked)
{
    bool is_left_out = host.n == 0 || view_is(host, "?");
    return address_join(ret_address, is_left_out ? address_host(asked) : host, port);
}

// --- redirections -------------------------------------------------------------------------------

enum redirect cluster_read_redirect(
        const redisReply *reply, struct view asked, struct strbuf *ret_address)
{
    struct view code = redis_reply_error_code(reply);
    if (view_is(code, "TRYAGAIN")) {
        return REDIRECT_AGAIN;
    }
    if (!view_is(code, "MOVED") && !view_is(code, "ASK")) {
        return REDIRECT_NONE;
    }
    // MOVED 3999 127.0.0.1:6381
    struct view text = {reply->str, reply->len};
    const char *space = memrchr(text.p, ' ', text.n);
    struct view address = space != NULL ? view_skip(text, (size_t)(space - text.p) + 1) : VIEW("");
    const char *colon = memrchr(address.p, ':', address.n);
    if (colon == NULL) {
        return REDIRECT_NONE;
    }
    struct view host = {address.p, (size_t)(colon - address.p)};
    struct view port = view_skip(address, host.n + 1);
    if (!add_address(ret_address, host, port, asked)) {
        return REDIRECT_NONE;
    }
    return view_is(code, "MOVED") ? REDIRECT_MOVED : REDIRECT_ASK;
}

// --- CLUSTER SLOTS ------------------------------------------------------------------------------

static bool is_range(const redisReply *range)
{
    return range->type == REDIS_REPLY_ARRAY && range->elements >= 3 &&
           range->element[0]->type == REDIS_REPLY_INTEGER &&
           range->element[1]->type == REDIS_REPLY_INTEGER &&
           range->element[2]->type == REDIS_REPLY_ARRAY && range->element[2]->elements >= 2;
}

// [host or nothing, port, ...]
static bool add_node(struct strbuf *ret_address, const redisReply *node, struct view asked)
{
    const redisReply *host = node->element[0];
    const redisReply *port = node->element[1];
    if (port->type != REDIS_REPLY_INTEGER || port->integer < 1 || port->integer > PORT_MAX ||
            (host->type != REDIS_REPLY_STRING && host->type != REDIS_REPLY_NIL)) {
        return false;
    }
    struct strbuf digits;
    strbuf_init(&digits, 16);
    strbuf_add_i64(&digits, port->integer);
    struct view name =
            host->type == REDIS_REPLY_STRING ? (struct view){host->str, host->len} : VIEW("");
    bool is_good = digits.failed == ERR_NONE &&
                   add_address(ret_address, name, strbuf_view(&digits), asked);
    strbuf_fini(&digits);
    return is_good;
}

enum err cluster_read_owner(
        const redisReply *reply, unsigned slot, struct view asked, struct strbuf *ret_address)
{
    if (reply->type != REDIS_REPLY_ARRAY) {
        return ERR_DATA;
    }
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *range = reply->element[i];
        if (!is_range(range)) {
            return ERR_DATA;
        }
        if (range->element[0]->integer <= (long long)slot &&
                (long long)slot <= range->element[1]->integer) {
            return add_node(ret_address, range->element[2], asked) ? ERR_NONE : ERR_DATA;
        }
    }
    return ERR_UNAVAILABLE;
}

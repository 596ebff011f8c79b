#include "common/digest.h"

// The one-shot and EVP forms of HMAC cost 200–2,300 ns; a copied SHA256_CTX costs 107 (limits.md
// §4). OpenSSL 3 deprecates this interface, but it is there and hashes with the same assembly.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <endian.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum {
    BLOCK_BYTES = 64,
    BLOCK_TEXT_MAX_BYTES = BLOCK_BYTES - 9, // beside the bit and the length behind it
};

struct mac_key {
    SHA256_CTX inner;
    SHA256_CTX outer;
};

// In three steps, since SHA256() looks the hash up anew and takes memory for it each time.
void digest_sha256(struct view bytes, uint8_t ret_digest[SHA256_BYTES])
{
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, bytes.p, bytes.n);
    SHA256_Final(ret_digest, &ctx);
}

void hex_add(struct strbuf *sb, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        strbuf_add(sb, pair, 2);
    }
}

bool hex_read(struct view text, uint8_t *ret_bytes, size_t n)
{
    if (text.n != 2 * n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int high = hex_value(text.p[2 * i]);
        int low = hex_value(text.p[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void digest_add_sha256_hex(struct strbuf *sb, struct view text, unsigned bytes)
{
    uint8_t digest[SHA256_BYTES];
    digest_sha256(text, digest);
    hex_add(sb, digest, bytes);
}

struct mac_key *mac_key_create(const uint8_t *key, size_t key_bytes)
{
    struct mac_key *mac = malloc(sizeof *mac);
    if (mac == NULL) {
        return NULL;
    }
    uint8_t block[BLOCK_BYTES] = {0};
    if (key_bytes > BLOCK_BYTES) {
        SHA256(key, key_bytes, block);
    } else if (key_bytes > 0) {
        memcpy(block, key, key_bytes);
    }
    for (int i = 0; i < BLOCK_BYTES; i++) {
        block[i] ^= 0x36;
    }
    SHA256_Init(&mac->inner);
    SHA256_Update(&mac->inner, block, BLOCK_BYTES);
    for (int i = 0; i < BLOCK_BYTES; i++) {
        block[i] ^= 0x36 ^ 0x5c;
    }
    SHA256_Init(&mac->outer);
    SHA256_Update(&mac->outer, block, BLOCK_BYTES);
    OPENSSL_cleanse(block, sizeof block);
    return mac;
}

void mac_key_destroy(struct mac_key *key)
{
    if (key != NULL) {
        OPENSSL_cleanse(key, sizeof *key);
        free(key);
    }
}

static void put_words(const SHA256_CTX *ctx, uint8_t *to)
{
    for (size_t i = 0; i < SHA256_BYTES / sizeof(uint32_t); i++) {
        uint32_t word = htobe32(ctx->h[i]);
        memcpy(to + i * sizeof word, &word, sizeof word);
    }
}

// The last block of a text: `n` bytes of it (which are there already), a bit, zeros, and the text's
// length in bits, the key's block counted.
static void finish_block(uint8_t block[BLOCK_BYTES], size_t n)
{
    block[n] = 0x80;
    memset(block + n + 1, 0, BLOCK_BYTES - n - 1);
    uint64_t bits = htobe64((BLOCK_BYTES + n) * 8);
    memcpy(block + BLOCK_BYTES - sizeof bits, &bits, sizeof bits);
}

// What is signed for every message fits into a block: two compressions, without the bookkeeping of
// SHA256_Update and SHA256_Final around them.
static void sign_block(const struct mac_key *key, uint8_t block[BLOCK_BYTES], size_t n,
        uint8_t ret_mac[SHA256_BYTES])
{
    SHA256_CTX ctx;
    memcpy(ctx.h, key->inner.h, sizeof ctx.h);
    finish_block(block, n);
    SHA256_Transform(&ctx, block);
    put_words(&ctx, block);
    memcpy(ctx.h, key->outer.h, sizeof ctx.h);
    finish_block(block, SHA256_BYTES);
    SHA256_Transform(&ctx, block);
    put_words(&ctx, ret_mac);
}

void mac_sign_parts(const struct mac_key *key, const struct view *parts, size_t part_count,
        uint8_t ret_mac[SHA256_BYTES])
{
    uint8_t block[BLOCK_BYTES];
    size_t n = 0;
    size_t part = 0;
    while (part < part_count && parts[part].n <= BLOCK_TEXT_MAX_BYTES - n) {
        if (parts[part].n > 0) {
            memcpy(block + n, parts[part].p, parts[part].n);
        }
        n += parts[part++].n;
    }
    if (part == part_count) {
        sign_block(key, block, n, ret_mac);
        return;
    }
    uint8_t digest[SHA256_BYTES];
    SHA256_CTX ctx = key->inner;
    for (size_t i = 0; i < part_count; i++) {
        SHA256_Update(&ctx, parts[i].p, parts[i].n);
    }
    SHA256_Final(digest, &ctx);
    ctx = key->outer;
    SHA256_Update(&ctx, digest, sizeof digest);
    SHA256_Final(ret_mac, &ctx);
}

static char *put_quad(char *to, const uint8_t *bytes, const char *alphabet)
{
    uint32_t group = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
    to[0] = alphabet[group >> 18];
    to[1] = alphabet[group >> 12 & 63];
    to[2] = alphabet[group >> 6 & 63];
    to[3] = alphabet[group & 63];
    return to + 4;
}

static void base64_add_with(
        struct strbuf *sb, const uint8_t *bytes, size_t n, const char *alphabet, bool padded)
{
    size_t rest = n % 3;
    char *room = strbuf_room(sb, n / 3 * 4 + (rest > 0 ? 4 : 0));
    if (room == NULL) {
        return;
    }
    char *to = room;
    for (const uint8_t *end = bytes + n - rest; bytes < end; bytes += 3) {
        to = put_quad(to, bytes, alphabet);
    }
    if (rest > 0) {
        const uint8_t last[3] = {bytes[0], rest > 1 ? bytes[1] : 0, 0};
        put_quad(to, last, alphabet);
        to += rest + 1;
        for (size_t i = rest; i < 3 && padded; i++) {
            *to++ = '=';
        }
    }
    strbuf_grown(sb, (size_t)(to - room));
}

void base64url_add(struct strbuf *sb, const uint8_t *bytes, size_t n)
{
    base64_add_with(sb, bytes, n,
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false);
}

void base64_add(struct strbuf *sb, const uint8_t *bytes, size_t n)
{
    base64_add_with(
            sb, bytes, n, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

enum err base64_decode(struct strbuf *sb, struct view text)
{
    if (text.n % 4 != 0) {
        return ERR_DATA;
    }
    for (size_t at = 0; at < text.n; at += 4) {
        bool last = at + 4 == text.n;
        size_t pads = 0;
        if (last && text.p[at + 3] == '=') {
            pads = text.p[at + 2] == '=' ? 2 : 1;
        }
        uint32_t group = 0;
        for (size_t i = 0; i < 4; i++) {
            int value = i >= 4 - pads ? 0 : base64_value(text.p[at + i]);
            if (value < 0) {
                return ERR_DATA;
            }
            group = group << 6 | (uint32_t)value;
        }
        // The bits that the padding cuts off must be zero, else two texts would stand for one
        // value.
        if ((pads == 1 && (group & 0xff) != 0) || (pads == 2 && (group & 0xffff) != 0)) {
            return ERR_DATA;
        }
        uint8_t bytes[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group};
        strbuf_add(sb, bytes, 3 - pads);
    }
    return sb->failed;
}

// SHA-256 and HMAC-SHA256 (OpenSSL), hex and base64.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"

enum { SHA256_BYTES = 32 };

void digest_sha256(struct view bytes, uint8_t ret_digest[SHA256_BYTES]);
// Appends the first `bytes` bytes of SHA-256 over `text` as lower-case hex.
void digest_add_sha256_hex(struct strbuf *sb, struct view text, unsigned bytes);

// A key prepared once, so that each MAC costs two compressions less. One thread at a time.
struct mac_key;
struct mac_key *mac_key_create(const uint8_t *key, size_t key_bytes);
void mac_key_destroy(struct mac_key *key);
// HMAC-SHA256 over the parts, one behind the other, as if they were one run of bytes.
void mac_sign_parts(const struct mac_key *key, const struct view *parts, size_t part_count,
        uint8_t ret_mac[SHA256_BYTES]);

void hex_add(struct strbuf *sb, const uint8_t *bytes, size_t n);
// What a lower-case digit stands for; -1 for what is none.
static inline int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
// Exactly `n` bytes in lower-case digits; false for anything else, and what was read by then stays.
bool hex_read(struct view text, uint8_t *ret_bytes, size_t n);
// RFC 4648 §5 without padding.
void base64url_add(struct strbuf *sb, const uint8_t *bytes, size_t n);
// RFC 4648 §4 with padding.
void base64_add(struct strbuf *sb, const uint8_t *bytes, size_t n);
// Strict RFC 4648 §4. ERR_DATA when it is not well formed; what was appended by then stays.
MUST_CHECK enum err base64_decode(struct strbuf *sb, struct view text);

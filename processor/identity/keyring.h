// The keys under which recipients become pseudonyms: HMAC-SHA256(key, kind ":" canonical), first 16
// bytes. Two may be there at once, current and previous, so that they can be rotated. Not for
// threads to share: one each.
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "identity/recipient.h"

enum { PSEUDONYM_BYTES = 16, TENANT_TAG_BYTES = 6, LOAN_TAG_BYTES = 8, KEY_ID_MAX_BYTES = 32 };
enum { PSEUDONYM_TEXT_BYTES = 22 }; // behind "kid:"

struct pseudonym {
    uint8_t bytes[PSEUDONYM_BYTES];
};

struct keyring;
struct keyring_key; // borrowed from its keyring

// `key` is at least 16 bytes. The id is 1–32 of [A-Za-z0-9._-]. ERR_CONFIG otherwise.
MUST_CHECK enum err keyring_create(struct keyring **ret_ring, struct view current_id,
        struct view current_key, struct view previous_id, struct view previous_key);
void keyring_destroy(struct keyring *ring);
// The ring of a replay without a config: id "demo", 32 zero bytes.
MUST_CHECK enum err keyring_create_demo(struct keyring **ret_ring);
// Reads the keys from files: 64 hex digits or 32–64 raw bytes; one line feed at the end is cut.
// `previous_path` NULL = none. `ret_why` gets the reason in words when it fails.
MUST_CHECK enum err keyring_load(struct keyring **ret_ring, const char *current_id,
        const char *current_path, const char *previous_id, const char *previous_path,
        struct strbuf *ret_why);

const struct keyring_key *keyring_current(const struct keyring *ring);
// NULL when there is none.
const struct keyring_key *keyring_previous(const struct keyring *ring);
// NULL when no key has that id.
const struct keyring_key *keyring_find(const struct keyring *ring, struct view id);
struct view keyring_key_id(const struct keyring_key *key);

struct pseudonym keyring_pseudonym(const struct keyring_key *key, struct recipient recipient);
// First 6 bytes of HMAC(key, "tenant:" id); first 8 of HMAC(key, "loan:" loan). The tenant is not
// in the loan's tag, so that a message that names a loan but no tenant can be compared too.
void keyring_tenant_tag(
        const struct keyring_key *key, struct view tenant_id, uint8_t ret_tag[TENANT_TAG_BYTES]);
void keyring_loan_tag(
        const struct keyring_key *key, struct view loan_id, uint8_t ret_tag[LOAN_TAG_BYTES]);

// "kid:base64url", as it leaves the process.
void pseudonym_add(
        struct strbuf *sb, const struct keyring_key *key, const struct pseudonym *pseudonym);
// Whether the text is such a one of that key. No number looks like one.
bool pseudonym_is_text(struct view text, const struct keyring_key *key);

#include "identity/keyring.h"

#include <stdlib.h>

#include "common/digest.h"
#include "common/hash.h"
#include "identity/key_file.h"

enum { KEY_MIN_BYTES = 16, RING_MAX = 2, MEMO_ENTRIES = 256, MEMO_TEXT_BYTES = 57 };

// Tags of tenants seen lately, direct-mapped: lenders are few, and each message names one.
struct tag_memo {
    uint8_t text_bytes; // 0 = free
    char text[MEMO_TEXT_BYTES];
    uint8_t tag[TENANT_TAG_BYTES];
};

struct keyring_key {
    char id[KEY_ID_MAX_BYTES];
    size_t id_bytes;
    struct mac_key *mac;
    struct tag_memo *tenants; // MEMO_ENTRIES
};

struct keyring {
    struct keyring_key keys[RING_MAX]; // the current one first
    size_t count;
};

// --- making and unmaking ---------------------------------------------------------------------

static bool id_is_good(struct view id)
{
    if (id.n == 0 || id.n > KEY_ID_MAX_BYTES) {
        return false;
    }
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

static enum err ring_add(struct keyring *ring, struct view id, struct view key)
{
    if (!id_is_good(id) || key.n < KEY_MIN_BYTES || keyring_find(ring, id) != NULL) {
        return ERR_CONFIG;
    }
    struct keyring_key *slot = &ring->keys[ring->count];
    slot->mac = mac_key_create((const uint8_t *)key.p, key.n);
    slot->tenants = calloc(MEMO_ENTRIES, sizeof *slot->tenants);
    memcpy(slot->id, id.p, id.n);
    slot->id_bytes = id.n;
    ring->count++;
    return slot->mac != NULL && slot->tenants != NULL ? ERR_NONE : ERR_NO_MEMORY;
}

enum err keyring_create(struct keyring **ret_ring, struct view current_id, struct view current_key,
        struct view previous_id, struct view previous_key)
{
    if (view_is_none(previous_id) != view_is_none(previous_key)) {
        return ERR_CONFIG;
    }
    struct keyring *ring = calloc(1, sizeof *ring);
    if (ring == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = ring_add(ring, current_id, current_key);
    if (e == ERR_NONE && !view_is_none(previous_id)) {
        e = ring_add(ring, previous_id, previous_key);
    }
    if (e != ERR_NONE) {
        keyring_destroy(ring);
        return e;
    }
    *ret_ring = ring;
    return ERR_NONE;
}

void keyring_destroy(struct keyring *ring)
{
    if (ring == NULL) {
        return;
    }
    for (size_t i = 0; i < ring->count; i++) {
        mac_key_destroy(ring->keys[i].mac); // wipes it
        free(ring->keys[i].tenants);
    }
    free(ring);
}

enum err keyring_create_demo(struct keyring **ret_ring)
{
    static const char zeros[32];
    return keyring_create(
            ret_ring, VIEW("demo"), view_bytes(zeros, sizeof zeros), VIEW_NONE, VIEW_NONE);
}

// --- key files -------------------------------------------------------------------------------

static enum err check_id(const char *name, const char *id, struct strbuf *ret_why)
{
    if (id_is_good(view_of(id))) {
        return ERR_NONE;
    }
    strbuf_printf(
            ret_why, "%s key id: expected 1 to %d of A-Z a-z 0-9 . _ -", name, KEY_ID_MAX_BYTES);
    return ERR_CONFIG;
}

static enum err check_ids(
        const char *current_id, const char *previous_id, bool has_previous, struct strbuf *ret_why)
{
    enum err e = check_id("current", current_id, ret_why);
    if (e != ERR_NONE || !has_previous) {
        return e;
    }
    e = check_id("previous", previous_id, ret_why);
    if (e == ERR_NONE && strcmp(current_id, previous_id) == 0) {
        strbuf_printf(ret_why, "current and previous key have the same id, %s", current_id);
        e = ERR_CONFIG;
    }
    return e;
}

enum err keyring_load(struct keyring **ret_ring, const char *current_id, const char *current_path,
        const char *previous_id, const char *previous_path, struct strbuf *ret_why)
{
    bool has_previous = previous_path != NULL;
    enum err e = check_ids(current_id, previous_id, has_previous, ret_why);
    if (e != ERR_NONE) {
        return e;
    }
    struct file_key current = {0};
    struct file_key previous = {0};
    e = key_file_read(&current, current_path, ret_why);
    if (e == ERR_NONE && has_previous) {
        e = key_file_read(&previous, previous_path, ret_why);
    }
    if (e == ERR_NONE) {
        e = keyring_create(ret_ring, view_of(current_id), view_bytes(current.bytes, current.n),
                has_previous ? view_of(previous_id) : VIEW_NONE,
                has_previous ? view_bytes(previous.bytes, previous.n) : VIEW_NONE);
        if (e != ERR_NONE) {
            strbuf_add_text(ret_why, err_text(e));
        }
    }
    key_file_wipe(&current);
    key_file_wipe(&previous);
    return e;
}

// --- use -------------------------------------------------------------------------------------

const struct keyring_key *keyring_current(const struct keyring *ring)
{
    return &ring->keys[0];
}

const struct keyring_key *keyring_previous(const struct keyring *ring)
{
    return ring->count > 1 ? &ring->keys[1] : NULL;
}

const struct keyring_key *keyring_find(const struct keyring *ring, struct view id)
{
    for (size_t i = 0; i < ring->count; i++) {
        if (view_equal(keyring_key_id(&ring->keys[i]), id)) {
            return &ring->keys[i];
        }
    }
    return NULL;
}

struct view keyring_key_id(const struct keyring_key *key)
{
    return (struct view){key->id, key->id_bytes};
}

struct pseudonym keyring_pseudonym(const struct keyring_key *key, struct recipient recipient)
{
    const struct view parts[] = {
            view_of(recipient_kind_names[recipient.kind]), VIEW(":"), recipient.canonical};
    uint8_t mac[SHA256_BYTES];
    mac_sign_parts(key->mac, parts, sizeof parts / sizeof parts[0], mac);
    struct pseudonym pseudonym;
    memcpy(pseudonym.bytes, mac, sizeof pseudonym.bytes);
    return pseudonym;
}

void keyring_tenant_tag(
        const struct keyring_key *key, struct view tenant_id, uint8_t ret_tag[TENANT_TAG_BYTES])
{
    struct tag_memo *memo = &key->tenants[hash_bytes(tenant_id.p, tenant_id.n, 0) % MEMO_ENTRIES];
    bool fits = tenant_id.n > 0 && tenant_id.n <= sizeof memo->text;
    if (fits && memo->text_bytes == tenant_id.n &&
            memcmp(memo->text, tenant_id.p, tenant_id.n) == 0) {
        memcpy(ret_tag, memo->tag, TENANT_TAG_BYTES);
        return;
    }
    const struct view parts[] = {VIEW("tenant:"), tenant_id};
    uint8_t mac[SHA256_BYTES];
    mac_sign_parts(key->mac, parts, sizeof parts / sizeof parts[0], mac);
    memcpy(ret_tag, mac, TENANT_TAG_BYTES);
    if (fits) {
        memo->text_bytes = (uint8_t)tenant_id.n;
        memcpy(memo->text, tenant_id.p, tenant_id.n);
        memcpy(memo->tag, mac, TENANT_TAG_BYTES);
    }
}

void keyring_loan_tag(
        const struct keyring_key *key, struct view loan_id, uint8_t ret_tag[LOAN_TAG_BYTES])
{
    const struct view parts[] = {VIEW("loan:"), loan_id};
    uint8_t mac[SHA256_BYTES];
    mac_sign_parts(key->mac, parts, sizeof parts / sizeof parts[0], mac);
    memcpy(ret_tag, mac, LOAN_TAG_BYTES);
}

void pseudonym_add(
        struct strbuf *sb, const struct keyring_key *key, const struct pseudonym *pseudonym)
{
    strbuf_add_view(sb, keyring_key_id(key));
    strbuf_add_byte(sb, ':');
    base64url_add(sb, pseudonym->bytes, sizeof pseudonym->bytes);
}

bool pseudonym_is_text(struct view text, const struct keyring_key *key)
{
    struct view id = keyring_key_id(key);
    if (text.n != id.n + 1 + PSEUDONYM_TEXT_BYTES || !view_starts_with(text, id) ||
            text.p[id.n] != ':') {
        return false;
    }
    for (size_t i = id.n + 1; i < text.n; i++) {
        char c = text.p[i];
        bool is_digit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                        (c >= 'a' && c <= 'z') || c == '-' || c == '_';
        if (!is_digit) {
            return false;
        }
    }
    return true;
}

#include "control/control_keys.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/digest.h"
#include "common/json_canonical.h"
#include "identity/key_file.h"

enum { KEYS_MAX = 2, FORM_MAX_BYTES = 4 * 1024 * 1024, HEX_DIGITS = 2 * SHA256_BYTES };

struct control_keys {
    struct mac_key *keys[KEYS_MAX]; // the current one first
    size_t count;
};

static enum err add_key(struct control_keys *keys, const char *path, struct strbuf *ret_why)
{
    struct file_key file;
    enum err e = key_file_read(&file, path, ret_why);
    if (e == ERR_NONE) {
        keys->keys[keys->count] = mac_key_create(file.bytes, file.n);
        e = keys->keys[keys->count] != NULL ? ERR_NONE : ERR_NO_MEMORY;
        keys->count += e == ERR_NONE;
    }
    key_file_wipe(&file);
    return e;
}

enum err control_keys_load(struct control_keys **ret_keys, const char *path,
        const char *previous_path, struct strbuf *ret_why)
{
    struct control_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = path != NULL ? add_key(keys, path, ret_why) : ERR_NONE;
    if (e == ERR_NONE && path != NULL && previous_path != NULL) {
        e = add_key(keys, previous_path, ret_why);
    }
    if (e != ERR_NONE) {
        control_keys_destroy(keys);
        return e;
    }
    *ret_keys = keys;
    return ERR_NONE;
}

void control_keys_destroy(struct control_keys *keys)
{
    if (keys != NULL) {
        for (size_t i = 0; i < keys->count; i++) {
            mac_key_destroy(keys->keys[i]); // wipes it
        }
        free(keys);
    }
}

bool control_keys_are_there(const struct control_keys *keys)
{
    return keys->count > 0;
}

// Appends the hex MAC by one key over the record's canonical form.
static void add_mac(const struct mac_key *key, struct view form, struct strbuf *sb)
{
    uint8_t mac[SHA256_BYTES];
    mac_sign_parts(key, &form, 1, mac);
    hex_add(sb, mac, sizeof mac);
}

// Takes as long whatever the texts are, so that nobody finds out a signature digit by digit.
static bool is_same(struct view a, struct view b)
{
    unsigned difference = a.n != b.n;
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        difference |= (unsigned char)a.p[i] ^ (unsigned char)b.p[i];
    }
    return difference == 0;
}

static bool is_by_a_key(const struct control_keys *keys, struct view form, struct view signature)
{
    bool is_signed = false;
    struct strbuf hex;
    strbuf_init(&hex, HEX_DIGITS + 1);
    for (size_t i = 0; i < keys->count; i++) {
        strbuf_reset(&hex);
        add_mac(keys->keys[i], form, &hex);
        is_signed = is_signed || (hex.failed == ERR_NONE && is_same(strbuf_view(&hex), signature));
    }
    strbuf_fini(&hex);
    return is_signed;
}

enum control_signature control_keys_check(const struct control_keys *keys, struct view json,
        struct view signature, struct arena *arena)
{
    if (keys->count == 0) {
        return CONTROL_NOT_ASKED;
    }
    if (view_is_none(signature)) {
        return CONTROL_UNSIGNED;
    }
    struct strbuf form;
    strbuf_init(&form, FORM_MAX_BYTES);
    enum err e = json_canonicalise(&form, json, "signature", arena);
    enum control_signature answer =
            e == ERR_NO_MEMORY ? CONTROL_NO_ROOM
            : e == ERR_NONE && is_by_a_key(keys, strbuf_view(&form), signature)
                    ? CONTROL_SIGNED
                    : CONTROL_BADLY_SIGNED;
    strbuf_fini(&form);
    return answer;
}

enum err control_keys_sign(const struct control_keys *keys, struct view json, struct arena *arena,
        struct strbuf *signature)
{
    ASSURE(keys->count > 0);
    struct strbuf form;
    strbuf_init(&form, FORM_MAX_BYTES);
    enum err e = json_canonicalise(&form, json, "signature", arena);
    if (e == ERR_NONE) {
        add_mac(keys->keys[0], strbuf_view(&form), signature);
        e = signature->failed;
    }
    strbuf_fini(&form);
    return e;
}

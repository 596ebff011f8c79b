#include "audit/audit_keys.h"

#include <string.h>

#include "identity/key_file.h"

enum err audit_keys_add(
        struct audit_keys *keys, struct view id, const char *path, struct strbuf *ret_why)
{
    if (keys->count == AUDIT_KEYS_MAX) {
        strbuf_printf(ret_why, "no room for more than %d audit keys", AUDIT_KEYS_MAX);
        return ERR_CEILING;
    }
    if (id.n == 0 || id.n > AUDIT_KEY_ID_MAX_BYTES || audit_keys_find(keys, id) != NULL) {
        strbuf_printf(ret_why, "audit key id '%.*s': expected 1 to %d bytes, each key its own",
                VIEW_ARGS(id), AUDIT_KEY_ID_MAX_BYTES);
        return ERR_CONFIG;
    }
    struct file_key file = {0};
    enum err e = key_file_read(&file, path, ret_why);
    struct audit_key *key = &keys->keys[keys->count];
    if (e == ERR_NONE) {
        memcpy(key->id, id.p, id.n);
        key->id[id.n] = '\0';
        key->mac = mac_key_create(file.bytes, file.n);
        e = key->mac != NULL ? ERR_NONE : ERR_NO_MEMORY;
    }
    key_file_wipe(&file);
    keys->count += e == ERR_NONE;
    return e;
}

const struct audit_key *audit_keys_find(const struct audit_keys *keys, struct view id)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (view_is(id, keys->keys[i].id)) {
            return &keys->keys[i];
        }
    }
    return NULL;
}

const struct audit_key *audit_keys_current(const struct audit_keys *keys)
{
    return keys->count > 0 ? &keys->keys[0] : NULL;
}

void audit_keys_fini(struct audit_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        mac_key_destroy(keys->keys[i].mac); // wipes it
    }
    keys->count = 0;
}

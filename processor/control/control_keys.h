// The keys that commands of operators are signed with: hex HMAC-SHA256 over the record's form by
// RFC 8785 without its member `signature`. Two may be there at once, current and previous, so that
// they can be rotated. One thread at a time.
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "common/strbuf.h"

struct control_keys;

enum control_signature {
    CONTROL_NOT_ASKED, // there is no key: everything is taken
    CONTROL_SIGNED,
    CONTROL_UNSIGNED,
    CONTROL_BADLY_SIGNED, // by neither key, or not hex, or the record has no such form
    CONTROL_NO_ROOM,      // the arena is full: nothing is known
};

// From files (identity/key_file.h); both NULL = no key. `ret_why` gets the reason when it fails.
MUST_CHECK enum err control_keys_load(struct control_keys **ret_keys, const char *path,
        const char *previous_path, struct strbuf *ret_why);
void control_keys_destroy(struct control_keys *keys);
bool control_keys_are_there(const struct control_keys *keys);

// `json` is a record that json_scan found fine, `signature` its member's value, none = it has none.
enum control_signature control_keys_check(const struct control_keys *keys, struct view json,
        struct view signature, struct arena *arena);
// Appends the signature of such a record by the current key. Only where there is one.
MUST_CHECK enum err control_keys_sign(const struct control_keys *keys, struct view json,
        struct arena *arena, struct strbuf *signature);

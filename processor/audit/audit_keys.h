// The keys of the audit log, each under its name. The first one is what is written with; the others
// are there to check what was written before they were replaced.
#pragma once

#include <stdbool.h>

#include "common/digest.h"
#include "common/err.h"
#include "common/strbuf.h"

enum { AUDIT_KEYS_MAX = 8, AUDIT_KEY_ID_MAX_BYTES = 32 };

struct audit_key {
    char id[AUDIT_KEY_ID_MAX_BYTES + 1];
    struct mac_key *mac;
};

struct audit_keys {
    struct audit_key keys[AUDIT_KEYS_MAX];
    size_t count;       // 0: lines are chained by SHA-256 alone
    bool knows_current; // the first one is the one that is in force, and not just the first given
};

// Reads a key file and puts the key behind the others. ERR_CONFIG, ERR_CEILING, ERR_NO_MEMORY with
// the reason in `ret_why`.
MUST_CHECK enum err audit_keys_add(
        struct audit_keys *keys, struct view id, const char *path, struct strbuf *ret_why);
// NULL when there is none of that name.
const struct audit_key *audit_keys_find(const struct audit_keys *keys, struct view id);
// The one to write with; NULL when there is none.
const struct audit_key *audit_keys_current(const struct audit_keys *keys);
void audit_keys_fini(struct audit_keys *keys);

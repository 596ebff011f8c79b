// The key of a target in the command and state topics: tenant/kind/id, and /channel of a scope that
// is one channel's, with '/' and '%' percent-encoded.
#pragma once

#include "common/arena.h"
#include "common/strbuf.h"
#include "model/scope.h"

// `kind` is a word of scope_kind_names, "message" or "recipient".
void target_key_add(struct strbuf *sb, const struct scope_name *scope, const char *kind);
// One part of such a key.
void target_key_add_part(struct strbuf *sb, struct view part);

enum { TARGET_KEY_PARTS = 4 };
// The parts of such a key, decoded into the arena, and their number: 0 when it is none, or there is no
// room. Those that are not there are none.
unsigned target_key_split(
        struct view key, struct arena *arena, struct view ret_parts[TARGET_KEY_PARTS]);

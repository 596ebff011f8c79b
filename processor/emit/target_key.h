// The key of a target in the command and state topics: tenant/kind/id, and /channel of a scope that
// is one channel's, with '/' and '%' percent-encoded.
#pragma once

#include "common/strbuf.h"
#include "model/scope.h"

// `kind` is a word of scope_kind_names, "message" or "recipient".
void target_key_add(struct strbuf *sb, const struct scope_name *scope, const char *kind);
// One part of such a key.
void target_key_add_part(struct strbuf *sb, struct view part);

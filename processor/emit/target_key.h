// The key of a target in the command and state topics: tenant/kind/id, with '/'
// and '%' percent-encoded.
#pragma once

#include "common/strbuf.h"
#include "common/view.h"

// `kind` is a word of scope_kind_names, or "message".
void target_key_add(struct strbuf *sb, struct view tenant_id, const char *kind, struct view id);

// A leaf's names as one table key: length-prefixed, so that no two leaves share bytes; absent is
// not empty.
#pragma once

#include "common/strbuf.h"
#include "model/frame.h"

void leaf_key_add(struct strbuf *key, const struct leaf_key *leaf);
// One part of such a key.
void leaf_key_add_part(struct strbuf *key, struct view part);

#include "state/leaf_key.h"

void leaf_key_add_part(struct strbuf *key, struct view part)
{
    strbuf_add_be(key, view_is_none(part) ? 0xffff : part.n, 2);
    strbuf_add_view(key, part);
}

void leaf_key_add(struct strbuf *key, const struct leaf_key *leaf)
{
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        leaf_key_add_part(key, leaf->ids[kind]);
    }
    leaf_key_add_part(key, leaf->channel);
}

#include "state/leaf_key.h"

enum { LENGTH_BYTES = 2, LENGTH_OF_NONE = 0xffff };

static char *put_part(char *at, struct view part)
{
    size_t length = view_is_none(part) ? LENGTH_OF_NONE : part.n;
    *at++ = (char)(length >> 8 & 0xff);
    *at++ = (char)(length & 0xff);
    if (part.n > 0) {
        memcpy(at, part.p, part.n);
    }
    return at + part.n;
}

void leaf_key_add_part(struct strbuf *key, struct view part)
{
    size_t n = LENGTH_BYTES + part.n;
    char *room = strbuf_room(key, n);
    if (room != NULL) {
        put_part(room, part);
        strbuf_grown(key, n);
    }
}

// Room for all parts at once: this is done for every message.
void leaf_key_add(struct strbuf *key, const struct leaf_key *leaf)
{
    size_t n = LENGTH_BYTES + leaf->channel.n;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        n += LENGTH_BYTES + leaf->ids[kind].n;
    }
    char *room = strbuf_room(key, n);
    if (room != NULL) {
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            room = put_part(room, leaf->ids[kind]);
        }
        put_part(room, leaf->channel);
        strbuf_grown(key, n);
    }
}

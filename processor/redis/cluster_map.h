// What a Redis Cluster says about where a key lives: slots, redirections, CLUSTER SLOTS. Pure.
#pragma once

#include <hiredis/hiredis.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "redis/connection.h"

enum { CLUSTER_SLOT_COUNT = 16384 };

// The slot of a key: of what is between its first { and the next }, where there is something.
unsigned cluster_slot(struct view key);
// The slot of every key with this hash tag (redis/packed_keys.h).
unsigned cluster_slot_of_tag(unsigned tag);

enum redirect {
    REDIRECT_NONE,  // no redirection
    REDIRECT_MOVED, // the slot has another owner
    REDIRECT_ASK,   // the slot is under way; these keys are with its next owner already
    REDIRECT_AGAIN, // the slot is under way; some keys are here and some there (TRYAGAIN)
};
// Of an error reply. The address (host:port) is set for MOVED and ASK; a host that the server
// leaves out is that of `asked`, the address that was asked. One that cannot be read is no
// redirection.
enum redirect cluster_read_redirect(
        const redisReply *reply, struct view asked, struct strbuf *ret_address);

// The owner of a slot by the reply to CLUSTER SLOTS, as host:port; `asked` as above. ERR_DATA: the
// reply is no such thing. ERR_UNAVAILABLE: nobody owns it.
MUST_CHECK enum err cluster_read_owner(
        const redisReply *reply, unsigned slot, struct view asked, struct strbuf *ret_address);

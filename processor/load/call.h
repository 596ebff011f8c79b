// A call of a script whose arguments grow one by one, for scripts that are called for many keys.
#pragma once

#include "load/session.h"

enum { CALL_ARGS_MAX = 800, CALL_SHA_HEX = 40 };

struct call {
    const char *script;
    bool is_cluster; // a node that gets a slot under way may not have the script yet
    char sha[CALL_SHA_HEX + 1];
    struct strbuf bytes; // of the arguments, one behind the other
    size_t ends[CALL_ARGS_MAX];
    size_t count;
    unsigned tag;
};

// Makes the script known to the server.
MUST_CHECK enum err call_init(struct call *call, struct session *s, const char *script);
void call_fini(struct call *call);
// Begins one anew, whose keys have this hash tag.
void call_begin(struct call *call, unsigned tag, unsigned key_count);
void call_add(struct call *call, struct view argument);
// Ends an argument whose bytes were added to `bytes`.
void call_end_argument(struct call *call);
// An argument of scripts that merge: a record as in a bucket; without a body the bare suffix, which
// removes one.
void call_add_record(struct call *call, const struct pseudonym *pseudonym, struct view body);
// Adds it to the session's pipeline.
MUST_CHECK enum err call_send(const struct call *call, struct session *s);

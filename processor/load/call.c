#include "load/call.h"

#include "common/assure.h"
#include "relationship/packed.h"

enum { RECORDS_ROOM = 256 };

enum err call_init(struct call *call, struct session *s, const char *script)
{
    *call = (struct call){.script = script, .is_cluster = redis_route_is_cluster(s->target.route)};
    strbuf_init(&call->bytes, (size_t)(PACKED_BODY_MAX_BYTES + 64) * RECORDS_ROOM);
    if (call->is_cluster) {
        return ERR_NONE;
    }
    struct view args[] = {VIEW("SCRIPT"), VIEW("LOAD"), view_of(script)};
    redisReply *reply = NULL;
    enum err e = target_call(&s->target, 0, 3, args, &reply);
    if (e != ERR_NONE) {
        return e;
    }
    if (reply->type == REDIS_REPLY_STRING && reply->len == CALL_SHA_HEX) {
        memcpy(call->sha, reply->str, CALL_SHA_HEX + 1);
    } else {
        e = session_fail(s, ERR_PROTOCOL, "SCRIPT LOAD was answered with something else");
    }
    freeReplyObject(reply);
    return e;
}

void call_fini(struct call *call)
{
    strbuf_fini(&call->bytes);
}

void call_end_argument(struct call *call)
{
    ASSURE(call->count < CALL_ARGS_MAX);
    call->ends[call->count++] = call->bytes.n;
}

void call_add(struct call *call, struct view argument)
{
    strbuf_add_view(&call->bytes, argument);
    call_end_argument(call);
}

void call_add_record(struct call *call, const struct pseudonym *pseudonym, struct view body)
{
    if (body.n == 0) {
        strbuf_add(&call->bytes, packed_suffix(pseudonym), PACKED_SUFFIX_BYTES);
    } else {
        packed_add_record(&call->bytes, packed_suffix(pseudonym), body);
    }
    call_end_argument(call);
}

void call_begin(struct call *call, unsigned tag, unsigned key_count)
{
    strbuf_reset(&call->bytes);
    call->count = 0;
    call->tag = tag;
    call_add(call, call->is_cluster ? VIEW("EVAL") : VIEW("EVALSHA"));
    call_add(call, call->is_cluster ? view_of(call->script) : view_bytes(call->sha, CALL_SHA_HEX));
    strbuf_add_u64(&call->bytes, key_count);
    call_end_argument(call);
}

enum err call_send(const struct call *call, struct session *s)
{
    struct view args[CALL_ARGS_MAX];
    for (size_t i = 0; i < call->count; i++) {
        size_t from = i == 0 ? 0 : call->ends[i - 1];
        args[i] = view_bytes(call->bytes.p + from, call->ends[i] - from);
    }
    return call->bytes.failed != ERR_NONE ? call->bytes.failed
                                          : target_add(&s->target, call->tag, call->count, args);
}

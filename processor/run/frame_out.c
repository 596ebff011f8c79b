#include "run/frame_out.h"

#include "state/frame_codec.h"

enum err frame_out_init(struct frame_out *out, size_t arena_bytes)
{
    strbuf_init(&out->bytes, FRAME_MAX_BYTES);
    out->arena = arena_create(arena_bytes);
    return out->arena != NULL ? ERR_NONE : ERR_NO_MEMORY;
}

void frame_out_fini(struct frame_out *out)
{
    arena_destroy(out->arena);
    strbuf_fini(&out->bytes);
}

enum err frame_out_send(struct frame_out *out, struct outlet *outlet, uint32_t tally_partition,
        const struct frame *frame, void *ticket)
{
    arena_reset(out->arena);
    strbuf_reset(&out->bytes);
    enum err e = frame_encode(&out->bytes, frame, out->arena);
    if (e != ERR_NONE) {
        return e;
    }
    const struct record record = {
            .topic = OUT_TALLIES,
            .partition = (int32_t)tally_partition,
            .value = strbuf_view(&out->bytes),
            .ticket = ticket,
    };
    const struct sink sink = tracked_sink_role(&outlet->sink);
    return sink_send(&sink, &record);
}

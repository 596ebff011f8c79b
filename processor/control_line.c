#include "control_line.h"

#include <stdlib.h>

#include "control_reader.h"

struct control_in {
    struct control_reader *reader;
    struct control control; // the one in hand
};

static void destroy_control(void *self)
{
    struct control_in *in = self;
    control_reader_destroy(in->reader);
    free(in);
}

static enum decode_result read_control(void *self, const struct raw_message *raw,
        struct arena *arena, struct aside *ret_aside, struct decode_failure *ret_failure)
{
    struct control_in *in = self;
    enum decode_result result =
            control_reader_read(in->reader, raw, arena, &in->control, ret_failure);
    if (result == DECODE_EVENT) {
        *ret_aside = (struct aside){
                .tenant_id = in->control.scope.tenant_id,
                .occurred_at_ms = in->control.issued_at_ms,
                .control = &in->control,
        };
    }
    return result;
}

static void set_policy(void *self, const struct policy *policy)
{
    struct control_in *in = self;
    control_reader_set_policy(in->reader, policy);
}

enum err control_line_create(struct aside_line **ret_line, const struct aside_line_options *options)
{
    static const struct aside_reader control_reader = {read_control, destroy_control, set_policy};
    struct control_in *in = calloc(1, sizeof *in);
    if (in == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e =
            control_reader_create(&in->reader, options->config, options->ring, options->findings);
    if (e != ERR_NONE) {
        destroy_control(in);
        return e;
    }
    return aside_line_create(ret_line, options, &control_reader, in);
}

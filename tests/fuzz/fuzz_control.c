// Any bytes, as a record of the control topic. What must hold: a record that is
// taken has a canonical form which is its own canonical form; what is read of
// it is within its limits, leads to no number, and comes the same over the wire.
#include <stdlib.h>

#include "common/assure.h"
#include "common/clock.h"
#include "common/json_canonical.h"
#include "common/json_scan.h"
#include "control_reader.h"
#include "input.h"
#include "state/frame_codec.h"

enum { ARENA_BYTES = 64 << 20, TEXT_BYTES = 8 << 20 };

static struct config *config;
static struct keyring *ring;
static struct control_reader *reader;
static struct control_decoder *decoder;
static struct json_pointers *pointers;
static struct arena *arena;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    ASSURE(config_create_default(&config) == ERR_NONE);
    ASSURE(keyring_create_demo(&ring) == ERR_NONE);
    ASSURE(control_reader_create(&reader, config, ring, &findings) == ERR_NONE);
    ASSURE(control_decoder_create(&decoder) == ERR_NONE);
    ASSURE(json_pointers_create(&pointers, NULL, 0, NULL) == ERR_NONE);
    arena = arena_create(ARENA_BYTES);
    ASSURE(arena != NULL);
    strbuf_fini(&findings);
    return 0;
}

// The form of what is a form already is itself.
static void check_form(struct view json)
{
    struct strbuf form;
    struct strbuf again;
    strbuf_init(&form, TEXT_BYTES);
    strbuf_init(&again, TEXT_BYTES);
    enum err e = json_canonicalise(&form, json, NULL, arena);
    ASSURE(e == ERR_NONE || e == ERR_DATA);
    if (e == ERR_NONE) {
        struct json_value none[1];
        ASSURE(json_scan(pointers, strbuf_view(&form), none, NULL) == JSON_FINE);
        ASSURE(json_canonicalise(&again, strbuf_view(&form), NULL, arena) == ERR_NONE);
        ASSURE(view_equal(strbuf_view(&form), strbuf_view(&again)));
    }
    strbuf_fini(&form);
    strbuf_fini(&again);
}

static void check_id(struct view id, bool is_needed)
{
    ASSURE(!is_needed || !view_is_none(id));
    ASSURE(view_is_none(id) || (id.n > 0 && id.n <= ID_MAX_BYTES));
}

static void check_control(const struct control *control)
{
    check_id(control->control_id, true);
    check_id(control->operator_id, true);
    ASSURE(control->reason.n > 0);
    check_id(control->scope.id,
            control->object == CONTROL_OF_SCOPE || control->object == CONTROL_OF_MESSAGE);
    check_id(control->scope.tenant_id, control->object <= CONTROL_OF_RECIPIENT);
    check_id(control->recipient, control->object == CONTROL_OF_RECIPIENT);
    check_id(control->rule, control->object == CONTROL_OF_RULE);
    check_id(control->confirms, control->object == CONTROL_OF_CONTROL);
    ASSURE(control->action < CONTROL_ACTION_COUNT && clock_is_accepted(control->issued_at_ms));
    ASSURE(control->object != CONTROL_OF_RECIPIENT ||
            (view_is_none(control->scope.id) &&
                    view_starts_with(control->recipient, VIEW("demo:"))));
    ASSURE(control->expires_at_ms != 0 || control->action != CONTROL_HOLD);
}

static void check_wire(const struct control *control)
{
    const struct frame_control row = {.offset = 7, .control = *control};
    const struct frame frame = {
            .source_topic = VIEW("control"),
            .to_offset = 8,
            .judged_at_ms = CLOCK_MIN_MS,
            .controls = &row,
            .control_count = 1,
    };
    struct strbuf bytes;
    struct strbuf json;
    struct strbuf again;
    strbuf_init(&bytes, FRAME_MAX_BYTES);
    strbuf_init(&json, TEXT_BYTES);
    strbuf_init(&again, TEXT_BYTES);
    ASSURE(frame_encode(&bytes, &frame, arena) == ERR_NONE);
    struct frame back;
    const char *why;
    ASSURE(frame_decode(strbuf_view(&bytes), arena, &back, &why) == ERR_NONE);
    frame_add_json(&json, &frame);
    frame_add_json(&again, &back);
    ASSURE(view_equal(strbuf_view(&json), strbuf_view(&again)));
    strbuf_fini(&bytes);
    strbuf_fini(&json);
    strbuf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_reset(arena);
    struct view bytes = fuzz_copy(view_bytes(data, size));
    struct raw_message raw = {.value = bytes, .timestamp_ms = -1};
    struct json_value none[1];
    struct view text = json_skip_bom(bytes);
    if (size <= CONTROL_MAX_BYTES && json_scan(pointers, text, none, NULL) == JSON_FINE) {
        check_form(text);
    }
    struct control_record record;
    struct control control;
    struct decode_failure failure;
    enum decode_result decoded = decode_control(decoder, &raw, arena, &record, &failure);
    enum decode_result read = control_reader_read(reader, &raw, arena, &control, &failure);
    ASSURE(decoded != DECODE_NO_ROOM && read != DECODE_NO_ROOM);
    ASSURE(read != DECODE_EVENT || decoded == DECODE_EVENT);
    if (read == DECODE_EVENT) {
        check_control(&control);
        check_wire(&control);
    }
    fuzz_free(bytes);
    return 0;
}

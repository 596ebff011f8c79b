// Any bytes, as records of the five topics that `status` reads. What must hold: no crash; text without a byte
// that a terminal would obey but line feeds; JSON that is JSON.
#include "commands/status_board.h"
#include "common/assure.h"
#include "common/json_out.h"
#include "common/json_scan.h"
#include "input.h"

enum { TEXT_BYTES = 64 << 20 };

static const struct status_look look = {.now_ms = INT64_C(1795338000000)};

static void check_text(const struct status_board *board)
{
    struct strbuf sb;
    strbuf_init(&sb, TEXT_BYTES);
    status_add_text(&sb, board, &look);
    ASSURE(sb.failed == ERR_NONE);
    for (size_t i = 0; i < sb.n; i++) {
        unsigned char c = (unsigned char)sb.p[i];
        ASSURE(c == '\n' || (c >= ' ' && c != 0x7f));
        ASSURE(c != 0xc2 || (unsigned char)sb.p[i + 1] >= 0xa0);
    }
    ASSURE(json_is_utf8(strbuf_view(&sb)));
    strbuf_fini(&sb);
}

static void check_json(const struct status_board *board)
{
    struct json_pointers *pointers;
    struct json_value none[1];
    struct strbuf sb;
    strbuf_init(&sb, TEXT_BYTES);
    status_add_json(&sb, board, &look);
    ASSURE(json_pointers_create(&pointers, NULL, 0, NULL) == ERR_NONE);
    enum json_fault fault = json_scan(pointers, strbuf_view(&sb), none, NULL);
    ASSURE(fault == JSON_FINE || fault == JSON_TOO_DEEP); // a record within ours is one deeper
    json_pointers_destroy(pointers);
    strbuf_fini(&sb);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

// Records a line each, the first byte of which names the topic.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct status_board *board;
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    struct view incident =
            fuzz_take_byte(&rest) % 2 == 0 ? VIEW_NONE : VIEW("0123456789abcdef0123456789abcdef");
    ASSURE(status_board_create(&board, incident) == ERR_NONE);
    while (rest.n > 0) {
        struct view line = fuzz_take_line(&rest);
        uint8_t topic = fuzz_take_byte(&line) % 5;
        if (view_is_none(incident) && (topic == 2 || topic == 3)) {
            continue;
        }
        struct view value = fuzz_copy(line);
        const struct raw_message raw = {.key = VIEW("k"), .value = value, .timestamp_ms = -1};
        enum err e = topic == 0   ? status_see_state(board, &raw)
                     : topic == 1 ? status_see_alert(board, &raw)
                     : topic == 2 ? status_see_command(board, &raw)
                     : topic == 4 ? status_see_control_state(board, &raw)
                                  : status_see_verdict(board, &raw);
        ASSURE(e == ERR_NONE);
        fuzz_free(value);
    }
    check_text(board);
    check_json(board);
    status_board_destroy(board);
    return 0;
}

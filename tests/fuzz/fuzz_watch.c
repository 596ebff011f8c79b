// Any bytes, as a record of the alerts or commands topic that `watch` shows. What must hold: one
// line of text, without a byte that a terminal would obey.
#include "commands/watch_line.h"
#include "common/assure.h"
#include "common/json_out.h"
#include "input.h"

enum { LINE_BYTES = 1 << 20 };

static struct watch_lines *lines;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    ASSURE(watch_lines_create(&lines, NULL) == ERR_NONE);
    return 0;
}

static void check_line(struct view line)
{
    ASSURE(line.n > 0 && line.p[line.n - 1] == '\n');
    for (size_t i = 0; i + 1 < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];
        ASSURE(c >= ' ' && c != 0x7f);
        ASSURE(c != 0xc2 || (unsigned char)line.p[i + 1] >= 0xa0);
    }
    ASSURE(json_is_utf8(line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view json = fuzz_copy(view_bytes(data, size));
    struct strbuf line;
    strbuf_init(&line, LINE_BYTES);
    watch_lines_add_alert(lines, json, &line);
    ASSURE(line.failed == ERR_NONE);
    check_line(strbuf_view(&line));
    strbuf_reset(&line);
    watch_lines_add_command(lines, json, &line);
    ASSURE(line.failed == ERR_NONE);
    check_line(strbuf_view(&line));
    strbuf_fini(&line);
    fuzz_free(json);
    return 0;
}

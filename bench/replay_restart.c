#include <stdio.h>

#include "bench/replay.h"

#define STATE_BYTES_MAX ((size_t)4 << 30)

enum err replay_restart(struct replay_output *output, struct detect_line **line)
{
    struct strbuf state;
    strbuf_init(&state, STATE_BYTES_MAX);
    struct archive writer = archive_writer(&state);
    detect_line_archive(*line, &writer);
    enum err e = archive_end(&writer);
    if (e == ERR_NONE) {
        detect_line_destroy(*line);
        *line = NULL;
        e = detect_line_create(line, output->config, &output->emitter);
    }
    if (e == ERR_NONE) {
        struct archive reader = archive_reader(strbuf_view(&state));
        detect_line_archive(*line, &reader);
        e = archive_end(&reader);
        if (e != ERR_NONE) {
            fprintf(stderr, "restart: %s\n", reader.wrong != NULL ? reader.wrong : err_text(e));
        }
    }
    strbuf_fini(&state);
    return e;
}

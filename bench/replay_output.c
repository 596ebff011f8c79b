#include <stdio.h>

#include "bench/replay.h"
#include "commands/load_config.h"

enum err replay_output_open(struct replay_output *output, const struct replay_options *options)
{
    *output = (struct replay_output){0};
    strbuf_init(&output->why, 4096);
    enum err e = command_load_config(&output->config, options->config_path);
    if (e != ERR_NONE) {
        return e;
    }
    struct view topic = view_of(output->config->topics.dead_letter);
    e = file_sink_create(&output->sink, options->out, topic, &output->why);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench replay: %.*s\n", VIEW_ARGS(strbuf_view(&output->why)));
        config_destroy(output->config);
        strbuf_fini(&output->why);
        return e;
    }
    const struct emitter_options emitter_options = {
            .verdicts = options->verdicts,
            .writes_monitor = true,
            .group = VIEW("replay"),
            .instance = VIEW("replay"),
    };
    e = emitter_init(&output->emitter, file_sink_role(output->sink), &emitter_options);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench replay: %s\n", err_text(e));
        (void)replay_output_close(output);
    }
    return e;
}

bool replay_output_close(struct replay_output *output)
{
    emitter_fini(&output->emitter);
    enum err e = file_sink_close(output->sink, &output->why);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench replay: %.*s\n", VIEW_ARGS(strbuf_view(&output->why)));
    }
    config_destroy(output->config);
    strbuf_fini(&output->why);
    return e == ERR_NONE;
}

enum err replay_write_summary(const struct replay_options *options, struct view text)
{
    struct strbuf path;
    strbuf_init(&path, 4096);
    strbuf_printf(&path, "%s/summary.json", options->out);
    enum err e = path.failed;
    FILE *file = e == ERR_NONE ? fopen(path.p, "we") : NULL;
    if (file == NULL || fwrite(text.p, 1, text.n, file) != text.n) {
        e = ERR_IO;
    }
    if (file != NULL && fclose(file) != 0) {
        e = ERR_IO;
    }
    strbuf_fini(&path);
    return e;
}

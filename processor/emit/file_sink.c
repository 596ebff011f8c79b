#include "emit/file_sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/assure.h"
#include "common/json_out.h"
#include "emit/kcat_line.h"

enum { BUFFER_BYTES = 256 * 1024, LINE_MAX_BYTES = 16 * 1024 * 1024 };

static const char *const file_names[OUT_TOPIC_COUNT] = {
        [OUT_VERDICTS] = "verdicts.ndjson",
        [OUT_DEAD_LETTER] = "dead-letter.ndjson",
        [OUT_COMMANDS] = "quarantine-commands.ndjson",
        [OUT_STATE] = "quarantine-state.ndjson",
        [OUT_CONTROL_STATE] = "control-state.ndjson",
        [OUT_ALERTS] = "alerts.ndjson",
};

struct file_sink {
    FILE *files[OUT_TOPIC_COUNT]; // NULL: not written here, or closed
    struct strbuf line;
    struct view dead_letter_topic;
    int64_t dead_letter_count;
    int failed_errno; // of the first write that failed; 0 = none has
    enum out_topic failed_topic;
};

static void note_failure(struct file_sink *sink, enum out_topic topic)
{
    if (sink->failed_errno == 0) {
        sink->failed_errno = errno != 0 ? errno : EIO;
        sink->failed_topic = topic;
    }
}

static void write_line(struct file_sink *sink, enum out_topic topic, struct view bytes)
{
    FILE *file = sink->files[topic];
    if (fwrite_unlocked(bytes.p, 1, bytes.n, file) != bytes.n || putc_unlocked('\n', file) == EOF) {
        note_failure(sink, topic);
    }
}

static void write_state_line(struct strbuf *line, const struct record *record)
{
    struct json_out out;
    json_begin(&out, line);
    json_object(&out, NULL);
    json_string(&out, "key", record->key);
    if (view_is_none(record->value)) {
        json_null(&out, "value");
    } else {
        json_raw(&out, "value", record->value);
    }
    json_object_end(&out);
}

static enum err file_sink_send(void *self, const struct record *record)
{
    struct file_sink *sink = self;
    enum out_topic topic = record->topic;
    ASSURE(topic != OUT_TALLIES && topic < OUT_TOPIC_COUNT);
    if (sink->failed_errno != 0) {
        return ERR_IO;
    }
    struct view value = record->value;
    bool is_state = topic == OUT_STATE || topic == OUT_CONTROL_STATE;
    if (is_state || topic == OUT_DEAD_LETTER) {
        strbuf_reset(&sink->line);
        if (is_state) {
            write_state_line(&sink->line, record);
        } else {
            kcat_line_write(&sink->line, sink->dead_letter_topic, sink->dead_letter_count, record);
        }
        if (sink->line.failed != ERR_NONE) {
            return sink->line.failed == ERR_NO_MEMORY ? ERR_NO_MEMORY : ERR_INTERNAL;
        }
        value = strbuf_view(&sink->line);
    }
    write_line(sink, topic, value);
    if (sink->failed_errno != 0) {
        return ERR_IO;
    }
    sink->dead_letter_count += topic == OUT_DEAD_LETTER;
    return ERR_NONE;
}

static const struct sink_ops file_sink_ops = {.send = file_sink_send};

struct sink file_sink_role(struct file_sink *sink)
{
    return (struct sink){&file_sink_ops, sink};
}

static enum err open_file(
        FILE **ret_file, const char *directory, const char *name, struct strbuf *ret_why)
{
    struct strbuf path;
    strbuf_init(&path, 8192);
    strbuf_printf(&path, "%s/%s", directory, name);
    enum err e = path.failed;
    if (e == ERR_NONE) {
        FILE *file = fopen(path.p, "we");
        if (file != NULL && setvbuf(file, NULL, _IOFBF, BUFFER_BYTES) == 0) {
            *ret_file = file;
        } else {
            strbuf_printf(ret_why, "%s: %s", path.p, strerror(errno));
            e = ERR_IO;
            if (file != NULL) {
                fclose(file);
            }
        }
    }
    strbuf_fini(&path);
    return e;
}

static enum err open_all(struct file_sink *sink, const char *directory, struct strbuf *ret_why)
{
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        strbuf_printf(ret_why, "%s: %s", directory, strerror(errno));
        return ERR_IO;
    }
    enum err e = ERR_NONE;
    for (size_t topic = 0; topic < OUT_TOPIC_COUNT && e == ERR_NONE; topic++) {
        if (file_names[topic] != NULL) {
            e = open_file(&sink->files[topic], directory, file_names[topic], ret_why);
        }
    }
    return e;
}

enum err file_sink_create(struct file_sink **ret_sink, const char *directory,
        struct view dead_letter_topic, struct strbuf *ret_why)
{
    struct file_sink *sink = calloc(1, sizeof *sink);
    if (sink == NULL) {
        return ERR_NO_MEMORY;
    }
    strbuf_init(&sink->line, LINE_MAX_BYTES);
    sink->dead_letter_topic = dead_letter_topic;
    enum err e = open_all(sink, directory, ret_why);
    if (e != ERR_NONE) {
        struct strbuf unsaid; // nothing was written yet, so that closing has nothing to add
        strbuf_init(&unsaid, 8192);
        if (file_sink_close(sink, &unsaid) != ERR_NONE) {
            e = ERR_IO;
        }
        strbuf_fini(&unsaid);
        return e;
    }
    *ret_sink = sink;
    return ERR_NONE;
}

enum err file_sink_close(struct file_sink *sink, struct strbuf *ret_why)
{
    for (size_t topic = 0; topic < OUT_TOPIC_COUNT; topic++) {
        errno = 0;
        if (sink->files[topic] != NULL && fclose(sink->files[topic]) != 0) {
            note_failure(sink, (enum out_topic)topic);
        }
    }
    enum err e = ERR_NONE;
    if (sink->failed_errno != 0) {
        strbuf_printf(
                ret_why, "%s: %s", file_names[sink->failed_topic], strerror(sink->failed_errno));
        e = ERR_IO;
    }
    strbuf_fini(&sink->line);
    free(sink);
    return e;
}

#include "bench/score_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/statistics.h"
#include "common/assure.h"
#include "common/clock.h"

// --- lines ------------------------------------------------------------------------------------

enum err score_file_fault(struct score_file *file, const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    strbuf_printf(file->why, "%s:%llu: %s", file->path, (unsigned long long)file->line, what);
    return ERR_DATA;
}

static enum err scan_line(struct score_file *file, const struct line *line)
{
    if (line->whole_bytes > line->text.n) {
        return score_file_fault(file, "the line is longer than 64 MiB");
    }
    size_t offset = 0;
    switch (json_scan(file->pointers, line->text, file->values, &offset)) {
    case JSON_NOT_JSON:
        return score_file_fault(file, "no JSON (at byte %zu)", offset + 1);
    case JSON_TOO_DEEP:
        return score_file_fault(file, "JSON nested too deep");
    case JSON_BAD_UTF8:
        return score_file_fault(file, "no UTF-8");
    case JSON_FINE:
        break;
    }
    if (json_skip_space(line->text).p[0] != '{') {
        return score_file_fault(file, "no JSON object");
    }
    for (size_t i = 0; i < json_pointers_count(file->pointers); i++) {
        if (file->values[i].duplicate) {
            return score_file_fault(file, "a member is given twice");
        }
    }
    return ERR_NONE;
}

// The next line of the file or of the text.
static enum err take_line(struct score_file *file, struct line *ret_line, bool *ret_has_line)
{
    if (file->lines != NULL) {
        enum err e = line_reader_next(file->lines, ret_line, ret_has_line);
        if (e != ERR_NONE) {
            strbuf_printf(file->why, "%s: %s", file->path, strerror(errno));
        }
        return e;
    }
    *ret_has_line = file->rest.n > 0;
    if (*ret_has_line) {
        const char *end = memchr(file->rest.p, '\n', file->rest.n);
        size_t n = end != NULL ? (size_t)(end - file->rest.p) : file->rest.n;
        *ret_line = (struct line){view_bytes(file->rest.p, n), file->line, n};
        file->rest = view_skip(file->rest, end != NULL ? n + 1 : n);
    }
    return ERR_NONE;
}

static enum err next_line(struct score_file *file, bool *ret_has_line)
{
    struct line line;
    do {
        enum err e = take_line(file, &line, ret_has_line);
        if (e != ERR_NONE || !*ret_has_line) {
            return e;
        }
        file->line = line.number + 1;
        if (line.number == 0) {
            line.text = json_skip_bom(line.text);
        }
    } while (json_skip_space(line.text).n == 0);
    arena_reset(file->scratch);
    return scan_line(file, &line);
}

static enum err open_lines(struct score_file *file)
{
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file->fd >= 0 && fstat(file->fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        close(file->fd);
        file->fd = -1;
        errno = EISDIR;
    }
    if (file->fd < 0) {
        strbuf_printf(file->why, "%s: %s", file->path, strerror(errno));
        return ERR_NO_INPUT;
    }
    return line_reader_create(&file->lines, file->fd, SCORE_LINE_MAX_BYTES);
}

static void close_source(struct score_file *file)
{
    line_reader_destroy(file->lines);
    json_pointers_destroy(file->pointers);
    arena_destroy(file->scratch);
    if (file->fd >= 0) {
        close(file->fd);
    }
    *file = (struct score_file){.fd = -1};
}

static enum err open_source(struct score_file *file, const struct score_source *source,
        const char *const *pointers, size_t pointer_count, struct strbuf *why)
{
    ASSURE(pointer_count <= SCORE_FIELDS_MAX);
    *file = (struct score_file){.path = source->path, .fd = -1, .rest = source->text, .why = why};
    file->scratch = arena_create(SCORE_LINE_MAX_BYTES);
    enum err e = file->scratch != NULL ? ERR_NONE : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        e = json_pointers_create(&file->pointers, pointers, pointer_count, NULL);
    }
    if (e == ERR_NONE && view_is_none(source->text)) {
        e = open_lines(file);
    }
    return e;
}

enum err score_file_each(const struct score_source *source, const char *const *pointers,
        size_t pointer_count, enum err (*take)(struct score_data *data, struct score_file *file),
        struct score_data *data, struct strbuf *why)
{
    struct score_file file;
    enum err e = open_source(&file, source, pointers, pointer_count, why);
    bool has_line = true;
    while (e == ERR_NONE && has_line) {
        e = next_line(&file, &has_line);
        if (e == ERR_NONE && has_line) {
            e = take(data, &file);
        }
    }
    close_source(&file);
    return e;
}

// --- values -----------------------------------------------------------------------------------

static bool is_there(const struct json_value *value)
{
    return value->kind != JSON_ABSENT && value->kind != JSON_NULL;
}

enum err score_take_text(
        struct score_file *file, size_t i, const char *name, bool needed, struct view *ret_text)
{
    const struct json_value *value = &file->values[i];
    *ret_text = VIEW_NONE;
    if (!is_there(value)) {
        return needed ? score_file_fault(file, "%s is missing", name) : ERR_NONE;
    }
    if (value->kind != JSON_STRING) {
        return score_file_fault(file, "%s is not a string", name);
    }
    *ret_text = json_string_take(value, file->scratch);
    return view_is_none(*ret_text) ? ERR_NO_MEMORY : ERR_NONE;
}

enum err score_take_word(struct score_file *file, size_t i, const char *name,
        const char *const *words, size_t word_count, int *ret_word)
{
    const struct json_value *value = &file->values[i];
    *ret_word = -1;
    if (!is_there(value)) {
        return ERR_NONE;
    }
    if (value->kind == JSON_STRING) {
        for (size_t word = 0; word < word_count; word++) {
            if (json_string_equals(value, view_of(words[word]))) {
                *ret_word = (int)word;
                return ERR_NONE;
            }
        }
    }
    return score_file_fault(file, "%s is none of its words: %.*s", name,
            (int)(value->raw.n < 64 ? value->raw.n : 64), value->raw.p);
}

enum err score_take_integer(struct score_file *file, size_t i, const char *name,
        int64_t default_value, int64_t *ret_number)
{
    const struct json_value *value = &file->values[i];
    *ret_number = default_value;
    if (!is_there(value)) {
        return ERR_NONE;
    }
    if (value->kind != JSON_NUMBER || json_integer_read(value->raw, ret_number) != JSON_INTEGER) {
        return score_file_fault(file, "%s is no whole number", name);
    }
    return ERR_NONE;
}

enum err score_take_time(struct score_file *file, size_t i, const char *name, int64_t *ret_ms)
{
    struct view text;
    enum err e = score_take_text(file, i, name, false, &text);
    *ret_ms = -1;
    if (e == ERR_NONE && !view_is_none(text) && clock_parse_rfc3339(text, ret_ms) != CLOCK_OK) {
        return score_file_fault(file, "%s is no time", name);
    }
    return e;
}

enum err score_take_number(struct score_file *file, size_t i, const char *name, double *ret_number)
{
    const struct json_value *value = &file->values[i];
    *ret_number = NO_NUMBER;
    if (!is_there(value)) {
        return ERR_NONE;
    }
    *ret_number = json_double_read(value);
    return isnan(*ret_number) ? score_file_fault(file, "%s is no number", name) : ERR_NONE;
}

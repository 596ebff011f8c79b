// Taking records out of an audit log (audit/custody.h): their lines stay, and go on proving that there was
// something, when, and of what kind.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_dir.h"
#include "audit/custody.h"
#include "common/arena.h"
#include "common/json_out.h"

enum {
    PATH_MAX_BYTES = 8192,
    ARENA_BYTES = 4 * AUDIT_LINE_MAX_BYTES,
    ACCOUNT_MAX_BYTES = 1024 * 1024,
    WRITE_BYTES = 1024 * 1024,
};

// The file in hand: read once to see what is to go, and once more to write what stays.
struct purged_file {
    struct purge *purge;
    uint32_t number;
    struct json_pointers *fields;
    struct arena *arena;
    struct custody_range *ranges;
    size_t range_count;
    size_t at; // the range that the line in hand may be in
    uint8_t first[SHA256_BYTES];
    uint8_t last[SHA256_BYTES];
    bool has_line;
    int draft_fd;
    struct strbuf out;
};

static bool is_wanted(struct purge *purge, const struct audit_line *line, bool counts)
{
    if (view_is_none(line->record) || (purge->kinds & 1u << line->kind) == 0 ||
            line->kind == AUDIT_LOG || line->at_ms >= purge->before_ms) {
        return false;
    }
    const bool is_held = line->kind == AUDIT_MESSAGE_COMMAND && view_is_none(line->incident_id)
                                 ? incident_about_has(purge->about, line) != ABOUT_NO
                                 : !view_is_none(line->incident_id) &&
                                           custody_is_held(purge->custody, line->incident_id);
    purge->held += is_held && counts;
    return !is_held;
}

static enum err note_line(struct purged_file *file, const struct audit_line *line)
{
    if (!file->has_line) {
        memcpy(file->first, line->mac, sizeof file->first);
        file->has_line = true;
    }
    memcpy(file->last, line->mac, sizeof file->last);
    if (!is_wanted(file->purge, line, true)) {
        return ERR_NONE;
    }
    struct custody_range *last =
            file->range_count > 0 ? &file->ranges[file->range_count - 1] : NULL;
    if (last != NULL && last->to + 1 == line->seq) {
        last->to = line->seq;
    } else if (file->range_count == CUSTODY_ACCOUNT_RANGES) {
        return ERR_CEILING; // the rest goes with the next purge
    } else {
        file->ranges[file->range_count++] = (struct custody_range){line->seq, line->seq};
    }
    file->purge->removed++;
    return ERR_NONE;
}

// Lines come in the order of the ranges.
static bool is_ranged(struct purged_file *file, uint64_t seq)
{
    while (file->at < file->range_count && file->ranges[file->at].to < seq) {
        file->at++;
    }
    return file->at < file->range_count && file->ranges[file->at].from <= seq;
}

static enum err flush_out(struct purged_file *file)
{
    struct view rest = strbuf_view(&file->out);
    while (rest.n > 0) {
        ssize_t written = write(file->draft_fd, rest.p, rest.n);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return ERR_IO;
        }
        rest = view_skip(rest, (size_t)written);
    }
    strbuf_reset(&file->out);
    return ERR_NONE;
}

static enum err write_line(
        struct purged_file *file, struct view text, const struct audit_line *line)
{
    if (!view_is_none(line->record) && is_ranged(file, line->seq)) {
        strbuf_add(&file->out, text.p, (size_t)(line->record.p - text.p));
        strbuf_add_text(&file->out, "null}");
    } else {
        strbuf_add_view(&file->out, text);
    }
    strbuf_add_byte(&file->out, '\n');
    if (file->out.failed != ERR_NONE) {
        return file->out.failed;
    }
    return file->out.n > WRITE_BYTES ? flush_out(file) : ERR_NONE;
}

static enum err walk_file(
        struct purged_file *file, const char *path, bool writes, struct strbuf *ret_why)
{
    struct audit_text text;
    struct view bytes;
    bool is_ended;
    enum err e = audit_text_open(&text, path, ret_why);
    while (e == ERR_NONE && (e = audit_text_next(&text, &bytes, &is_ended)) == ERR_NONE &&
            !view_is_none(bytes)) {
        struct audit_line line;
        arena_reset(file->arena);
        if (!is_ended || audit_line_read(file->fields, bytes, file->arena, &line) != NULL) {
            strbuf_printf(
                    ret_why, "%s:%llu: cannot be read", path, (unsigned long long)text.number);
            e = ERR_DATA;
        } else {
            e = writes ? write_line(file, bytes, &line) : note_line(file, &line);
        }
    }
    audit_text_close(&text);
    return e == ERR_CEILING && !writes ? ERR_NONE : e;
}

static void add_hash(struct json_out *out, const char *key, const uint8_t *hash)
{
    struct strbuf text;
    strbuf_init(&text, 2 * SHA256_BYTES + 1);
    hex_add(&text, hash, SHA256_BYTES);
    json_string(out, key, strbuf_view(&text));
    strbuf_fini(&text);
}

static enum err write_account(
        const struct purged_file *file, struct custody_writer *writer, struct strbuf *ret_why)
{
    const struct purge *purge = file->purge;
    struct strbuf text;
    struct json_out out;
    strbuf_init(&text, ACCOUNT_MAX_BYTES);
    json_begin(&out, &text);
    json_object(&out, NULL);
    json_int(&out, "file", file->number);
    json_time(&out, "before", purge->before_ms);
    json_array(&out, "kinds");
    for (unsigned kind = 0; kind < AUDIT_KIND_COUNT; kind++) {
        if ((purge->kinds & 1u << kind) != 0) {
            json_text(&out, NULL, audit_kind_names[kind]);
        }
    }
    json_array_end(&out);
    json_string(&out, "by", purge->by);
    json_string(&out, "reason", purge->reason);
    add_hash(&out, "first", file->first);
    add_hash(&out, "last", file->last);
    json_array(&out, "removed");
    for (size_t i = 0; i < file->range_count; i++) {
        json_array(&out, NULL);
        json_int(&out, NULL, (int64_t)file->ranges[i].from);
        json_int(&out, NULL, (int64_t)file->ranges[i].to);
        json_array_end(&out);
    }
    json_array_end(&out);
    json_object_end(&out);
    enum err e = text.failed != ERR_NONE
                         ? text.failed
                         : custody_write(writer, "purged", VIEW_NONE, strbuf_view(&text), ret_why);
    strbuf_fini(&text);
    return e;
}

// Another file takes its place: whole, and on disk.
static enum err replace_file(struct purged_file *file, const char *path, struct strbuf *ret_why)
{
    struct strbuf draft;
    strbuf_init(&draft, PATH_MAX_BYTES);
    strbuf_printf(&draft, "%s.part", path);
    if (draft.failed != ERR_NONE) {
        return draft.failed;
    }
    (void)unlink(draft.p); // of a purge that was killed
    file->draft_fd = open(draft.p, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    enum err e = file->draft_fd >= 0 ? walk_file(file, path, true, ret_why) : ERR_IO;
    e = e != ERR_NONE ? e : flush_out(file);
    if (e == ERR_NONE && (fsync(file->draft_fd) != 0 || rename(draft.p, path) != 0)) {
        e = ERR_IO;
    }
    if (e != ERR_NONE) {
        strbuf_printf(ret_why, "%s: %s", draft.p, errno != 0 ? strerror(errno) : err_text(e));
        unlink(draft.p);
    }
    if (file->draft_fd >= 0) {
        close(file->draft_fd);
    }
    strbuf_fini(&draft);
    return e;
}

static enum err purge_file(
        struct purged_file *file, struct custody_writer *writer, struct strbuf *ret_why)
{
    struct strbuf path;
    strbuf_init(&path, PATH_MAX_BYTES);
    strbuf_printf(&path, "%s/", file->purge->directory);
    audit_file_name_add(&path, file->number);
    file->range_count = 0;
    file->at = 0;
    file->has_line = false;
    enum err e = path.failed != ERR_NONE ? path.failed : walk_file(file, path.p, false, ret_why);
    if (e == ERR_NONE && file->range_count > 0) {
        file->purge->files++;
        if (!file->purge->is_dry) {
            e = write_account(file, writer, ret_why);
            e = e != ERR_NONE ? e : replace_file(file, path.p, ret_why);
        }
    }
    strbuf_fini(&path);
    return e;
}

enum err custody_purge(struct purge *purge, struct custody_writer *writer, struct strbuf *ret_why)
{
    struct purged_file file = {.purge = purge, .draft_fd = -1};
    struct audit_files files = {NULL, 0};
    strbuf_init(&file.out, WRITE_BYTES + 2 * AUDIT_LINE_MAX_BYTES);
    file.arena = arena_create(ARENA_BYTES);
    file.ranges = calloc(CUSTODY_ACCOUNT_RANGES, sizeof *file.ranges);
    enum err e = file.arena != NULL && file.ranges != NULL ? audit_line_fields(&file.fields)
                                                           : ERR_NO_MEMORY;
    e = e != ERR_NONE ? e : audit_files_list(&files, purge->directory, ret_why);
    for (size_t i = 0; i + 1 < files.count && e == ERR_NONE; i++) {
        file.number = files.numbers[i];
        e = purge_file(&file, writer, ret_why);
    }
    audit_files_fini(&files);
    if (file.fields != NULL) {
        json_pointers_destroy(file.fields);
    }
    arena_destroy(file.arena);
    free(file.ranges);
    strbuf_fini(&file.out);
    return e;
}

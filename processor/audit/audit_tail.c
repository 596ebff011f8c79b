#include "audit/audit_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_dir.h"
#include "audit/audit_line.h"
#include "common/arena.h"
#include "common/json_scan.h"

enum { PATH_MAX_BYTES = 8192, ARENA_BYTES = 4 * AUDIT_LINE_MAX_BYTES };

// The id that all files of a log share, from its first line.
static void take_log_id(struct audit_tail *tail, const struct audit_line *line)
{
    static const char *const pointer[] = {"/log_id"};
    struct json_pointers *pointers;
    struct json_value id;
    if (line->kind != AUDIT_LOG || view_is_none(line->record) ||
            json_pointers_create(&pointers, pointer, 1, NULL) != ERR_NONE) {
        return;
    }
    if (json_scan(pointers, line->record, &id, NULL) == JSON_FINE && id.kind == JSON_STRING &&
            id.raw.n == AUDIT_LOG_ID_BYTES) {
        memcpy(tail->log_id, id.raw.p, id.raw.n);
    }
    json_pointers_destroy(pointers);
}

static void take_line(struct audit_tail *tail, const struct audit_line *line)
{
    if (tail->log_id[0] == '\0') {
        take_log_id(tail, line);
    }
    tail->seq = line->seq;
    tail->at_ms = line->at_ms;
    memcpy(tail->mac, line->mac, sizeof tail->mac);
    tail->is_ended = line->kind == AUDIT_LOG && view_is(line->type, "audit.ended");
}

static enum err read_lines(struct audit_tail *tail, struct audit_text *text,
        const struct json_pointers *fields, struct arena *arena)
{
    struct view bytes;
    bool is_ended;
    enum err e;
    while ((e = audit_text_next(text, &bytes, &is_ended)) == ERR_NONE && !view_is_none(bytes)) {
        struct audit_line line;
        arena_reset(arena);
        if (!is_ended) {
            break; // begun and not finished
        }
        tail->bytes = text->offset;
        if (audit_line_read(fields, bytes, arena, &line) == NULL) {
            take_line(tail, &line);
        } else {
            tail->unreadable++;
            tail->seq++;
        }
    }
    return e;
}

static enum err read_file(struct audit_tail *tail, const char *path, struct strbuf *ret_why)
{
    struct audit_text text;
    struct json_pointers *fields = NULL;
    struct arena *arena = arena_create(ARENA_BYTES);
    enum err e = audit_text_open(&text, path, ret_why);
    if (e == ERR_NONE) {
        e = arena != NULL ? audit_line_fields(&fields) : ERR_NO_MEMORY;
    }
    if (e == ERR_NONE) {
        e = read_lines(tail, &text, fields, arena);
    }
    audit_text_close(&text);
    if (fields != NULL) {
        json_pointers_destroy(fields);
    }
    arena_destroy(arena);
    return e;
}

// Of its first line, where it tells one.
static enum err read_log_id(const char *path, struct audit_tail *tail, struct strbuf *ret_why)
{
    struct audit_text text;
    struct audit_line line;
    struct view bytes;
    bool is_ended = false;
    struct json_pointers *fields = NULL;
    struct arena *arena = arena_create(ARENA_BYTES);
    enum err e = audit_text_open(&text, path, ret_why);
    if (e == ERR_NONE) {
        e = arena != NULL ? audit_line_fields(&fields) : ERR_NO_MEMORY;
    }
    e = e != ERR_NONE ? e : audit_text_next(&text, &bytes, &is_ended);
    if (e == ERR_NONE && is_ended && audit_line_read(fields, bytes, arena, &line) == NULL) {
        take_log_id(tail, &line);
    }
    audit_text_close(&text);
    if (fields != NULL) {
        json_pointers_destroy(fields);
    }
    arena_destroy(arena);
    return e;
}

enum err audit_log_id_find(
        char ret_id[AUDIT_LOG_ID_BYTES + 1], const char *directory, struct strbuf *ret_why)
{
    struct audit_files files = {NULL, 0};
    struct audit_tail tail = {0};
    enum err e = audit_files_list(&files, directory, ret_why);
    for (size_t i = 0; i < files.count && e == ERR_NONE && tail.log_id[0] == '\0'; i++) {
        struct strbuf path;
        strbuf_init(&path, PATH_MAX_BYTES);
        strbuf_printf(&path, "%s/", directory);
        audit_file_name_add(&path, files.numbers[i]);
        e = path.failed != ERR_NONE ? path.failed : read_log_id(path.p, &tail, ret_why);
        strbuf_fini(&path);
    }
    audit_files_fini(&files);
    memcpy(ret_id, tail.log_id, sizeof tail.log_id);
    ret_id[AUDIT_LOG_ID_BYTES] = '\0';
    return e;
}

static enum err cut_file(struct audit_tail *tail, const char *path, struct strbuf *ret_why)
{
    struct stat info;
    int rc = lstat(path, &info);
    if (rc == 0 && (uint64_t)info.st_size > tail->bytes) {
        int fd = audit_open_plain(path, O_WRONLY);
        tail->cut_bytes = (uint64_t)info.st_size - tail->bytes;
        rc = fd >= 0 ? ftruncate(fd, (off_t)tail->bytes) : -1;
        if (fd >= 0) {
            close(fd);
        }
    }
    if (rc != 0) {
        strbuf_printf(ret_why, "%s: %s", path, strerror(errno));
        return ERR_IO;
    }
    return ERR_NONE;
}

enum err audit_tail_of_file(struct audit_tail *ret_tail, const char *path, struct strbuf *ret_why)
{
    struct audit_tail tail = {0};
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        *ret_tail = tail;
        return ERR_NONE;
    }
    enum err e = read_file(&tail, path, ret_why);
    e = e != ERR_NONE ? e : cut_file(&tail, path, ret_why);
    if (e == ERR_NONE) {
        *ret_tail = tail;
    }
    return e;
}

enum err audit_tail_find(struct audit_tail *ret_tail, const char *directory, struct strbuf *ret_why)
{
    struct audit_files files;
    struct audit_tail tail = {0};
    uint64_t cut_bytes = 0;
    enum err e = audit_files_list(&files, directory, ret_why);
    if (e != ERR_NONE) {
        return e;
    }
    while (e == ERR_NONE && files.count > 0) {
        struct strbuf path;
        strbuf_init(&path, PATH_MAX_BYTES);
        strbuf_printf(&path, "%s/", directory);
        audit_file_name_add(&path, files.numbers[files.count - 1]);
        e = path.failed != ERR_NONE ? path.failed : audit_tail_of_file(&tail, path.p, ret_why);
        cut_bytes += e == ERR_NONE ? tail.cut_bytes : 0;
        bool has_lines = e == ERR_NONE && tail.bytes > 0;
        if (e == ERR_NONE && !has_lines) {
            e = unlink(path.p) == 0 ? ERR_NONE : ERR_IO;
        }
        strbuf_fini(&path);
        if (has_lines) {
            tail.file = files.numbers[files.count - 1];
            break;
        }
        files.count--;
    }
    audit_files_fini(&files);
    tail.cut_bytes = cut_bytes;
    if (e == ERR_NONE) {
        *ret_tail = tail;
    }
    return e;
}

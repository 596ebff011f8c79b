#include "audit/audit_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_line.h"
#include "common/room.h"

enum { READ_BYTES = 64 * 1024, PATH_MAX_BYTES = 8192, DIGITS = 8 };

static const char prefix[] = "audit-";
static const char suffix[] = ".ndjson";

// The number in "audit-00000001.ndjson"; 0 when the name is none of these.
static uint32_t number_of(const char *name)
{
    struct view rest = view_of(name);
    const struct view front = VIEW(prefix);
    if (rest.n != front.n + DIGITS + sizeof suffix - 1 || !view_starts_with(rest, front) ||
            !view_is(view_skip(rest, front.n + DIGITS), suffix)) {
        return 0;
    }
    uint32_t number = 0;
    for (size_t i = 0; i < DIGITS; i++) {
        char c = rest.p[front.n + i];
        if (c < '0' || c > '9') {
            return 0;
        }
        number = number * 10 + (uint32_t)(c - '0');
    }
    return number;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static enum err add_number(struct audit_files *files, uint32_t *capacity, uint32_t number)
{
    if (files->count == AUDIT_FILES_MAX) {
        return ERR_CEILING;
    }
    uint32_t *numbers = room_for_row(files->numbers, files->count, capacity, 64, sizeof *numbers);
    if (numbers == NULL) {
        return ERR_NO_MEMORY;
    }
    files->numbers = numbers;
    files->numbers[files->count++] = number;
    return ERR_NONE;
}

enum err audit_files_list(
        struct audit_files *ret_files, const char *directory, struct strbuf *ret_why)
{
    DIR *folder = opendir(directory);
    if (folder == NULL) {
        strbuf_printf(ret_why, "%s: %s", directory, strerror(errno));
        return ERR_NO_INPUT;
    }
    struct audit_files files = {NULL, 0};
    uint32_t capacity = 0;
    enum err e = ERR_NONE;
    for (struct dirent *entry; e == ERR_NONE && (entry = readdir(folder)) != NULL;) {
        uint32_t number = number_of(entry->d_name);
        e = number > 0 ? add_number(&files, &capacity, number) : ERR_NONE;
    }
    closedir(folder);
    if (e != ERR_NONE) {
        strbuf_printf(ret_why, "%s: %s", directory, err_text(e));
        audit_files_fini(&files);
        return e;
    }
    if (files.count > 0) {
        qsort(files.numbers, files.count, sizeof *files.numbers, compare_numbers);
    }
    *ret_files = files;
    return ERR_NONE;
}

void audit_files_fini(struct audit_files *files)
{
    free(files->numbers);
    *files = (struct audit_files){NULL, 0};
}

void audit_file_name_add(struct strbuf *sb, uint32_t number)
{
    strbuf_printf(sb, "%s%08u%s", prefix, number, suffix);
}

void audit_path_add(struct strbuf *sb, const char *directory, const char *name)
{
    strbuf_printf(sb, "%s/%s", directory, name);
}

int audit_open_plain(const char *path, int flags)
{
    struct stat info;
    int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);
    if (fd >= 0 && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

// --- locks -------------------------------------------------------------------------------------

enum err audit_lock(int *ret_fd, const char *directory, const char *name, struct strbuf *ret_why)
{
    struct strbuf path;
    strbuf_init(&path, PATH_MAX_BYTES);
    audit_path_add(&path, directory, name);
    enum err e = path.failed;
    int fd = e == ERR_NONE ? open(path.p, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (e == ERR_NONE && fd < 0) {
        strbuf_printf(ret_why, "%s: %s", path.p, strerror(errno));
        e = ERR_IO;
    } else if (e == ERR_NONE && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        strbuf_printf(ret_why, "%s: another process writes here", path.p);
        close(fd);
        e = ERR_LOCKED;
    }
    strbuf_fini(&path);
    if (e == ERR_NONE) {
        *ret_fd = fd;
    }
    return e;
}

bool audit_is_locked(const char *directory, const char *name)
{
    struct strbuf path;
    strbuf_init(&path, PATH_MAX_BYTES);
    audit_path_add(&path, directory, name);
    int fd = path.failed == ERR_NONE ? audit_open_plain(path.p, O_RDONLY) : -1;
    strbuf_fini(&path);
    if (fd < 0) {
        return false;
    }
    bool is_locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return is_locked;
}

// --- lines -------------------------------------------------------------------------------------

enum err audit_text_open(struct audit_text *text, const char *path, struct strbuf *ret_why)
{
    *text = (struct audit_text){.fd = audit_open_plain(path, O_RDONLY)};
    strbuf_init(&text->buffer, AUDIT_LINE_MAX_BYTES + 2 * READ_BYTES);
    if (text->fd < 0) {
        strbuf_printf(ret_why, "%s: %s", path, strerror(errno));
        return ERR_NO_INPUT;
    }
    return ERR_NONE;
}

void audit_text_close(struct audit_text *text)
{
    if (text->fd >= 0) {
        close(text->fd);
    }
    strbuf_fini(&text->buffer);
}

// Moves what is left to the front, and reads on.
static enum err read_more(struct audit_text *text)
{
    struct strbuf *sb = &text->buffer;
    if (text->from > 0) {
        size_t left = sb->n - text->from;
        memmove(sb->p, sb->p + text->from, left);
        strbuf_truncate(sb, left);
        text->from = 0;
    }
    char *room = strbuf_room(sb, READ_BYTES);
    if (room == NULL) {
        return sb->failed;
    }
    ssize_t got;
    do {
        got = read(text->fd, room, READ_BYTES);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return ERR_IO;
    }
    text->is_at_end = got == 0;
    strbuf_grown(sb, (size_t)got);
    return ERR_NONE;
}

enum err audit_text_next(struct audit_text *text, struct view *ret_line, bool *ret_is_ended)
{
    struct strbuf *sb = &text->buffer;
    size_t searched = 0;
    for (;;) {
        size_t left = sb->n - text->from;
        const char *start = left > 0 ? sb->p + text->from : NULL;
        const char *end = left > searched ? memchr(start + searched, '\n', left - searched) : NULL;
        bool is_too_long = end == NULL && left > AUDIT_LINE_MAX_BYTES;
        if (end != NULL || is_too_long || (text->is_at_end && left > 0)) {
            size_t n = end != NULL ? (size_t)(end - start) : left;
            *ret_line = view_bytes(start, n);
            *ret_is_ended = end != NULL;
            text->from += end != NULL ? n + 1 : n;
            text->offset += end != NULL ? n + 1 : n;
            text->number++;
            text->is_at_end = text->is_at_end || is_too_long;
            return ERR_NONE;
        }
        if (text->is_at_end) {
            *ret_line = VIEW_NONE;
            *ret_is_ended = false;
            return ERR_NONE;
        }
        searched = left;
        enum err e = read_more(text);
        if (e != ERR_NONE) {
            return e;
        }
    }
}

// The folder of an audit log: its files, numbered from 1 without gaps, and how they are read.
//
//   audit-00000001.ndjson ...   the log; only the last one is written to
//   custody.ndjson              what was done with the log's records (audit/custody.h)
//   lock, custody.lock          who writes
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "common/view.h"

#define AUDIT_CUSTODY_FILE "custody.ndjson"
#define AUDIT_CUSTODY_HEAD "custody:" // what a place in it begins with

enum { AUDIT_FILES_MAX = 1000000 };

struct audit_files {
    uint32_t *numbers; // ascending
    uint32_t count;
};

// ERR_NO_INPUT when there is no such folder, ERR_CEILING, ERR_IO, ERR_NO_MEMORY; the reason in
// `ret_why`.
MUST_CHECK enum err audit_files_list(
        struct audit_files *ret_files, const char *directory, struct strbuf *ret_why);
void audit_files_fini(struct audit_files *files);

// "audit-00000001.ndjson"
void audit_file_name_add(struct strbuf *sb, uint32_t number);
// Appends the path of a file of the folder.
void audit_path_add(struct strbuf *sb, const char *directory, const char *name);

// A plain file of the folder, or -1 with errno: neither a link nor a pipe that somebody has put in its place.
// `flags` are open(2)'s.
int audit_open_plain(const char *path, int flags);

// Takes the lock of that name, which the process holds until the descriptor is closed. ERR_LOCKED:
// another one has it.
MUST_CHECK enum err audit_lock(
        int *ret_fd, const char *directory, const char *name, struct strbuf *ret_why);
// Whether somebody holds it.
bool audit_is_locked(const char *directory, const char *name);

// Lines of a file, one after another. Not audit_line.h's: any bytes.
struct audit_text {
    int fd;
    bool is_at_end;
    size_t from;
    uint64_t offset; // of the next line
    uint64_t number; // of the line that was given out last, from 1
    struct strbuf buffer;
};

MUST_CHECK enum err audit_text_open(
        struct audit_text *text, const char *path, struct strbuf *ret_why);
void audit_text_close(struct audit_text *text);
// The next line, without its line feed, good until the next call. *ret_is_ended: it has one. A view of
// none at the end. A line of more than AUDIT_LINE_MAX_BYTES is given out cut there, as not ended, and
// is the last. ERR_IO, ERR_NO_MEMORY.
MUST_CHECK enum err audit_text_next(
        struct audit_text *text, struct view *ret_line, bool *ret_is_ended);

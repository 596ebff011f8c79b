#include "audit/audit_renew.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "audit/audit_dir.h"

enum { PATH_MAX_BYTES = 8192, COPY_BYTES = 64 * 1024 };

bool audit_write_all(int fd, struct view bytes)
{
    while (bytes.n > 0) {
        ssize_t written = write(fd, bytes.p, bytes.n);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes = view_skip(bytes, (size_t)written);
    }
    return true;
}

static bool copy(int from, int to, uint64_t bytes)
{
    char block[COPY_BYTES];
    while (bytes > 0) {
        size_t wanted = bytes < sizeof block ? (size_t)bytes : sizeof block;
        ssize_t got = read(from, block, wanted);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got == 0) {
            errno = EIO; // it is shorter than what was brought to disk of it
        }
        if (got <= 0 || !audit_write_all(to, view_bytes(block, (size_t)got))) {
            return false;
        }
        bytes -= (uint64_t)got;
    }
    return true;
}

static bool write_draft(int fd, const char *path, uint64_t kept_bytes, struct view rest)
{
    int old = kept_bytes > 0 ? audit_open_plain(path, O_RDONLY) : -1;
    if (kept_bytes > 0 && old < 0) {
        return false;
    }
    bool is_written = copy(old, fd, kept_bytes) && audit_write_all(fd, rest) && fsync(fd) == 0;
    int error = errno;
    if (old >= 0) {
        close(old);
    }
    errno = error;
    return is_written;
}

static bool sync_folder(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return is_synced;
}

static int renew(const char *directory, const char *path, const char *draft, uint64_t kept_bytes,
        struct view rest)
{
    (void)unlink(draft); // of an attempt before
    errno = 0;
    int fd = open(draft, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0) {
        return -1;
    }
    if (write_draft(fd, path, kept_bytes, rest) && rename(draft, path) == 0 &&
            sync_folder(directory)) {
        return fd;
    }
    int error = errno != 0 ? errno : EIO;
    close(fd);
    (void)unlink(draft);
    errno = error;
    return -1;
}

enum err audit_file_renew(
        int *ret_fd, const char *directory, uint32_t number, uint64_t kept_bytes, struct view rest)
{
    struct strbuf path;
    struct strbuf draft;
    strbuf_init(&path, PATH_MAX_BYTES);
    strbuf_init(&draft, PATH_MAX_BYTES);
    strbuf_printf(&path, "%s/", directory);
    audit_file_name_add(&path, number);
    strbuf_printf(&draft, "%s.part", path.failed == ERR_NONE ? path.p : "");
    int fd = -1;
    enum err e = path.failed != ERR_NONE ? path.failed : draft.failed;
    if (e == ERR_NONE) {
        fd = renew(directory, path.p, draft.p, kept_bytes, rest);
        e = fd >= 0 ? ERR_NONE : ERR_UNAVAILABLE;
    }
    int error = errno;
    strbuf_fini(&path);
    strbuf_fini(&draft);
    errno = error;
    if (e == ERR_NONE) {
        *ret_fd = fd;
    }
    return e;
}

// A disk under the audit log that fails once, in wrongnumber-failpoints. With WN_LOST_SYNC=N the N-th fdatasync of a
// file of the audit log fails, and what was written to it since the one before is gone, as when the kernel drops pages
// that the disk did not take. Each one behind it goes well. Stands before libc's.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILES_MAX = 1024 };

static int is_audited(int fd)
{
    char link[64];
    char target[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, target, sizeof target - 1);
    target[n > 0 ? n : 0] = '\0';
    return strstr(target, "/audit-0") != NULL;
}

int fdatasync(int fd)
{
    // The log's lock is held: one at a time.
    static off_t kept[FILES_MAX];
    static long passed;
    const char *wanted = getenv("WN_LOST_SYNC");
    struct stat info;
    if (wanted == NULL || fd >= FILES_MAX || !is_audited(fd)) {
        return (int)syscall(SYS_fdatasync, fd);
    }
    if (++passed == strtol(wanted, NULL, 10)) {
        if (ftruncate(fd, kept[fd]) != 0) {
            abort();
        }
        errno = EIO;
        return -1;
    }
    int rc = (int)syscall(SYS_fdatasync, fd);
    if (rc == 0 && fstat(fd, &info) == 0) {
        kept[fd] = info.st_size;
    }
    return rc;
}

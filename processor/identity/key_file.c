#include "identity/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_KEY_MIN_BYTES = 32, HEX_DIGITS = 64 };

static enum err refuse(struct strbuf *ret_why, const char *path, const char *why)
{
    strbuf_printf(ret_why, "key file %s: %s", path, why);
    return ERR_CONFIG;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// In place, when all of it is 64 hex digits; else it is left alone.
static void key_unhex(struct file_key *key)
{
    if (key->n != HEX_DIGITS) {
        return;
    }
    for (size_t i = 0; i < key->n; i++) {
        if (hex_value(key->bytes[i]) < 0) {
            return;
        }
    }
    key->n /= 2;
    for (size_t i = 0; i < key->n; i++) {
        int high = hex_value(key->bytes[2 * i]);
        int low = hex_value(key->bytes[2 * i + 1]);
        key->bytes[i] = (uint8_t)(high << 4 | low);
    }
}

// Up to as many bytes as `key` has room for.
static int read_whole(int fd, struct file_key *key)
{
    key->n = 0;
    while (key->n < sizeof key->bytes) {
        ssize_t got = read(fd, key->bytes + key->n, sizeof key->bytes - key->n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        key->n += (size_t)got;
    }
    return 0;
}

enum err key_file_read(struct file_key *key, const char *path, struct strbuf *ret_why)
{
    // A pipe without a writer would block the open; it is refused below.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return refuse(ret_why, path, strerror(errno));
    }
    enum err e = ERR_NONE;
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        e = refuse(ret_why, path, "is not a regular file");
    } else if (read_whole(fd, key) != 0) {
        e = refuse(ret_why, path, strerror(errno));
    }
    close(fd);
    if (e != ERR_NONE) {
        return e;
    }
    if (key->n > 0 && key->bytes[key->n - 1] == '\n') {
        key->n--;
    }
    if (key->n < FILE_KEY_MIN_BYTES) {
        return refuse(ret_why, path, "is too short: expected 64 hex digits or 32 to 64 raw bytes");
    }
    if (key->n > FILE_KEY_MAX_BYTES) {
        return refuse(ret_why, path, "is too long: expected 64 hex digits or 32 to 64 raw bytes");
    }
    key_unhex(key);
    return ERR_NONE;
}

void key_file_wipe(struct file_key *key)
{
    explicit_bzero(key, sizeof *key);
}

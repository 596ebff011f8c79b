// Files that hold one secret key: 64 hex digits, or 32 to 64 raw bytes; a line feed behind them is no
// part of the key.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"

enum { FILE_KEY_MAX_BYTES = 64 };

struct file_key {
    uint8_t bytes[FILE_KEY_MAX_BYTES + 2]; // room for the line feed and for one byte too many
    size_t n;
};

// Regular files only. ERR_CONFIG with the reason, never a byte of the key, in `ret_why`.
MUST_CHECK enum err key_file_read(struct file_key *key, const char *path, struct strbuf *ret_why);
// To be called in any case once the key was taken over.
void key_file_wipe(struct file_key *key);

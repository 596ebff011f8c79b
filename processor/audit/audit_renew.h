// A file of the audit log, written once more under its own name.
//
// After a sync that failed, the kernel may have dropped what was written and call the file clean: its pages
// may still show it, and the next sync of it goes well and proves nothing. What is known to be on disk is
// therefore copied into a new file, what is not comes from memory, and the new file takes the place of the
// old one when all of it is on disk. The log is then, byte for byte, what it would have been.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/view.h"

// `kept_bytes` of the file stay as they are, `rest` stands behind them. *ret_fd: the new file, to be written to
// at its end; the caller closes it. ERR_UNAVAILABLE with errno: the old file stays; ERR_NO_MEMORY. To be called
// by who has the folder's lock.
MUST_CHECK enum err audit_file_renew(
        int *ret_fd, const char *directory, uint32_t number, uint64_t kept_bytes, struct view rest);
// Writes all of it; false with errno.
bool audit_write_all(int fd, struct view bytes);

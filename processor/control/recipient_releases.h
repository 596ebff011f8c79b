// The recipients whom people have released, and until when, as the commands topic or the audit log tells of
// them: a message that was judged within that time, and is not blocked, goes though it had a hold of its own.
// Keys are what the caller makes of tenant and pseudonym. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/view.h"

struct recipient_releases;

// ERR_NO_MEMORY. `ceiling_count` recipients.
MUST_CHECK enum err recipient_releases_create(
        struct recipient_releases **ret_releases, uint32_t ceiling_count);
void recipient_releases_destroy(struct recipient_releases *releases);
// A release in force below `until_ms`; of several of one recipient the longest counts. ERR_CEILING: it is not
// kept, and the recipient counts as not released. ERR_NO_MEMORY.
MUST_CHECK enum err recipient_releases_note(
        struct recipient_releases *releases, struct view recipient, int64_t until_ms);
// Whether what was judged of the recipient's at that time was released.
bool recipient_releases_has(
        const struct recipient_releases *releases, struct view recipient, int64_t at_ms);

// The channels that held and waiting scopes were raised by, numbered: behind a hold no message tells. One thread.
#pragma once

#include "common/archive.h"
#include "common/err.h"
#include "common/view.h"

// Names are numbered above CHANNEL_NONE, for good.
enum {
    CHANNEL_UNKNOWN = 0, // nobody has said, or there was no room
    CHANNEL_NONE = 1,    // the message names none
    CHANNELS_MAX = 254,
    CHANNEL_BYTES_MAX = 2048,
};

struct channels;

MUST_CHECK enum err channels_create(struct channels **ret_channels);
void channels_destroy(struct channels *channels);

// The number of a message's channel. CHANNEL_UNKNOWN for a name that is too long, and for a new one when there are
// as many as there may be.
MUST_CHECK enum err channels_intern(
        struct channels *channels, struct view channel, uint8_t *ret_number);
// False where it is not known, else its name, none for CHANNEL_NONE. Of any number; good for good.
bool channels_name(const struct channels *channels, uint8_t number, struct view *ret_channel);
// Saves them, or restores them into none.
void channels_archive(struct archive *archive, struct channels *channels);

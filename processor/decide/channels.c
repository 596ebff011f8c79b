#include "decide/channels.h"

#include <stdlib.h>

#include "common/hashmap.h"

struct channels {
    struct hashmap *names; // numbers from CHANNEL_NONE + 1 on
};

enum err channels_create(struct channels **ret_channels)
{
    struct channels *channels = calloc(1, sizeof *channels);
    if (channels == NULL) {
        return ERR_NO_MEMORY;
    }
    channels->names = hashmap_create(CHANNELS_MAX);
    if (channels->names == NULL) {
        free(channels);
        return ERR_NO_MEMORY;
    }
    *ret_channels = channels;
    return ERR_NONE;
}

void channels_destroy(struct channels *channels)
{
    if (channels != NULL) {
        hashmap_destroy(channels->names);
        free(channels);
    }
}

enum err channels_intern(struct channels *channels, struct view channel, uint8_t *ret_number)
{
    if (view_is_none(channel) || channel.n > CHANNEL_BYTES_MAX) {
        *ret_number = view_is_none(channel) ? CHANNEL_NONE : CHANNEL_UNKNOWN;
        return ERR_NONE;
    }
    uint32_t number = hashmap_find(channels->names, channel);
    if (number == HASHMAP_ABSENT) {
        number = CHANNEL_NONE + 1 + hashmap_count(channels->names);
        enum err e = hashmap_put(channels->names, channel, number);
        if (e == ERR_CEILING) {
            number = CHANNEL_UNKNOWN;
        } else if (e != ERR_NONE) {
            return e;
        }
    }
    *ret_number = (uint8_t)number;
    return ERR_NONE;
}

bool channels_name(const struct channels *channels, uint8_t number, struct view *ret_channel)
{
    *ret_channel = VIEW_NONE;
    if (number <= CHANNEL_NONE) {
        return number == CHANNEL_NONE;
    }
    uint32_t at = number - (CHANNEL_NONE + 1u);
    if (at >= hashmap_count(channels->names)) {
        return false;
    }
    *ret_channel = hashmap_key(channels->names, at);
    return true;
}

void channels_archive(struct archive *archive, struct channels *channels)
{
    archive_mark(archive, "channels");
    uint32_t count = archive_count(archive, hashmap_count(channels->names), CHANNELS_MAX);
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        struct view name = archive_reads(archive) ? VIEW_NONE : hashmap_key(channels->names, i);
        archive_view(archive, &name, CHANNEL_BYTES_MAX);
        if (!archive_reads(archive)) {
            continue;
        }
        bool is_new = !view_is_none(name) && hashmap_find(channels->names, name) == HASHMAP_ABSENT;
        enum err e = is_new ? hashmap_put(channels->names, name, CHANNEL_NONE + 1 + i) : ERR_DATA;
        if (e != ERR_NONE) {
            archive_fail(archive, e, "channels: a name");
        }
    }
}

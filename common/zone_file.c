// TZif (RFC 8536, RFC 9636): a header and a block of 32-bit times for readers of 1986, which is passed
// over, then the same with 64-bit times, then the footer between two line feeds.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/zone_inside.h"

enum { HEADER_BYTES = 44, TYPE_BYTES = 6, TYPES_MAX = 256, PATH_MAX_BYTES = 4096 };

struct tzif_header {
    size_t is_ut_count;
    size_t is_standard_count;
    size_t leap_count;
    size_t time_count;
    size_t type_count;
    size_t name_bytes;
};

static uint64_t read_be(const char *p, unsigned bytes)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++) {
        number = number << 8 | (uint8_t)p[i];
    }
    return number;
}

static enum err fail(struct strbuf *why, struct view name, const char *text)
{
    strbuf_printf(why, "zone %.*s: %s", VIEW_ARGS(name), text);
    return ERR_CONFIG;
}

// A header at the front; the version is '\0' for the first one.
static bool take_header(struct view *bytes, struct tzif_header *ret_header, char *ret_version)
{
    if (bytes->n < HEADER_BYTES || memcmp(bytes->p, "TZif", 4) != 0) {
        return false;
    }
    const char *p = bytes->p;
    *ret_version = p[4];
    *ret_header = (struct tzif_header){read_be(p + 20, 4), read_be(p + 24, 4), read_be(p + 28, 4),
            read_be(p + 32, 4), read_be(p + 36, 4), read_be(p + 40, 4)};
    *bytes = view_skip(*bytes, HEADER_BYTES);
    return true;
}

// How long the block behind a header is. Counts are 32 bits wide: nothing overflows.
static uint64_t block_bytes(const struct tzif_header *header, unsigned time_bytes)
{
    return (uint64_t)header->time_count * (time_bytes + 1) +
           (uint64_t)header->type_count * TYPE_BYTES + header->name_bytes +
           (uint64_t)header->leap_count * (time_bytes + 4) + header->is_standard_count +
           header->is_ut_count;
}

static bool skip_old_block(struct view *bytes)
{
    struct tzif_header header;
    char version;
    if (!take_header(bytes, &header, &version) || version < '2' || version > '9' ||
            block_bytes(&header, 4) > bytes->n) {
        return false;
    }
    *bytes = view_skip(*bytes, (size_t)block_bytes(&header, 4));
    return true;
}

// The offset of local time type `i`, whose records begin at `types`; false when it is out of bounds.
static bool read_type(const char *types, size_t i, int32_t *ret_offset_s)
{
    *ret_offset_s = (int32_t)(uint32_t)read_be(types + i * TYPE_BYTES, 4);
    return *ret_offset_s >= -ZONE_OFFSET_MAX_S && *ret_offset_s <= ZONE_OFFSET_MAX_S;
}

// ERR_DATA: times do not ascend, or name a type that there is not.
static enum err add_changes(
        struct zone *zone, struct view block, const struct tzif_header *header, int64_t *ret_last_s)
{
    const char *indices = block.p + header->time_count * 8;
    const char *types = indices + header->time_count;
    *ret_last_s = INT64_MIN;
    if (!read_type(types, 0, &zone->first_offset_s)) {
        return ERR_DATA;
    }
    enum err e = ERR_NONE;
    for (size_t i = 0; i < header->time_count && e == ERR_NONE; i++) {
        int64_t at_s = (int64_t)read_be(block.p + i * 8, 8);
        size_t type = (uint8_t)indices[i];
        int32_t offset_s;
        if ((i > 0 && at_s <= *ret_last_s) || type >= header->type_count ||
                !read_type(types, type, &offset_s)) {
            return ERR_DATA;
        }
        *ret_last_s = at_s;
        e = zone_add(zone, at_s, offset_s);
    }
    return e;
}

static enum err read_block(
        struct zone *zone, struct view bytes, const struct tzif_header *header, struct strbuf *why)
{
    struct view name = view_of(zone->name);
    uint64_t block = block_bytes(header, 8);
    if (header->type_count < 1 || header->type_count > TYPES_MAX || block + 2 > bytes.n ||
            bytes.p[block] != '\n' || bytes.p[bytes.n - 1] != '\n') {
        return fail(why, name, "the file is not well formed");
    }
    if (header->leap_count > 0) {
        return fail(why, name, "counts leap seconds, which message events do not");
    }
    int64_t last_s;
    enum err e = add_changes(zone, bytes, header, &last_s);
    if (e == ERR_NONE) {
        struct view footer = {bytes.p + block + 1, bytes.n - (size_t)block - 2};
        e = zone_add_rule(zone, footer, last_s);
    }
    return e == ERR_DATA ? fail(why, name, "the file's times are not well formed") : e;
}

enum err zone_parse(struct zone **ret_zone, struct view name, struct view bytes, struct strbuf *why)
{
    struct tzif_header header;
    char version;
    if (!skip_old_block(&bytes) || !take_header(&bytes, &header, &version)) {
        return fail(why, name, "expected a TZif file of version 2 or later");
    }
    struct zone *zone = NULL;
    enum err e = zone_create(&zone, name);
    if (e == ERR_NONE) {
        e = read_block(zone, bytes, &header, why);
    }
    if (e != ERR_NONE) {
        zone_destroy(zone);
        return e;
    }
    *ret_zone = zone;
    return ERR_NONE;
}

// --- files ------------------------------------------------------------------------------------

// A pipe without a writer would block the open.
static enum err read_file(
        struct strbuf *bytes, const char *path, struct view name, struct strbuf *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        bool is_absent = errno == ENOENT || errno == ENOTDIR;
        return fail(why, name, is_absent ? "there is none of this name" : strerror(errno));
    }
    struct stat info;
    enum err e = ERR_NONE;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > ZONE_FILE_MAX_BYTES) {
        e = fail(why, name, "expected a regular file of 64 KiB at most");
    }
    ssize_t got = 1;
    while (e == ERR_NONE && got > 0) {
        char *room = strbuf_room(bytes, 4096);
        if (room == NULL) {
            e = ERR_NO_MEMORY;
            break;
        }
        do {
            got = read(fd, room, 4096);
        } while (got < 0 && errno == EINTR);
        if (got < 0) {
            e = fail(why, name, strerror(errno));
        } else {
            strbuf_grown(bytes, (size_t)got);
        }
    }
    close(fd);
    return e;
}

enum err zone_open_file(
        struct zone **ret_zone, struct view name, const char *directory, struct strbuf *why)
{
    struct strbuf path;
    struct strbuf bytes;
    strbuf_init(&path, PATH_MAX_BYTES);
    strbuf_init(&bytes, 2 * ZONE_FILE_MAX_BYTES); // it may grow while it is read
    strbuf_printf(&path, "%s/%.*s", directory, VIEW_ARGS(name));
    enum err e = path.failed != ERR_NONE ? path.failed : read_file(&bytes, path.p, name, why);
    if (e == ERR_NONE) {
        bool is_other = !view_starts_with(strbuf_view(&bytes), VIEW("TZif"));
        e = zone_parse(ret_zone, name, strbuf_view(&bytes), why);
        e = e == ERR_CONFIG && is_other ? ERR_NO_INPUT : e;
    }
    strbuf_fini(&path);
    strbuf_fini(&bytes);
    return e;
}

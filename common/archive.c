#include "common/archive.h"

#include <string.h>

enum { VARINT_BYTES_MAX = 10 };

struct archive archive_writer(struct strbuf *out)
{
    return (struct archive){.out = out};
}

struct archive archive_reader(struct view in)
{
    return (struct archive){.in = in};
}

void archive_fail(struct archive *archive, enum err err, const char *wrong)
{
    if (archive->failed == ERR_NONE) {
        archive->failed = err;
        archive->wrong = wrong;
    }
    archive->in = VIEW_NONE;
}

enum err archive_end(struct archive *archive)
{
    if (!archive_reads(archive)) {
        archive->failed = archive->failed != ERR_NONE ? archive->failed : archive->out->failed;
    } else if (archive->in.n > 0) {
        archive_fail(archive, ERR_DATA, "something is left over");
    }
    return archive->failed;
}

// --- varints ----------------------------------------------------------------------------------

static void put_varint(struct archive *archive, uint64_t number)
{
    uint8_t bytes[VARINT_BYTES_MAX];
    size_t n = 0;
    do {
        uint8_t more = number > 0x7f ? 0x80 : 0;
        bytes[n++] = (uint8_t)(number & 0x7f) | more;
        number >>= 7;
    } while (number > 0);
    strbuf_add(archive->out, bytes, n);
}

// One way to write each number: no zeros in front, nothing above 64 bits.
static uint64_t get_varint(struct archive *archive)
{
    uint64_t number = 0;
    for (size_t i = 0; i < archive->in.n && i < VARINT_BYTES_MAX; i++) {
        uint8_t byte = (uint8_t)archive->in.p[i];
        bool is_last = (byte & 0x80) == 0;
        bool is_padded = is_last && byte == 0 && i > 0;
        bool overflows = i == VARINT_BYTES_MAX - 1 && byte > 1;
        if (is_padded || overflows) {
            break;
        }
        number |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (is_last) {
            archive->in = view_skip(archive->in, i + 1);
            return number;
        }
    }
    archive_fail(archive, ERR_DATA, "a number is broken off");
    return 0;
}

static uint64_t zigzag(int64_t number)
{
    return ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t bits)
{
    uint64_t magnitude = bits >> 1;
    return (bits & 1) != 0 ? -(int64_t)magnitude - 1 : (int64_t)magnitude;
}

// --- fields -----------------------------------------------------------------------------------

void archive_u64(struct archive *archive, uint64_t *number, uint64_t max)
{
    if (!archive_reads(archive)) {
        put_varint(archive, *number);
        return;
    }
    *number = archive_is_good(archive) ? get_varint(archive) : 0;
    if (*number > max) {
        *number = 0;
        archive_fail(archive, ERR_DATA, "a number is too large");
    }
}

void archive_i64(struct archive *archive, int64_t *number, int64_t min, int64_t max)
{
    if (!archive_reads(archive)) {
        put_varint(archive, zigzag(*number));
        return;
    }
    *number = archive_is_good(archive) ? unzigzag(get_varint(archive)) : 0;
    if (archive_is_good(archive) && (*number < min || *number > max)) {
        *number = 0;
        archive_fail(archive, ERR_DATA, "a number is out of range");
    }
}

void archive_u32(struct archive *archive, uint32_t *number, uint32_t max)
{
    uint64_t wide = *number;
    archive_u64(archive, &wide, max);
    *number = (uint32_t)wide;
}

void archive_u16(struct archive *archive, uint16_t *number, uint16_t max)
{
    uint64_t wide = *number;
    archive_u64(archive, &wide, max);
    *number = (uint16_t)wide;
}

void archive_u8(struct archive *archive, uint8_t *number, uint8_t max)
{
    uint64_t wide = *number;
    archive_u64(archive, &wide, max);
    *number = (uint8_t)wide;
}

void archive_bool(struct archive *archive, bool *flag)
{
    uint64_t wide = !archive_reads(archive) && *flag ? 1 : 0;
    archive_u64(archive, &wide, 1);
    *flag = wide != 0;
}

void archive_i32(struct archive *archive, int32_t *number, int32_t min, int32_t max)
{
    int64_t wide = *number;
    archive_i64(archive, &wide, min, max);
    *number = (int32_t)wide;
}

uint32_t archive_count(struct archive *archive, uint32_t count, uint32_t max)
{
    archive_u32(archive, &count, max);
    if (archive_reads(archive) && count > archive->in.n) {
        archive_fail(archive, ERR_DATA, "more items are told than there are bytes");
        return 0;
    }
    return count;
}

void archive_bytes(struct archive *archive, void *bytes, size_t n)
{
    if (!archive_reads(archive)) {
        strbuf_add(archive->out, bytes, n);
        return;
    }
    if (archive_is_good(archive) && archive->in.n < n) {
        archive_fail(archive, ERR_DATA, "bytes are missing");
    }
    if (!archive_is_good(archive)) {
        memset(bytes, 0, n);
        return;
    }
    memcpy(bytes, archive->in.p, n);
    archive->in = view_skip(archive->in, n);
}

// The length and one more; 0 for what is absent.
void archive_view(struct archive *archive, struct view *text, size_t max)
{
    uint64_t length = view_is_none(*text) ? 0 : text->n + 1;
    archive_u64(archive, &length, max + 1);
    if (!archive_reads(archive)) {
        strbuf_add(archive->out, text->p, length == 0 ? 0 : text->n);
        return;
    }
    *text = VIEW_NONE;
    if (length == 0) {
        return;
    }
    size_t n = (size_t)length - 1;
    if (archive->in.n < n) {
        archive_fail(archive, ERR_DATA, "a text is broken off");
        return;
    }
    // What is present has an address, even when it is empty at the end of the input.
    *text = (struct view){n > 0 ? archive->in.p : "", n};
    archive->in = view_skip(archive->in, n);
}

void archive_mark(struct archive *archive, const char *word)
{
    size_t n = strlen(word);
    if (!archive_reads(archive)) {
        strbuf_add(archive->out, word, n);
        return;
    }
    if (archive_is_good(archive) && (archive->in.n < n || memcmp(archive->in.p, word, n) != 0)) {
        archive_fail(archive, ERR_DATA, word);
    }
    if (archive_is_good(archive)) {
        archive->in = view_skip(archive->in, n);
    }
}

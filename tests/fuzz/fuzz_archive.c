// A list of fields and the bytes to read them from. What must hold: what is read is within its
// limits, 0 after the first thing that cannot be, and written again gives the very bytes that were
// read.
#include "common/archive.h"

#include "common/assure.h"
#include "input.h"

enum { FIELD_MAX = 256, OUT_BYTES = 1 << 20, BYTES_FIELD = 7, VIEW_FIELD_MAX = 100 };

enum field_type { U64, U32, U16, U8, BOOL, I64, I32, COUNT, BYTES, TEXT, MARK, TYPE_COUNT };

struct field {
    enum field_type type;
    uint8_t shift; // limits are all bits of the type, this many fewer
    uint64_t number;
    uint8_t bytes[BYTES_FIELD];
    struct view text;
};

static uint64_t archive_number(struct archive *archive, const struct field *field, uint64_t max)
{
    uint64_t u64 = field->number;
    uint32_t u32 = (uint32_t)field->number;
    uint16_t u16 = (uint16_t)field->number;
    uint8_t u8 = (uint8_t)field->number;
    switch ((int)field->type) {
    case U64:
        archive_u64(archive, &u64, max);
        return u64;
    case U32:
        archive_u32(archive, &u32, (uint32_t)max);
        return u32;
    case U16:
        archive_u16(archive, &u16, (uint16_t)max);
        return u16;
    case U8:
        archive_u8(archive, &u8, (uint8_t)max);
        return u8;
    default:
        return archive_count(archive, u32, (uint32_t)max);
    }
}

static uint64_t archive_signed(struct archive *archive, const struct field *field)
{
    int64_t i64 = (int64_t)field->number;
    int32_t i32 = (int32_t)i64;
    if (field->type == I64) {
        int64_t max = INT64_MAX >> field->shift;
        archive_i64(archive, &i64, -max - 1, max);
        ASSURE(i64 >= -max - 1 && i64 <= max);
        return (uint64_t)i64;
    }
    int32_t max = INT32_MAX >> field->shift % 32;
    archive_i32(archive, &i32, -max - 1, max);
    ASSURE(i32 >= -max - 1 && i32 <= max);
    return (uint64_t)(int64_t)i32;
}

static void field_archive(struct archive *archive, struct field *field)
{
    static const unsigned bits[TYPE_COUNT] = {
            [U64] = 64, [U32] = 32, [U16] = 16, [U8] = 8, [COUNT] = 32};
    bool flag = field->number != 0;
    switch (field->type) {
    case U64:
    case U32:
    case U16:
    case U8:
    case COUNT: {
        unsigned left = bits[field->type] - field->shift % bits[field->type];
        uint64_t max = UINT64_MAX >> (64 - left);
        field->number = archive_number(archive, field, max);
        ASSURE(field->number <= max);
        break;
    }
    case BOOL:
        archive_bool(archive, &flag);
        field->number = flag;
        break;
    case I64:
    case I32:
        field->number = archive_signed(archive, field);
        break;
    case BYTES:
        archive_bytes(archive, field->bytes, field->shift % (BYTES_FIELD + 1u));
        break;
    case TEXT:
        archive_view(archive, &field->text, VIEW_FIELD_MAX >> field->shift % 8);
        ASSURE(field->text.n <= VIEW_FIELD_MAX);
        break;
    case MARK:
    case TYPE_COUNT:
        archive_mark(archive, field->shift % 2 == 0 ? "fold" : "m");
        break;
    }
}

static void check_zero(const struct field *field)
{
    static const uint8_t zeros[BYTES_FIELD];
    ASSURE(field->number == 0 && view_is_none(field->text));
    ASSURE(memcmp(field->bytes, zeros, field->shift % (BYTES_FIELD + 1u)) == 0 ||
            field->type != BYTES);
}

static void check_written_again(struct field *fields, size_t count, struct view bytes)
{
    struct strbuf out;
    strbuf_init(&out, OUT_BYTES);
    struct archive writer = archive_writer(&out);
    for (size_t i = 0; i < count; i++) {
        field_archive(&writer, &fields[i]);
    }
    ASSURE(archive_end(&writer) == ERR_NONE);
    ASSURE(view_equal(strbuf_view(&out), bytes));
    strbuf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field fields[FIELD_MAX] = {{.number = 0}};
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    size_t count = fuzz_take_byte(&rest);
    for (size_t i = 0; i < count; i++) {
        fields[i].type = (enum field_type)(fuzz_take_byte(&rest) % TYPE_COUNT);
        fields[i].shift = fuzz_take_byte(&rest) % 64;
        fields[i].number = 7; // is overwritten in any case
    }
    struct view bytes = fuzz_copy(rest);
    struct archive reader = archive_reader(bytes);
    for (size_t i = 0; i < count; i++) {
        bool was_good = archive_is_good(&reader);
        if (fields[i].type == BYTES || fields[i].type == TEXT || fields[i].type == MARK) {
            fields[i].number = 0;
        }
        field_archive(&reader, &fields[i]);
        if (!was_good) {
            check_zero(&fields[i]);
        }
    }
    struct view read = view_bytes(bytes.p, bytes.n - reader.in.n);
    if (archive_is_good(&reader)) {
        check_written_again(fields, count, read);
        ASSURE((archive_end(&reader) == ERR_NONE) == (read.n == bytes.n));
    } else {
        ASSURE(archive_end(&reader) == ERR_DATA && reader.wrong != NULL);
    }
    fuzz_free(bytes);
    return 0;
}

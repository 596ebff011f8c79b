// The reader is its own and not cJSON, because an epoch decides what may be believed: it takes a
// flat object of plain values and nothing else, every number a whole one, every known key once.
#include "redis/epoch.h"

#include "common/json_out.h"
#include "redis/packed_keys.h"

// Whole numbers that every JSON library keeps exact.
#define EPOCH_NUMBER_MAX (((uint64_t)1 << 53) - 1)

static const char *const layout_names[] = {"packed1", "hash1"};

enum epoch_key {
    KEY_LAYOUT,
    KEY_GENERATION,
    KEY_KEY_ID,
    KEY_BUCKET_BITS,
    KEY_BUCKET_COUNT,
    KEY_TAGS,
    KEY_RECORD_COUNT,
    KEY_SOURCE_WATERMARK,
    KEY_VALID_FOR_MS,
    KEY_HEARTBEAT_MS,
    KEY_HEARTBEAT_AT,
    KEY_COUNT,
};

static const char *const key_names[KEY_COUNT] = {"layout", "generation", "key_id", "bucket_bits",
        "bucket_count", "tags", "record_count", "source_watermark", "valid_for_ms", "heartbeat_ms",
        "heartbeat_at"};

// What an owner of a hash layout may leave out: the geometry is none of theirs.
enum {
    OPTIONAL_FOR_HASH = 1 << KEY_KEY_ID | 1 << KEY_BUCKET_BITS | 1 << KEY_BUCKET_COUNT |
                        1 << KEY_TAGS | 1 << KEY_HEARTBEAT_MS
};

void epoch_add(struct strbuf *sb, const struct epoch *epoch)
{
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_text(&out, key_names[KEY_LAYOUT], layout_names[epoch->layout]);
    json_int(&out, key_names[KEY_GENERATION], (int64_t)epoch->generation);
    json_text(&out, key_names[KEY_KEY_ID], epoch->key_id);
    json_int(&out, key_names[KEY_BUCKET_BITS], epoch->bucket_bits);
    json_int(&out, key_names[KEY_BUCKET_COUNT], (int64_t)epoch->bucket_count);
    json_int(&out, key_names[KEY_TAGS], epoch->tags);
    json_int(&out, key_names[KEY_RECORD_COUNT], (int64_t)epoch->record_count);
    json_int(&out, key_names[KEY_SOURCE_WATERMARK], epoch->source_watermark_ms);
    json_int(&out, key_names[KEY_VALID_FOR_MS], epoch->valid_for_ms);
    json_int(&out, key_names[KEY_HEARTBEAT_MS], epoch->heartbeat_ms);
    if (epoch->heartbeat_ms > 0) {
        json_int(&out, key_names[KEY_HEARTBEAT_AT], epoch->heartbeat_at_ms);
    }
    json_object_end(&out);
}

static void skip_space(struct view *text)
{
    while (text->n > 0 &&
            (text->p[0] == ' ' || text->p[0] == '\t' || text->p[0] == '\n' || text->p[0] == '\r')) {
        *text = view_skip(*text, 1);
    }
}

static bool take_byte(struct view *text, char c)
{
    skip_space(text);
    if (text->n == 0 || text->p[0] != c) {
        return false;
    }
    *text = view_skip(*text, 1);
    return true;
}

// A string without escapes: no key and no word of an epoch needs one.
static bool take_string(struct view *text, struct view *ret_string)
{
    if (!take_byte(text, '"')) {
        return false;
    }
    for (size_t i = 0; i < text->n; i++) {
        char c = text->p[i];
        if (c == '"') {
            *ret_string = view_bytes(text->p, i);
            *text = view_skip(*text, i + 1);
            return json_is_utf8(*ret_string);
        }
        if (c == '\\' || (c >= 0 && c < ' ')) {
            return false;
        }
    }
    return false;
}

// Digits only: no sign, no fraction, no exponent, no leading zero, at most 2^53 - 1.
static bool take_number(struct view *text, uint64_t *ret_number)
{
    skip_space(text);
    uint64_t number = 0;
    size_t digits = 0;
    for (; text->n > 0 && text->p[0] >= '0' && text->p[0] <= '9'; digits++) {
        number = number * 10 + (uint64_t)(text->p[0] - '0');
        if (number > EPOCH_NUMBER_MAX || (digits == 1 && number < 10)) {
            return false;
        }
        *text = view_skip(*text, 1);
    }
    *ret_number = number;
    return digits > 0;
}

static bool take_word(struct view *text, struct view word)
{
    skip_space(text);
    if (!view_starts_with(*text, word)) {
        return false;
    }
    *text = view_skip(*text, word.n);
    return true;
}

static bool take_unknown(struct view *text)
{
    skip_space(text);
    struct view string;
    uint64_t number;
    if (text->n > 0 && text->p[0] == '"') {
        return take_string(text, &string);
    }
    return take_word(text, VIEW("true")) || take_word(text, VIEW("false")) ||
           take_word(text, VIEW("null")) || take_number(text, &number);
}

static int key_index(struct view key)
{
    for (int i = 0; i < KEY_COUNT; i++) {
        if (view_is(key, key_names[i])) {
            return i;
        }
    }
    return -1;
}

struct epoch_values {
    unsigned seen; // bit per epoch_key
    struct view layout;
    struct view key_id;
    uint64_t numbers[KEY_COUNT];
};

static bool take_member(struct view *text, struct epoch_values *values)
{
    struct view name;
    if (!take_string(text, &name) || !take_byte(text, ':')) {
        return false;
    }
    int key = key_index(name);
    if (key < 0) {
        return take_unknown(text);
    }
    if ((values->seen >> key & 1) != 0) {
        return false;
    }
    values->seen |= 1U << key;
    if (key == KEY_LAYOUT) {
        return take_string(text, &values->layout);
    }
    if (key == KEY_KEY_ID) {
        return take_string(text, &values->key_id);
    }
    return take_number(text, &values->numbers[key]);
}

static bool take_object(struct view text, struct epoch_values *values)
{
    if (!take_byte(&text, '{')) {
        return false;
    }
    do {
        if (!take_member(&text, values)) {
            return false;
        }
    } while (take_byte(&text, ','));
    if (!take_byte(&text, '}')) {
        return false;
    }
    skip_space(&text);
    return text.n == 0;
}

static bool key_id_is_valid(struct view id)
{
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return id.n >= 1 && id.n <= KEY_ID_MAX_BYTES;
}

static bool geometry_is_valid(const struct epoch_values *values, enum epoch_layout layout)
{
    uint64_t bits = values->numbers[KEY_BUCKET_BITS];
    uint64_t count = values->numbers[KEY_BUCKET_COUNT];
    uint64_t tags = values->numbers[KEY_TAGS];
    if (layout == EPOCH_HASH1) {
        return bits == 0 && count == 0 && tags <= HASH_TAG_COUNT;
    }
    return bits <= BUCKET_BITS_MAX && tags <= HASH_TAG_COUNT &&
           packed_geometry_is_valid((unsigned)bits, (unsigned)tags) && count == (uint64_t)1 << bits;
}

static bool is_consistent(const struct epoch_values *values, enum epoch_layout layout)
{
    const unsigned all = ((1U << KEY_COUNT) - 1) & ~(1U << KEY_HEARTBEAT_AT);
    unsigned required = layout == EPOCH_HASH1 ? all & ~(unsigned)OPTIONAL_FOR_HASH : all;
    bool has_key_id = (values->seen >> KEY_KEY_ID & 1) != 0;
    return (values->seen & required) == required &&
           (!has_key_id || key_id_is_valid(values->key_id)) &&
           values->numbers[KEY_GENERATION] >= 1 && geometry_is_valid(values, layout) &&
           clock_is_accepted((int64_t)values->numbers[KEY_SOURCE_WATERMARK]) &&
           values->numbers[KEY_VALID_FOR_MS] >= 1;
}

enum err epoch_parse(struct epoch *ret_epoch, struct view text)
{
    struct epoch_values values = {.numbers[KEY_TAGS] = 0};
    if (text.n > EPOCH_MAX_BYTES || !take_object(text, &values)) {
        return ERR_DATA;
    }
    bool is_hash = view_is(values.layout, layout_names[EPOCH_HASH1]);
    if (!is_hash && !view_is(values.layout, layout_names[EPOCH_PACKED1])) {
        return ERR_DATA;
    }
    enum epoch_layout layout = is_hash ? EPOCH_HASH1 : EPOCH_PACKED1;
    if (!is_consistent(&values, layout)) {
        return ERR_DATA;
    }
    *ret_epoch = (struct epoch){
            .layout = layout,
            .generation = values.numbers[KEY_GENERATION],
            .bucket_bits = (unsigned)values.numbers[KEY_BUCKET_BITS],
            .bucket_count = values.numbers[KEY_BUCKET_COUNT],
            .tags = values.numbers[KEY_TAGS] == 0 ? 1 : (unsigned)values.numbers[KEY_TAGS],
            .record_count = values.numbers[KEY_RECORD_COUNT],
            .source_watermark_ms = (int64_t)values.numbers[KEY_SOURCE_WATERMARK],
            .valid_for_ms = (int64_t)values.numbers[KEY_VALID_FOR_MS],
            .heartbeat_ms = (int64_t)values.numbers[KEY_HEARTBEAT_MS],
            .heartbeat_at_ms = (int64_t)values.numbers[KEY_HEARTBEAT_AT],
    };
    if (values.key_id.n > 0) {
        memcpy(ret_epoch->key_id, values.key_id.p, values.key_id.n);
    }
    return ERR_NONE;
}

bool epoch_is_same(const struct epoch *a, const struct epoch *b)
{
    return a->layout == b->layout && a->generation == b->generation &&
           strcmp(a->key_id, b->key_id) == 0 && a->bucket_bits == b->bucket_bits &&
           a->tags == b->tags;
}

bool epoch_is_fresh(const struct epoch *epoch, struct wall_time now)
{
    return now.ms <= epoch->source_watermark_ms + epoch->valid_for_ms &&
           epoch->source_watermark_ms <= now.ms + EPOCH_AHEAD_MAX_MS &&
           epoch_heart_beats(epoch, now);
}

bool epoch_heart_beats(const struct epoch *epoch, struct wall_time now)
{
    int64_t away_ms = now.ms - epoch->heartbeat_at_ms;
    return epoch->heartbeat_ms == 0 ||
           (away_ms <= epoch->heartbeat_ms && away_ms >= -epoch->heartbeat_ms);
}

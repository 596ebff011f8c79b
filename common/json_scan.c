#include "common/json_scan.h"

#include <endian.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "common/json_out.h"
#include "common/json_trie.h"

static inline bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// A container that is open.
struct level {
    uint32_t index; // of the element that is read, in arrays
    uint16_t node;  // of the trie
    bool is_object;
    const char *from; // its first byte
};

struct scan {
    const char *p; // the next byte
    const char *end;
    const struct json_pointers *pointers;
    struct json_value *values;
    struct json_value unwanted; // where the value goes that no pointer wants
    size_t depth;               // containers that are open
    bool has_duplicates;
    uint64_t seen[JSON_NODES_MAX / 64];      // nodes met
    uint64_t duplicate[JSON_NODES_MAX / 64]; // nodes met twice
    struct level levels[JSON_DEPTH_MAX];
};

static inline void skip_space(struct scan *s)
{
    while (s->p < s->end && is_space(*s->p)) {
        s->p++;
    }
}

static inline bool take_byte(struct scan *s, char c)
{
    if (s->p == s->end || *s->p != c) {
        return false;
    }
    s->p++;
    return true;
}

// --- strings ----------------------------------------------------------------------------------

// A bit (SSE2) or the high bit of a byte (elsewhere) for each of the STRIDE bytes at p that is not
// plain inside a string: a quote, a backslash or a control byte. Bits above the lowest may be wrong
// where there is no SSE2.
#ifdef __SSE2__
enum { STRIDE = 16, BITS_PER_BYTE = 1 };

static inline uint64_t find_stops(const char *p)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    __m128i stops = _mm_or_si128(_mm_or_si128(quotes, backslashes), controls);
    return (unsigned)_mm_movemask_epi8(stops);
}
#else
enum { STRIDE = 8, BITS_PER_BYTE = 8 };

static inline uint64_t find_stops(const char *p)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t word;
    memcpy(&word, p, sizeof word);
    word = le64toh(word);
    uint64_t controls = word - ones * 0x20;
    uint64_t quotes = (word ^ ones * '"') - ones;
    uint64_t backslashes = (word ^ ones * '\\') - ones;
    return (controls | quotes | backslashes) & ~word & ones * 0x80;
}
#endif

// Moves to the first byte that is not plain inside a string.
static inline const char *skip_plain(const char *p, const char *end)
{
    while (end - p >= STRIDE) {
        uint64_t stops = find_stops(p);
        if (stops != 0) {
            return p + __builtin_ctzll(stops) / BITS_PER_BYTE;
        }
        p += STRIDE;
    }
    while (p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\') {
        p++;
    }
    return p;
}

// The value of four hexadecimal digits, or -1.
static int read_hex4(const char *p, const char *end)
{
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = end - p > i ? p[i] : '\0';
        char letter = (char)(c | 0x20);
        if (is_digit(c)) {
            unit = unit * 16 + (c - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            unit = unit * 16 + (letter - 'a' + 10);
        } else {
            return -1;
        }
    }
    return unit;
}

static bool is_short_escape(char c)
{
    return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
}

// Reads the escape at p, which is a backslash, and notes what kind it is. NULL when it is none.
static const char *skip_escape(const char *p, const char *end, struct json_value *string)
{
    string->has_escapes = true;
    if (end - p < 2) {
        return NULL;
    }
    if (p[1] != 'u') {
        return is_short_escape(p[1]) ? p + 2 : NULL;
    }
    int unit = read_hex4(p + 2, end);
    if (unit < 0) {
        return NULL;
    }
    p += 6;
    if (unit == 0) {
        string->has_nul_escape = true;
    } else if (unit >= 0xd800 && unit <= 0xdfff) {
        bool may_pair = unit <= 0xdbff && end - p >= 2 && p[0] == '\\' && p[1] == 'u';
        int low = may_pair ? read_hex4(p + 2, end) : -1;
        if (low >= 0xdc00 && low <= 0xdfff) {
            p += 6;
        } else {
            string->has_lone_surrogate = true;
        }
    }
    return p;
}

// The slow end of take_string: from the first byte that is not plain.
static __attribute__((noinline)) bool take_string_rest(
        struct scan *s, const char *from, struct json_value *ret_string)
{
    const char *p = s->p;
    while (p < s->end && *p == '\\') {
        const char *next = skip_escape(p, s->end, ret_string);
        if (next == NULL) {
            s->p = p;
            return false;
        }
        p = skip_plain(next, s->end);
    }
    s->p = p;
    ret_string->raw = view_bytes(from, (size_t)(p - from));
    return take_byte(s, '"');
}

// Reads a string, whose opening quote is taken already.
static inline bool take_string(struct scan *s, struct json_value *ret_string)
{
    const char *from = s->p;
    s->p = skip_plain(from, s->end);
    *ret_string = (struct json_value){.kind = JSON_STRING};
    if (s->p < s->end && *s->p == '"') {
        ret_string->raw = view_bytes(from, (size_t)(s->p - from));
        s->p++;
        return true;
    }
    return take_string_rest(s, from, ret_string);
}

// --- numbers and words ------------------------------------------------------------------------

static inline bool take_digits(struct scan *s)
{
    const char *from = s->p;
    while (s->p < s->end && is_digit(*s->p)) {
        s->p++;
    }
    return s->p > from;
}

static bool take_number(struct scan *s, struct json_value *ret_value)
{
    const char *from = s->p;
    take_byte(s, '-');
    if (!take_byte(s, '0') && !take_digits(s)) {
        return false;
    }
    if (take_byte(s, '.') && !take_digits(s)) {
        return false;
    }
    if (take_byte(s, 'e') || take_byte(s, 'E')) {
        if (!take_byte(s, '+')) {
            take_byte(s, '-');
        }
        if (!take_digits(s)) {
            return false;
        }
    }
    *ret_value = (struct json_value){
            .kind = JSON_NUMBER, .raw = view_bytes(from, (size_t)(s->p - from))};
    return true;
}

static bool take_word(
        struct scan *s, struct view word, enum json_kind kind, struct json_value *ret_value)
{
    struct view rest = view_bytes(s->p, (size_t)(s->end - s->p));
    if (!view_starts_with(rest, word)) {
        return false;
    }
    s->p += word.n;
    *ret_value = (struct json_value){.kind = kind, .raw = view_bytes(rest.p, word.n)};
    return true;
}

static inline bool take_scalar(struct scan *s, struct json_value *ret_value)
{
    switch (*s->p) {
    case '"':
        s->p++;
        return take_string(s, ret_value);
    case 'n':
        return take_word(s, VIEW("null"), JSON_NULL, ret_value);
    case 't':
        return take_word(s, VIEW("true"), JSON_TRUE, ret_value);
    case 'f':
        return take_word(s, VIEW("false"), JSON_FALSE, ret_value);
    default:
        return take_number(s, ret_value);
    }
}

// --- the way through the trie -----------------------------------------------------------------

static inline bool is_parent(const struct scan *s, unsigned node)
{
    return s->pointers->nodes[node].is_parent;
}

// Reads `"key":` and returns the node of its value in *ret_node.
static inline bool take_key(struct scan *s, unsigned parent, unsigned *ret_node)
{
    struct json_value key;
    if (!take_byte(s, '"') || !take_string(s, &key)) {
        return false;
    }
    skip_space(s);
    if (!take_byte(s, ':')) {
        return false;
    }
    unsigned node = JSON_NOWHERE;
    if (is_parent(s, parent)) {
        node = key.has_escapes ? json_trie_child_escaped(s->pointers, parent, &key)
                               : json_trie_child(s->pointers, parent, key.raw);
    }
    if (node != JSON_NOWHERE) {
        uint64_t bit = UINT64_C(1) << node % 64;
        if ((s->seen[node / 64] & bit) != 0) {
            s->duplicate[node / 64] |= bit;
            s->has_duplicates = true;
        }
        s->seen[node / 64] |= bit;
    }
    *ret_node = node;
    return true;
}

// Where the value of that node goes: written in place, for a copy of fresh bytes would stall the
// load.
static inline struct json_value *value_of(struct scan *s, unsigned node)
{
    uint16_t leaf = s->pointers->nodes[node].leaf;
    return leaf != JSON_NO_LEAF ? &s->values[leaf] : &s->unwanted;
}

// --- containers -------------------------------------------------------------------------------

static inline enum json_fault open_container(struct scan *s, unsigned node)
{
    if (s->depth == JSON_DEPTH_MAX) {
        return JSON_TOO_DEEP;
    }
    s->levels[s->depth++] =
            (struct level){.node = (uint16_t)node, .is_object = *s->p == '{', .from = s->p};
    s->p++;
    return JSON_FINE;
}

static inline void close_container(struct scan *s)
{
    const struct level *level = &s->levels[--s->depth];
    *value_of(s, level->node) = (struct json_value){
            .kind = level->is_object ? JSON_OBJECT : JSON_ARRAY,
            .raw = view_bytes(level->from, (size_t)(s->p - level->from)),
    };
}

// Moves from the opening bracket or a comma to the value of the member that comes next.
static inline bool enter_member(struct scan *s, unsigned *ret_node)
{
    const struct level *level = &s->levels[s->depth - 1];
    if (level->is_object) {
        skip_space(s);
        return take_key(s, level->node, ret_node);
    }
    *ret_node = is_parent(s, level->node)
                        ? json_trie_element(s->pointers, level->node, level->index)
                        : JSON_NOWHERE;
    return true;
}

static inline bool take_closer(struct scan *s)
{
    return take_byte(s, s->levels[s->depth - 1].is_object ? '}' : ']');
}

// After a value: closes every container that ends here. Stops behind a comma, or behind the last
// bracket.
static inline bool leave_value(struct scan *s)
{
    while (s->depth > 0) {
        skip_space(s);
        if (take_byte(s, ',')) {
            s->levels[s->depth - 1].index++;
            return true;
        }
        if (!take_closer(s)) {
            return false;
        }
        close_container(s);
    }
    return true;
}

// One turn a value. Containers are kept on s->levels and not on the C stack.
static enum json_fault scan_document(struct scan *s)
{
    unsigned node = JSON_ROOT;
    do {
        skip_space(s);
        if (s->p == s->end) {
            return JSON_NOT_JSON;
        }
        bool is_open = *s->p == '{' || *s->p == '[';
        if (is_open) {
            if (open_container(s, node) != JSON_FINE) {
                return JSON_TOO_DEEP;
            }
            skip_space(s);
            if (take_closer(s)) {
                close_container(s);
                is_open = false;
            }
        } else if (!take_scalar(s, value_of(s, node))) {
            return JSON_NOT_JSON;
        }
        if (!is_open && !leave_value(s)) {
            return JSON_NOT_JSON;
        }
        if (s->depth > 0 && !enter_member(s, &node)) {
            return JSON_NOT_JSON;
        }
    } while (s->depth > 0);
    skip_space(s);
    return s->p == s->end ? JSON_FINE : JSON_NOT_JSON;
}

// Hands duplicates down to all pointers below them, and values on to equal pointers.
static void finish_values(const struct scan *s)
{
    const struct json_pointers *pointers = s->pointers;
    for (size_t i = 0; i < pointers->count; i++) {
        unsigned end = pointers->ends[i];
        if (end != JSON_NOWHERE && pointers->nodes[end].leaf != i) {
            s->values[i] = s->values[pointers->nodes[end].leaf];
        }
        for (unsigned node = end; node > JSON_ROOT; node = pointers->nodes[node].parent) {
            if ((s->duplicate[node / 64] >> node % 64 & 1) != 0) {
                s->values[i].duplicate = true;
            }
        }
    }
}

// Most texts are ASCII: 32 bytes at a time until one is not.
static bool is_utf8(struct view text)
{
    while (text.n >= 32) {
        uint64_t words[4];
        memcpy(words, text.p, sizeof words);
        if (((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080u) != 0) {
            break;
        }
        text = view_skip(text, sizeof words);
    }
    return json_is_utf8(text);
}

enum json_fault json_scan(const struct json_pointers *pointers, struct view text,
        struct json_value *ret_values, size_t *ret_offset)
{
    size_t offset = 0;
    enum json_fault fault = JSON_NOT_JSON;
    memset(ret_values, 0, pointers->count * sizeof *ret_values);
    if (!is_utf8(text)) {
        fault = JSON_BAD_UTF8;
    } else if (text.n > 0) {
        struct scan s;
        s.p = text.p;
        s.end = text.p + text.n;
        s.pointers = pointers;
        s.values = ret_values;
        s.depth = 0;
        s.has_duplicates = false;
        memset(s.seen, 0, sizeof s.seen);
        memset(s.duplicate, 0, sizeof s.duplicate);
        fault = scan_document(&s);
        if (fault == JSON_FINE && (s.has_duplicates || pointers->has_equals)) {
            finish_values(&s);
        }
        offset = (size_t)(s.p - text.p);
    }
    if (ret_offset != NULL) {
        *ret_offset = offset;
    }
    return fault;
}

struct view json_skip_bom(struct view text)
{
    return view_starts_with(text, VIEW("\xef\xbb\xbf")) ? view_skip(text, 3) : text;
}

struct view json_skip_space(struct view text)
{
    while (text.n > 0 && is_space(text.p[0])) {
        text = view_skip(text, 1);
    }
    return text;
}

#include "common/json_scan.h"

#include "common/json_lex.h"
#include "common/json_out.h"
#include "common/json_trie.h"

// A container that is open.
struct level {
    uint32_t index; // of the element that is read, in arrays
    uint16_t node;  // of the trie
    uint16_t last;  // in objects, the member that was met last; at first the object itself
    bool is_object;
    const char *from; // its first byte
};

struct scan {
    struct json_cursor at;
    const struct json_pointers *pointers;
    struct json_value *values;
    struct json_value unwanted; // where the value goes that no pointer wants
    size_t depth;               // containers that are open
    bool has_duplicates;
    uint64_t seen[JSON_NODES_MAX / 64];      // nodes met
    uint64_t duplicate[JSON_NODES_MAX / 64]; // nodes met twice
    struct level levels[JSON_DEPTH_MAX];
};

// --- the way through the trie -----------------------------------------------------------------

static inline bool is_parent(const struct scan *s, unsigned node)
{
    return s->pointers->nodes[node].is_parent;
}

// Reads `"key":` where it is, to the byte, that of the member which came here last time.
static inline unsigned take_guessed_key(struct scan *s, const struct level *level)
{
    unsigned node = s->pointers->next_members[level->last];
    const struct json_node *guess = &s->pointers->nodes[node];
    if (guess->parent != level->node || guess->key.n == 0 ||
            (size_t)(s->at.end - s->at.p) < guess->key.n ||
            !view_equal(view_bytes(s->at.p, guess->key.n), guess->key)) {
        return JSON_NOWHERE;
    }
    s->at.p += guess->key.n;
    return node;
}

// Reads `"key":` and returns the node of its value in *ret_node.
static inline bool take_any_key(struct scan *s, unsigned parent, unsigned *ret_node)
{
    struct json_value key;
    if (!lex_take_byte(&s->at, '"') || !lex_take_string(&s->at, &key)) {
        return false;
    }
    lex_skip_space(&s->at);
    if (!lex_take_byte(&s->at, ':')) {
        return false;
    }
    *ret_node = JSON_NOWHERE;
    if (is_parent(s, parent)) {
        *ret_node = key.has_escapes ? json_trie_child_escaped(s->pointers, parent, &key)
                                    : json_trie_child(s->pointers, parent, key.raw);
    }
    return true;
}

static inline void note_member(struct scan *s, unsigned node)
{
    uint64_t bit = UINT64_C(1) << node % 64;
    if ((s->seen[node / 64] & bit) != 0) {
        s->duplicate[node / 64] |= bit;
        s->has_duplicates = true;
    }
    s->seen[node / 64] |= bit;
}

static inline bool take_key(struct scan *s, struct level *level, unsigned *ret_node)
{
    unsigned node = take_guessed_key(s, level);
    if (node == JSON_NOWHERE) {
        if (!take_any_key(s, level->node, &node)) {
            return false;
        }
        s->pointers->next_members[level->last] = (uint16_t)node;
    }
    if (node != JSON_NOWHERE) {
        note_member(s, node);
    }
    level->last = (uint16_t)node;
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
    s->levels[s->depth++] = (struct level){.node = (uint16_t)node,
            .last = (uint16_t)node,
            .is_object = *s->at.p == '{',
            .from = s->at.p};
    s->at.p++;
    return JSON_FINE;
}

static inline void close_container(struct scan *s)
{
    const struct level *level = &s->levels[--s->depth];
    *value_of(s, level->node) = (struct json_value){
            .kind = level->is_object ? JSON_OBJECT : JSON_ARRAY,
            .raw = view_bytes(level->from, (size_t)(s->at.p - level->from)),
    };
}

// Moves from the opening bracket or a comma to the value of the member that comes next.
static inline bool enter_member(struct scan *s, unsigned *ret_node)
{
    struct level *level = &s->levels[s->depth - 1];
    if (level->is_object) {
        lex_skip_space(&s->at);
        return take_key(s, level, ret_node);
    }
    *ret_node = is_parent(s, level->node)
                        ? json_trie_element(s->pointers, level->node, level->index)
                        : JSON_NOWHERE;
    return true;
}

static inline bool take_closer(struct scan *s)
{
    return lex_take_byte(&s->at, s->levels[s->depth - 1].is_object ? '}' : ']');
}

// After a value: closes every container that ends here. Stops behind a comma, or behind the last
// bracket.
static inline bool leave_value(struct scan *s)
{
    while (s->depth > 0) {
        lex_skip_space(&s->at);
        if (lex_take_byte(&s->at, ',')) {
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
        lex_skip_space(&s->at);
        if (s->at.p == s->at.end) {
            return JSON_NOT_JSON;
        }
        bool is_open = *s->at.p == '{' || *s->at.p == '[';
        if (is_open) {
            if (open_container(s, node) != JSON_FINE) {
                return JSON_TOO_DEEP;
            }
            lex_skip_space(&s->at);
            if (take_closer(s)) {
                close_container(s);
                is_open = false;
            }
        } else if (!lex_take_scalar(&s->at, value_of(s, node))) {
            return JSON_NOT_JSON;
        }
        if (!is_open && !leave_value(s)) {
            return JSON_NOT_JSON;
        }
        if (s->depth > 0 && !enter_member(s, &node)) {
            return JSON_NOT_JSON;
        }
    } while (s->depth > 0);
    lex_skip_space(&s->at);
    return s->at.p == s->at.end ? JSON_FINE : JSON_NOT_JSON;
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
        s.at.p = text.p;
        s.at.end = text.p + text.n;
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
        offset = (size_t)(s.at.p - text.p);
    }
    if (ret_offset != NULL) {
        *ret_offset = offset;
    }
    return fault;
}

// Whether the container whose bracket is at c->p, in a text that was scanned, is left behind.
static bool skip_container(struct json_cursor *c)
{
    size_t depth = 0;
    do {
        struct json_value ignored;
        char byte = *c->p++;
        if (byte == '"') {
            if (!lex_take_string(c, &ignored)) {
                return false;
            }
        } else if (byte == '{' || byte == '[') {
            depth++;
        } else if (byte == '}' || byte == ']') {
            depth--;
        }
    } while (depth > 0 && c->p < c->end);
    return depth == 0;
}

// Takes the value at c->p, in a text that was scanned, and the white space behind it.
static bool take_value(struct json_cursor *c, struct json_value *ret_value)
{
    const char *from = c->p;
    if (c->p == c->end) {
        return false;
    }
    if (*c->p == '{' || *c->p == '[') {
        enum json_kind kind = *c->p == '{' ? JSON_OBJECT : JSON_ARRAY;
        if (!skip_container(c)) {
            return false;
        }
        *ret_value =
                (struct json_value){.kind = kind, .raw = view_bytes(from, (size_t)(c->p - from))};
    } else if (!lex_take_scalar(c, ret_value)) {
        return false;
    }
    lex_skip_space(c);
    return true;
}

// Goes behind the opening bracket or the comma at the front of `rest`; false where there is nothing
// more, or the container that `close` ends is empty.
static bool begin_element(struct view rest, char close, struct json_cursor *ret_cursor)
{
    if (rest.n == 0) {
        return false;
    }
    *ret_cursor = (struct json_cursor){rest.p + 1, rest.p + rest.n};
    lex_skip_space(ret_cursor);
    return ret_cursor->p < ret_cursor->end && *ret_cursor->p != close;
}

bool json_array_take(struct view *rest, struct json_value *ret_element)
{
    struct json_cursor c;
    if (!begin_element(*rest, ']', &c) || !take_value(&c, ret_element)) {
        return false;
    }
    *rest = view_bytes(c.p, (size_t)(c.end - c.p));
    return true;
}

size_t json_array_count(struct view array)
{
    struct json_value element;
    size_t count = 0;
    while (json_array_take(&array, &element)) {
        count++;
    }
    return count;
}

bool json_array_has(const struct json_value *array, struct view text)
{
    struct view rest = array->raw;
    struct json_value element;
    bool has = false;
    while (!has && array->kind == JSON_ARRAY && json_array_take(&rest, &element)) {
        has = json_string_equals(&element, text);
    }
    return has;
}

bool json_object_take(struct view *rest, struct json_value *ret_name, struct json_value *ret_value)
{
    struct json_cursor c;
    if (!begin_element(*rest, '}', &c) || !take_value(&c, ret_name) || !lex_take_byte(&c, ':')) {
        return false;
    }
    lex_skip_space(&c);
    if (!take_value(&c, ret_value)) {
        return false;
    }
    *rest = view_bytes(c.p, (size_t)(c.end - c.p));
    return true;
}

struct view json_skip_bom(struct view text)
{
    return view_starts_with(text, VIEW("\xef\xbb\xbf")) ? view_skip(text, 3) : text;
}

struct view json_skip_space(struct view text)
{
    while (text.n > 0 && lex_is_space(text.p[0])) {
        text = view_skip(text, 1);
    }
    return text;
}

// The inside of struct json_pointers, for the scanner's inner loop and nobody else.
#pragma once

#include "common/json_pointers.h"
#include "common/json_value.h"

enum {
    JSON_NOWHERE = 0, // the node of all that no pointer leads through; it has no children
    JSON_ROOT = 1,    // the whole document
    JSON_NO_LEAF = UINT16_MAX,
    JSON_SLOT_COUNT = 256,
};
#define JSON_NO_INDEX UINT32_MAX

struct json_node {
    struct view token; // its name in the parent, escapes resolved
    struct view key;   // as texts mostly have it: "name":; empty where it would need escapes
    uint32_t index;    // that name as an array index, or JSON_NO_INDEX
    uint16_t parent;
    uint16_t next;  // in the same slot; JSON_NOWHERE = last
    uint16_t leaf;  // the number of the first pointer that ends here, or JSON_NO_LEAF
    bool is_parent; // some pointer goes on below
};

struct json_pointers {
    size_t count;
    size_t node_count;
    uint32_t index_end;               // above every index that is a name; 0 = none is
    bool has_equals;                  // some pointer ends where an earlier one ends
    uint16_t ends[JSON_POINTERS_MAX]; // the node at which each pointer ends
    uint16_t slots[JSON_SLOT_COUNT];  // children by (parent, name): the first in each slot
    struct json_node nodes[JSON_NODES_MAX];
    char *text; // what the tokens borrow from
    char *keys; // what the keys borrow from
    size_t key_bytes;
    // By member, or by parent for the first: which one came behind it last time. A producer's texts
    // have their members in the same order. A guess, by which nothing goes but how fast it is found.
    uint16_t *next_members;
};

// Cheap, and good enough for names people choose: length, first, middle and last byte.
static inline unsigned json_trie_slot(unsigned parent, struct view name)
{
    if (name.n == 0) {
        return parent % JSON_SLOT_COUNT;
    }
    const unsigned char *p = (const unsigned char *)name.p;
    unsigned mix = (unsigned)name.n * 7 + p[0] + p[name.n / 2] * 3u + p[name.n - 1] * 5u;
    return (mix + parent * 29) % JSON_SLOT_COUNT;
}

static inline unsigned json_trie_child(
        const struct json_pointers *pointers, unsigned parent, struct view name)
{
    unsigned at = pointers->slots[json_trie_slot(parent, name)];
    while (at != JSON_NOWHERE) {
        const struct json_node *node = &pointers->nodes[at];
        if (node->parent == parent && view_equal(node->token, name)) {
            break;
        }
        at = node->next;
    }
    return at;
}

// The slow ways: by a key that has escapes, and by the place in an array.
unsigned json_trie_child_escaped(
        const struct json_pointers *pointers, unsigned parent, const struct json_value *key);
unsigned json_trie_element(const struct json_pointers *pointers, unsigned parent, uint32_t index);

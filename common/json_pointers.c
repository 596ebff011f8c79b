#include <stdlib.h>

#include "common/json_trie.h"

enum { KEY_BYTES_A_BYTE = 4 }; // of a pointer: a name of none, behind its slash, has a key of three

unsigned json_trie_child_escaped(
        const struct json_pointers *pointers, unsigned parent, const struct json_value *key)
{
    for (unsigned i = JSON_ROOT + 1; i < pointers->node_count; i++) {
        const struct json_node *node = &pointers->nodes[i];
        if (node->parent == parent && json_string_equals(key, node->token)) {
            return i;
        }
    }
    return JSON_NOWHERE;
}

unsigned json_trie_element(const struct json_pointers *pointers, unsigned parent, uint32_t index)
{
    for (unsigned i = JSON_ROOT + 1; index < pointers->index_end && i < pointers->node_count; i++) {
        const struct json_node *node = &pointers->nodes[i];
        if (node->parent == parent && node->index == index) {
            return i;
        }
    }
    return JSON_NOWHERE;
}

// Resolves ~0 and ~1 of the token at the front of *rest in place and takes it off. False at another
// ~.
static bool take_token(char **rest, struct view *ret_token)
{
    char *from = *rest;
    char *to = from;
    *ret_token = (struct view){to, 0};
    while (*from != '\0' && *from != '/') {
        char c = *from++;
        if (c == '~') {
            if (*from != '0' && *from != '1') {
                return false;
            }
            c = *from++ == '0' ? '~' : '/';
        }
        *to++ = c;
    }
    ret_token->n = (size_t)(to - ret_token->p);
    *rest = from;
    return true;
}

// RFC 6901 §4: digits without a leading zero.
static uint32_t token_index(struct view token)
{
    if (token.n == 0 || token.n > 9 || (token.p[0] == '0' && token.n > 1)) {
        return JSON_NO_INDEX;
    }
    uint32_t index = 0;
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] < '0' || token.p[i] > '9') {
            return JSON_NO_INDEX;
        }
        index = index * 10 + (uint32_t)(token.p[i] - '0');
    }
    return index;
}

static bool needs_escapes(struct view token)
{
    for (size_t i = 0; i < token.n; i++) {
        if ((unsigned char)token.p[i] < 0x20 || token.p[i] == '"' || token.p[i] == '\\') {
            return true;
        }
    }
    return false;
}

// `"name":`, at the end of the keys.
static struct view add_key(struct json_pointers *pointers, struct view token)
{
    if (needs_escapes(token)) {
        return VIEW("");
    }
    char *key = pointers->keys + pointers->key_bytes;
    key[0] = '"';
    memcpy(key + 1, token.p, token.n);
    key[token.n + 1] = '"';
    key[token.n + 2] = ':';
    pointers->key_bytes += token.n + 3;
    return view_bytes(key, token.n + 3);
}

// The child of that name, made when it is new; JSON_NOWHERE when the table is full.
static unsigned trie_add(struct json_pointers *pointers, unsigned parent, struct view token)
{
    unsigned at = json_trie_child(pointers, parent, token);
    if (at != JSON_NOWHERE || pointers->node_count == JSON_NODES_MAX) {
        return at;
    }
    at = (unsigned)pointers->node_count++;
    uint16_t *slot = &pointers->slots[json_trie_slot(parent, token)];
    pointers->nodes[at] = (struct json_node){
            .token = token,
            .key = add_key(pointers, token),
            .index = token_index(token),
            .parent = (uint16_t)parent,
            .next = *slot,
            .leaf = JSON_NO_LEAF,
    };
    *slot = (uint16_t)at;
    pointers->nodes[parent].is_parent = true;
    uint32_t index = pointers->nodes[at].index;
    if (index != JSON_NO_INDEX && index >= pointers->index_end) {
        pointers->index_end = index + 1;
    }
    return at;
}

// Enters one pointer; returns what is wrong with it, or NULL.
static const char *add_pointer(struct json_pointers *pointers, size_t number, char *text)
{
    if (*text != '\0' && *text != '/') {
        return "a JSON Pointer is empty or begins with /";
    }
    unsigned at = JSON_ROOT;
    while (*text == '/') {
        text++;
        struct view token;
        if (!take_token(&text, &token)) {
            return "~ is followed by neither 0 nor 1";
        }
        if (pointers->nodes[at].leaf != JSON_NO_LEAF) {
            return "it leads through the value of another pointer";
        }
        at = trie_add(pointers, at, token);
        if (at == JSON_NOWHERE) {
            return "the pointers are too long together";
        }
    }
    struct json_node *node = &pointers->nodes[at];
    if (node->is_parent) {
        return "another pointer leads through its value";
    }
    pointers->ends[number] = (uint16_t)at;
    if (node->leaf != JSON_NO_LEAF) {
        pointers->has_equals = true;
    } else {
        node->leaf = (uint16_t)number;
    }
    return NULL;
}

static size_t total_bytes(const char *const *texts, size_t count)
{
    size_t bytes = 1;
    for (size_t i = 0; i < count; i++) {
        bytes += texts[i] != NULL ? strlen(texts[i]) + 1 : 0;
    }
    return bytes;
}

// The index of the first pointer at fault, or `count`.
static size_t add_all(struct json_pointers *pointers, const char *const *texts, size_t count,
        const char **ret_fault_text)
{
    char *text = pointers->text;
    for (size_t i = 0; i < count; i++) {
        if (texts[i] == NULL) {
            pointers->ends[i] = JSON_NOWHERE;
            continue;
        }
        size_t bytes = strlen(texts[i]) + 1;
        memcpy(text, texts[i], bytes);
        const char *fault_text = add_pointer(pointers, i, text);
        if (fault_text != NULL) {
            *ret_fault_text = fault_text;
            return i;
        }
        text += bytes;
    }
    return count;
}

enum err json_pointers_create(struct json_pointers **ret_pointers, const char *const *texts,
        size_t count, struct json_pointer_fault *ret_fault)
{
    if (count > JSON_POINTERS_MAX) {
        if (ret_fault != NULL) {
            *ret_fault = (struct json_pointer_fault){JSON_POINTERS_MAX, "too many pointers"};
        }
        return ERR_DATA;
    }
    struct json_pointers *pointers = calloc(1, sizeof *pointers);
    if (pointers == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t bytes = total_bytes(texts, count);
    pointers->count = count;
    pointers->text = malloc(bytes);
    pointers->keys = malloc(bytes * KEY_BYTES_A_BYTE);
    pointers->next_members = calloc(JSON_NODES_MAX, sizeof *pointers->next_members);
    if (pointers->text == NULL || pointers->keys == NULL || pointers->next_members == NULL) {
        json_pointers_destroy(pointers);
        return ERR_NO_MEMORY;
    }
    pointers->node_count = JSON_ROOT + 1;
    pointers->nodes[JSON_NOWHERE].leaf = JSON_NO_LEAF;
    pointers->nodes[JSON_ROOT].leaf = JSON_NO_LEAF;
    const char *fault_text = NULL;
    size_t index = add_all(pointers, texts, count, &fault_text);
    if (index < count) {
        if (ret_fault != NULL) {
            *ret_fault = (struct json_pointer_fault){index, fault_text};
        }
        json_pointers_destroy(pointers);
        return ERR_DATA;
    }
    *ret_pointers = pointers;
    return ERR_NONE;
}

void json_pointers_destroy(struct json_pointers *pointers)
{
    if (pointers != NULL) {
        free(pointers->text);
        free(pointers->keys);
        free(pointers->next_members);
        free(pointers);
    }
}

size_t json_pointers_count(const struct json_pointers *pointers)
{
    return pointers->count;
}

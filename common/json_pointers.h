// The JSON Pointers (RFC 6901) that a scan looks for, compiled into one trie.
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "common/view.h"

enum { JSON_POINTERS_MAX = 64, JSON_NODES_MAX = 256 };

struct json_pointer_fault {
    size_t index;     // of the pointer at fault
    const char *text; // what is wrong with it
};

struct json_pointers;

// A pointer of NULL is found nowhere. Two that are equal find the same value; one that leads to
// another's parent (/a beside /a/b) is refused. ERR_DATA fills ret_fault, which may be NULL.
MUST_CHECK enum err json_pointers_create(struct json_pointers **ret_pointers,
        const char *const *texts, size_t count, struct json_pointer_fault *ret_fault);
void json_pointers_destroy(struct json_pointers *pointers);
size_t json_pointers_count(const struct json_pointers *pointers);

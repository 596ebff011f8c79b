// A borrowed run of bytes: not ended by NUL, not owned. Copy what must outlive its owner.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const char *p; // NULL = absent; an empty view that is present has p != NULL and n == 0
    size_t n;
};

#define VIEW_NONE ((struct view){NULL, 0})
// Of a string literal.
#define VIEW(literal) ((struct view){(literal), sizeof(literal) - 1})
// For printf: "%.*s", VIEW_ARGS(v).
#define VIEW_ARGS(v) (int)(v).n, ((v).p != NULL ? (v).p : "")

static inline struct view view_of(const char *text)
{
    return (struct view){text, text != NULL ? strlen(text) : 0};
}

static inline struct view view_bytes(const void *p, size_t n)
{
    return (struct view){(const char *)p, n};
}

static inline bool view_is_none(struct view v)
{
    return v.p == NULL;
}

// Whether two runs of 8 to 16 bytes are equal: their first and their last eight, which may overlap.
static inline bool view_words_equal(const char *a, const char *b, size_t n)
{
    uint64_t words[4];
    memcpy(&words[0], a, sizeof *words);
    memcpy(&words[1], b, sizeof *words);
    memcpy(&words[2], a + n - sizeof *words, sizeof *words);
    memcpy(&words[3], b + n - sizeof *words, sizeof *words);
    return ((words[0] ^ words[1]) | (words[2] ^ words[3])) == 0;
}

// Most ids and names have 8 to 16 bytes, where calling memcmp costs more than what it does.
static inline bool view_equal(struct view a, struct view b)
{
    if (a.n != b.n || a.n == 0) {
        return a.n == b.n;
    }
    return a.n >= 8 && a.n <= 16 ? view_words_equal(a.p, b.p, a.n) : memcmp(a.p, b.p, a.n) == 0;
}

static inline bool view_is(struct view v, const char *text)
{
    return view_equal(v, view_of(text));
}

static inline bool view_starts_with(struct view v, struct view prefix)
{
    return v.n >= prefix.n && (prefix.n == 0 || memcmp(v.p, prefix.p, prefix.n) == 0);
}

static inline struct view view_skip(struct view v, size_t n)
{
    return (struct view){v.p + n, v.n - n};
}

// Without spaces and tabs at either end.
static inline struct view view_trim(struct view v)
{
    while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t')) {
        v = view_skip(v, 1);
    }
    while (v.n > 0 && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t')) {
        v.n--;
    }
    return v;
}

// A copy that is ended by NUL, of "" for none; the caller frees it. NULL when memory is out. (Not
// strndup, which takes what it is given for a string.)
char *view_dup(struct view v);
// Copies what the views show into one block, to be freed by the caller, and lets them show it there; none
// stay none. NULL when memory is out: they are as they were.
char *views_own(struct view *const *views, size_t count);

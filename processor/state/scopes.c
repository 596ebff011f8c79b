#include "state/scopes.h"

#include <stdlib.h>

#include "common/arena.h"
#include "common/assure.h"
#include "common/hashmap.h"
#include "common/strbuf.h"

enum { KEY_BYTES = 2048 };

struct scope_row {
    enum scope_kind kind;
    uint16_t tenant_bytes;
    uint16_t id_bytes;
    int64_t held_until_ms; // 0 = not held
};

struct scopes {
    struct hashmap *index; // its stored keys hold the names: kind, tenant length, tenant, id
    struct scope_row *rows;
    uint32_t capacity;
    uint32_t max_scopes;
    uint64_t overflowed;
    struct strbuf key;
};

enum { KEY_PREFIX_BYTES = 3 };

enum err scopes_create(struct scopes **ret_scopes, uint32_t max_scopes)
{
    struct scopes *scopes = calloc(1, sizeof *scopes);
    if (scopes == NULL) {
        return ERR_NO_MEMORY;
    }
    scopes->max_scopes = max_scopes;
    strbuf_init(&scopes->key, KEY_BYTES);
    scopes->index = hashmap_create(max_scopes);
    if (scopes->index == NULL) {
        free(scopes);
        return ERR_NO_MEMORY;
    }
    *ret_scopes = scopes;
    return ERR_NONE;
}

void scopes_destroy(struct scopes *scopes)
{
    if (scopes != NULL) {
        hashmap_destroy(scopes->index);
        strbuf_fini(&scopes->key);
        free(scopes->rows);
        free(scopes);
    }
}

static enum err scopes_add(struct scopes *scopes, const struct scope_row *row, int32_t *ret_scope)
{
    uint32_t at = hashmap_count(scopes->index);
    if (at >= scopes->max_scopes) {
        scopes->overflowed++;
        *ret_scope = SCOPE_NONE;
        return ERR_NONE;
    }
    if (at == scopes->capacity) {
        uint32_t capacity = at == 0 ? 64 : at * 2;
        struct scope_row *grown = realloc(scopes->rows, capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        scopes->rows = grown;
        scopes->capacity = capacity;
    }
    enum err e = hashmap_put(scopes->index, strbuf_view(&scopes->key), at);
    if (e == ERR_NONE) {
        scopes->rows[at] = *row;
        *ret_scope = (int32_t)at;
    }
    return e;
}

enum err scopes_intern(struct scopes *scopes, enum scope_kind kind, struct view tenant_id,
        struct view id, int32_t *ret_scope)
{
    if (view_is_none(id)) {
        *ret_scope = SCOPE_NONE;
        return ERR_NONE;
    }
    struct strbuf *key = &scopes->key;
    strbuf_reset(key);
    strbuf_add_byte(key, (uint8_t)kind);
    strbuf_add_be(key, tenant_id.n, 2);
    strbuf_add_view(key, tenant_id);
    strbuf_add_view(key, id);
    if (key->failed != ERR_NONE) {
        return key->failed;
    }
    uint32_t found = hashmap_find(scopes->index, strbuf_view(key));
    if (found != HASHMAP_ABSENT) {
        *ret_scope = (int32_t)found;
        return ERR_NONE;
    }
    const struct scope_row row = {kind, (uint16_t)tenant_id.n, (uint16_t)id.n, 0};
    return scopes_add(scopes, &row, ret_scope);
}

static struct scope_row *scopes_row(const struct scopes *scopes, int32_t scope)
{
    ASSURE(scope >= 0 && (uint32_t)scope < hashmap_count(scopes->index));
    return &scopes->rows[scope];
}

struct scope_name scopes_name(const struct scopes *scopes, int32_t scope)
{
    const struct scope_row *row = scopes_row(scopes, scope);
    struct view key = view_skip(hashmap_key(scopes->index, (uint32_t)scope), KEY_PREFIX_BYTES);
    return (struct scope_name){
            .kind = row->kind,
            .tenant_id = {key.p, row->tenant_bytes},
            .id = {key.p + row->tenant_bytes, row->id_bytes},
    };
}

uint32_t scopes_count(const struct scopes *scopes)
{
    return hashmap_count(scopes->index);
}

uint64_t scopes_overflowed(const struct scopes *scopes)
{
    return scopes->overflowed;
}

void scopes_hold(struct scopes *scopes, int32_t scope, int64_t until_ms)
{
    scopes_row(scopes, scope)->held_until_ms = until_ms;
}

void scopes_lift(struct scopes *scopes, int32_t scope)
{
    scopes_row(scopes, scope)->held_until_ms = 0;
}

bool scopes_is_held(const struct scopes *scopes, int32_t scope, int64_t log_time_ms)
{
    return scope != SCOPE_NONE && log_time_ms < scopes_row(scopes, scope)->held_until_ms;
}

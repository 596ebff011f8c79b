#include "state/scopes.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "common/hash.h"
#include "common/hash_index.h"
#include "common/pages.h"

#define NO_ROW UINT32_MAX

// 32 bytes, and the name's. There may be a million.
struct scope_row {
    char *name;            // tenant, id and channel in a row; NULL = the number is nobody's
    int64_t held_until_ms; // 0 = not held
    uint32_t generation;
    union {
        uint32_t last_heard_s;
        uint32_t next_free; // while the number is nobody's
    };
    uint16_t tenant_bytes;
    uint16_t id_bytes;
    uint16_t channel_bytes;
    uint8_t kind;
    bool has_channel;
};

struct scopes {
    struct hash_index index;
    struct pages rows;
    uint32_t end;
    uint32_t first_free;
    uint32_t max_scopes;
    uint32_t hand;
    uint64_t overflowed;
};

enum err scopes_create(struct scopes **ret_scopes, uint32_t max_scopes)
{
    ASSURE(max_scopes <= INT32_MAX);
    struct scopes *scopes = calloc(1, sizeof *scopes);
    if (scopes == NULL) {
        return ERR_NO_MEMORY;
    }
    scopes->max_scopes = max_scopes;
    scopes->first_free = NO_ROW;
    hash_index_init(&scopes->index, max_scopes);
    pages_init(&scopes->rows, sizeof(struct scope_row));
    *ret_scopes = scopes;
    return ERR_NONE;
}

static struct scope_row *row_at(const struct scopes *scopes, uint32_t number)
{
    return pages_at(&scopes->rows, number);
}

void scopes_destroy(struct scopes *scopes)
{
    if (scopes != NULL) {
        for (uint32_t i = 0; i < scopes->end; i++) {
            free(row_at(scopes, i)->name);
        }
        hash_index_fini(&scopes->index);
        pages_fini(&scopes->rows);
        free(scopes);
    }
}

// Of a number that has been given.
static struct scope_row *row_known(const struct scopes *scopes, int32_t scope)
{
    ASSURE(scope >= 0 && (uint32_t)scope < scopes->end);
    return row_at(scopes, (uint32_t)scope);
}

// Of a number that is a scope's now.
static struct scope_row *row_live(const struct scopes *scopes, int32_t scope)
{
    struct scope_row *row = row_known(scopes, scope);
    ASSURE(row->name != NULL);
    return row;
}

static struct scope_name row_name(const struct scope_row *row)
{
    const char *id = row->name + row->tenant_bytes;
    return (struct scope_name){
            .kind = (enum scope_kind)row->kind,
            .id = {id, row->id_bytes},
            .tenant_id = {row->name, row->tenant_bytes},
            .channel = row->has_channel ? (struct view){id + row->id_bytes, row->channel_bytes}
                                        : VIEW_NONE,
    };
}

static uint64_t name_hash(const struct scope_name *name)
{
    uint64_t seed = (uint64_t)name->kind << 1 | !view_is_none(name->channel);
    uint64_t h = hash_bytes(name->tenant_id.p, name->tenant_id.n, seed);
    h = hash_bytes(name->id.p, name->id.n, h);
    return view_is_none(name->channel) ? h : hash_bytes(name->channel.p, name->channel.n, h);
}

static bool names_equal(const struct scope_name *a, const struct scope_name *b)
{
    return a->kind == b->kind && view_equal(a->id, b->id) &&
           view_equal(a->tenant_id, b->tenant_id) &&
           view_is_none(a->channel) == view_is_none(b->channel) &&
           view_equal(a->channel, b->channel);
}

static char *name_copy(const struct scope_name *name, size_t name_bytes)
{
    char *copy = malloc(name_bytes + (name_bytes == 0));
    if (copy != NULL) {
        const struct view parts[] = {name->tenant_id, name->id, name->channel};
        char *to = copy;
        for (unsigned i = 0; i < 3; i++) {
            if (parts[i].n > 0) {
                memcpy(to, parts[i].p, parts[i].n);
                to += parts[i].n;
            }
        }
    }
    return copy;
}

static enum err scopes_add(struct scopes *scopes, const struct scope_name *name, size_t name_bytes,
        uint64_t hash, int32_t *ret_scope)
{
    if (scopes->index.count >= scopes->max_scopes) {
        scopes->overflowed++;
        *ret_scope = SCOPE_NONE;
        return ERR_NONE;
    }
    uint32_t number = scopes->first_free != NO_ROW ? scopes->first_free : scopes->end;
    enum err e = pages_reach(&scopes->rows, number);
    if (e != ERR_NONE) {
        return e;
    }
    char *copy = name_copy(name, name_bytes);
    e = copy == NULL ? ERR_NO_MEMORY : hash_index_put(&scopes->index, hash, number);
    if (e != ERR_NONE) {
        free(copy);
        return e;
    }
    struct scope_row *row = row_at(scopes, number);
    if (number == scopes->end) {
        scopes->end++;
    } else {
        scopes->first_free = row->next_free;
    }
    *row = (struct scope_row){
            .name = copy,
            .generation = row->generation,
            .tenant_bytes = (uint16_t)name->tenant_id.n,
            .id_bytes = (uint16_t)name->id.n,
            .channel_bytes = (uint16_t)name->channel.n,
            .kind = (uint8_t)name->kind,
            .has_channel = !view_is_none(name->channel),
    };
    *ret_scope = (int32_t)number;
    return ERR_NONE;
}

enum err scopes_intern(struct scopes *scopes, enum scope_kind kind, struct view tenant_id,
        struct view id, struct view channel, int32_t *ret_scope)
{
    if (view_is_none(id)) {
        *ret_scope = SCOPE_NONE;
        return ERR_NONE;
    }
    size_t most = SCOPE_NAME_BYTES_MAX;
    if (tenant_id.n > most || id.n > most - tenant_id.n || channel.n > most - tenant_id.n - id.n) {
        return ERR_CEILING;
    }
    const struct scope_name name = {kind, id, tenant_id, channel};
    uint64_t hash = name_hash(&name);
    struct hash_probe probe = hash_index_probe(&scopes->index, hash);
    uint32_t number;
    while (hash_index_next(&scopes->index, &probe, &number)) {
        const struct scope_name known = row_name(row_at(scopes, number));
        if (names_equal(&known, &name)) {
            *ret_scope = (int32_t)number;
            return ERR_NONE;
        }
    }
    return scopes_add(scopes, &name, tenant_id.n + id.n + channel.n, hash, ret_scope);
}

struct scope_name scopes_name(const struct scopes *scopes, int32_t scope)
{
    return row_name(row_live(scopes, scope));
}

uint32_t scopes_count(const struct scopes *scopes)
{
    return scopes->index.count;
}

uint32_t scopes_end(const struct scopes *scopes)
{
    return scopes->end;
}

uint64_t scopes_overflowed(const struct scopes *scopes)
{
    return scopes->overflowed;
}

void scopes_touch(struct scopes *scopes, int32_t scope, int64_t log_time_ms)
{
    int64_t seconds = log_time_ms / 1000;
    row_live(scopes, scope)->last_heard_s = seconds < 0            ? 0
                                            : seconds > UINT32_MAX ? UINT32_MAX
                                                                   : (uint32_t)seconds;
}

int64_t scopes_last_heard_ms(const struct scopes *scopes, int32_t scope)
{
    return (int64_t)row_live(scopes, scope)->last_heard_s * 1000;
}

void scopes_hold(struct scopes *scopes, int32_t scope, int64_t until_ms)
{
    row_live(scopes, scope)->held_until_ms = until_ms;
}

void scopes_lift(struct scopes *scopes, int32_t scope)
{
    row_live(scopes, scope)->held_until_ms = 0;
}

bool scopes_is_held(const struct scopes *scopes, int32_t scope, int64_t log_time_ms)
{
    return scope != SCOPE_NONE && log_time_ms < row_live(scopes, scope)->held_until_ms;
}

bool scopes_is_live(const struct scopes *scopes, int32_t scope)
{
    return row_known(scopes, scope)->name != NULL;
}

uint32_t scopes_generation(const struct scopes *scopes, int32_t scope)
{
    return row_known(scopes, scope)->generation;
}

int32_t scopes_next_victim(struct scopes *scopes, bool (*is_idle)(void *self, int32_t scope),
        void *self, uint32_t max_looked_at)
{
    uint32_t looked_at = max_looked_at < scopes->end ? max_looked_at : scopes->end;
    for (; looked_at > 0; looked_at--) {
        uint32_t number = scopes->hand < scopes->end ? scopes->hand : 0;
        scopes->hand = number + 1;
        const struct scope_row *row = row_at(scopes, number);
        if (row->name != NULL && row->held_until_ms == 0 && is_idle(self, (int32_t)number)) {
            return (int32_t)number;
        }
    }
    return SCOPE_NONE;
}

void scopes_release(struct scopes *scopes, int32_t scope)
{
    struct scope_row *row = row_live(scopes, scope);
    ASSURE(row->held_until_ms == 0);
    const struct scope_name name = row_name(row);
    hash_index_remove(&scopes->index, name_hash(&name), (uint32_t)scope);
    free(row->name);
    row->name = NULL;
    row->generation++;
    row->next_free = scopes->first_free;
    scopes->first_free = (uint32_t)scope;
}

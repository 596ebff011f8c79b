#include "state/scopes_inside.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "common/hash.h"

enum err scopes_create(struct scopes **ret_scopes, uint32_t max_scopes)
{
    ASSURE(max_scopes <= INT32_MAX);
    struct scopes *scopes = calloc(1, sizeof *scopes);
    if (scopes == NULL) {
        return ERR_NO_MEMORY;
    }
    scopes->max_scopes = max_scopes;
    scopes->first_free = NO_ROW;
    scopes->seed = hash_seed();
    hash_index_init(&scopes->index, max_scopes);
    hash_index_init(&scopes->tenant_index, max_scopes);
    pool_init(&scopes->tenants, sizeof(struct tenant));
    texts_init(&scopes->texts);
    pages_init(&scopes->rows, sizeof(struct scope_row));
    *ret_scopes = scopes;
    return ERR_NONE;
}

void scopes_destroy(struct scopes *scopes)
{
    if (scopes != NULL) {
        hash_index_fini(&scopes->index);
        hash_index_fini(&scopes->tenant_index);
        pool_fini(&scopes->tenants);
        texts_fini(&scopes->texts);
        pages_fini(&scopes->rows);
        free(scopes);
    }
}

// Of a number that has been given.
static struct scope_row *row_known(const struct scopes *scopes, int32_t scope)
{
    ASSURE(scope >= 0 && (uint32_t)scope < scopes->end);
    return scope_row_at(scopes, (uint32_t)scope);
}

// Of a number that is a scope's now.
static struct scope_row *row_live(const struct scopes *scopes, int32_t scope)
{
    struct scope_row *row = row_known(scopes, scope);
    ASSURE(row->is_live);
    return row;
}

static struct view tenant_name(const struct scopes *scopes, uint32_t number)
{
    const struct tenant *tenant = pool_at(&scopes->tenants, number);
    return (struct view){texts_at(&scopes->texts, tenant->text), tenant->bytes};
}

static struct scope_name row_name(const struct scopes *scopes, const struct scope_row *row)
{
    const char *id = texts_at(&scopes->texts, row->text);
    struct scope_name name = {
            .kind = (enum scope_kind)row->kind,
            .id = {id, row->id_bytes},
            .tenant_id = tenant_name(scopes, row->tenant),
            .channel = VIEW_NONE,
    };
    if (row->has_channel) {
        uint16_t bytes;
        memcpy(&bytes, id + row->id_bytes, sizeof bytes);
        name.channel = (struct view){id + row->id_bytes + sizeof bytes, bytes};
    }
    return name;
}

static uint64_t name_hash(const struct scopes *scopes, const struct scope_name *name)
{
    uint64_t seed = scopes->seed + ((uint64_t)name->kind << 1 | !view_is_none(name->channel));
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

// --- names ------------------------------------------------------------------------------------

static void copy_bytes(char *to, struct view from)
{
    if (from.n > 0) {
        memcpy(to, from.p, from.n);
    }
}

static enum err text_copy(struct scopes *scopes, struct view text, uint32_t *ret_text)
{
    enum err e = texts_take(&scopes->texts, text.n, ret_text);
    if (e == ERR_NONE) {
        copy_bytes(texts_at(&scopes->texts, *ret_text), text);
    }
    return e;
}

static enum err name_copy(struct scopes *scopes, const struct scope_name *name, uint32_t *ret_text)
{
    if (view_is_none(name->channel)) {
        return text_copy(scopes, name->id, ret_text);
    }
    uint16_t bytes = (uint16_t)name->channel.n;
    enum err e = texts_take(&scopes->texts, name->id.n + sizeof bytes + bytes, ret_text);
    if (e == ERR_NONE) {
        char *to = texts_at(&scopes->texts, *ret_text);
        copy_bytes(to, name->id);
        memcpy(to + name->id.n, &bytes, sizeof bytes);
        copy_bytes(to + name->id.n + sizeof bytes, name->channel);
    }
    return e;
}

static uint64_t tenant_hash(const struct scopes *scopes, struct view name)
{
    return hash_bytes(name.p, name.n, scopes->seed);
}

static enum err tenant_add(struct scopes *scopes, struct view name, uint32_t *ret_tenant)
{
    uint32_t text;
    enum err e = text_copy(scopes, name, &text);
    if (e != ERR_NONE) {
        return e;
    }
    uint32_t number;
    e = pool_take(&scopes->tenants, &number);
    if (e == ERR_NONE) {
        e = hash_index_put(&scopes->tenant_index, tenant_hash(scopes, name), number);
        if (e != ERR_NONE) {
            pool_give(&scopes->tenants, number);
        }
    }
    if (e != ERR_NONE) {
        texts_give(&scopes->texts, text);
        return e;
    }
    struct tenant *tenant = pool_at(&scopes->tenants, number);
    *tenant = (struct tenant){.text = text, .bytes = (uint16_t)name.n};
    *ret_tenant = number;
    return ERR_NONE;
}

// The number of a tenant's name, for one scope more.
static enum err tenant_take(struct scopes *scopes, struct view name, uint32_t *ret_tenant)
{
    struct hash_probe probe = hash_index_probe(&scopes->tenant_index, tenant_hash(scopes, name));
    uint32_t number = 0;
    bool found = false;
    while (!found && hash_index_next(&scopes->tenant_index, &probe, &number)) {
        found = view_equal(tenant_name(scopes, number), name);
    }
    enum err e = found ? ERR_NONE : tenant_add(scopes, name, &number);
    if (e == ERR_NONE) {
        struct tenant *tenant = pool_at(&scopes->tenants, number);
        tenant->scopes++;
        *ret_tenant = number;
    }
    return e;
}

static void tenant_give(struct scopes *scopes, uint32_t number)
{
    struct tenant *tenant = pool_at(&scopes->tenants, number);
    if (--tenant->scopes == 0) {
        hash_index_remove(
                &scopes->tenant_index, tenant_hash(scopes, tenant_name(scopes, number)), number);
        texts_give(&scopes->texts, tenant->text);
        pool_give(&scopes->tenants, number);
    }
}

// --- scopes -----------------------------------------------------------------------------------

static enum err scopes_add(
        struct scopes *scopes, const struct scope_name *name, uint64_t hash, int32_t *ret_scope)
{
    if (scopes->index.count >= scopes->max_scopes) {
        scopes->overflowed++;
        *ret_scope = SCOPE_NONE;
        return ERR_NONE;
    }
    uint32_t number = scopes->first_free != NO_ROW ? scopes->first_free : scopes->end;
    uint32_t text = TEXT_NONE;
    uint32_t tenant = 0;
    enum err e = pages_reach(&scopes->rows, number);
    if (e == ERR_NONE) {
        e = name_copy(scopes, name, &text);
    }
    if (e == ERR_NONE) {
        e = tenant_take(scopes, name->tenant_id, &tenant);
    }
    if (e == ERR_NONE) {
        e = hash_index_put(&scopes->index, hash, number);
    }
    if (e != ERR_NONE) {
        if (tenant != 0) {
            tenant_give(scopes, tenant);
        }
        texts_give(&scopes->texts, text);
        return e;
    }
    struct scope_row *row = scope_row_at(scopes, number);
    if (number == scopes->end) {
        scopes->end++;
    } else {
        scopes->first_free = row->next_free;
    }
    *row = (struct scope_row){
            .id_bytes = name->id.n & 0xfff,
            .kind = name->kind & 7,
            .has_channel = !view_is_none(name->channel),
            .is_live = 1,
            .text = text,
            .tenant = tenant,
            .generation = row->generation,
    };
    *ret_scope = (int32_t)number;
    return ERR_NONE;
}

static int32_t find_by_hash(
        const struct scopes *scopes, const struct scope_name *name, uint64_t hash)
{
    struct hash_probe probe = hash_index_probe(&scopes->index, hash);
    uint32_t number;
    while (hash_index_next(&scopes->index, &probe, &number)) {
        const struct scope_name known = row_name(scopes, scope_row_at(scopes, number));
        if (names_equal(&known, name)) {
            return (int32_t)number;
        }
    }
    return SCOPE_NONE;
}

int32_t scopes_find(const struct scopes *scopes, enum scope_kind kind, struct view tenant_id,
        struct view id, struct view channel)
{
    const struct scope_name name = {kind, id, tenant_id, channel};
    return view_is_none(id) ? SCOPE_NONE : find_by_hash(scopes, &name, name_hash(scopes, &name));
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
    uint64_t hash = name_hash(scopes, &name);
    *ret_scope = find_by_hash(scopes, &name, hash);
    if (*ret_scope != SCOPE_NONE) {
        return ERR_NONE;
    }
    return scopes_add(scopes, &name, hash, ret_scope);
}

struct scope_name scopes_name(const struct scopes *scopes, int32_t scope)
{
    return row_name(scopes, row_live(scopes, scope));
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
    int64_t bounded = until_ms < 0 ? 0 : until_ms > HOLD_MS_MAX ? HOLD_MS_MAX : until_ms;
    row_live(scopes, scope)->held_until_ms = (uint64_t)bounded & HOLD_MS_MAX;
}

void scopes_lift(struct scopes *scopes, int32_t scope)
{
    row_live(scopes, scope)->held_until_ms = 0;
}

bool scopes_is_held(const struct scopes *scopes, int32_t scope, int64_t log_time_ms)
{
    return scope != SCOPE_NONE && log_time_ms < (int64_t)row_live(scopes, scope)->held_until_ms;
}

bool scopes_is_live(const struct scopes *scopes, int32_t scope)
{
    return row_known(scopes, scope)->is_live;
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
        const struct scope_row *row = scope_row_at(scopes, number);
        if (row->is_live && row->held_until_ms == 0 && is_idle(self, (int32_t)number)) {
            return (int32_t)number;
        }
    }
    return SCOPE_NONE;
}

void scopes_release(struct scopes *scopes, int32_t scope)
{
    struct scope_row *row = row_live(scopes, scope);
    ASSURE(row->held_until_ms == 0);
    const struct scope_name name = row_name(scopes, row);
    hash_index_remove(&scopes->index, name_hash(scopes, &name), (uint32_t)scope);
    texts_give(&scopes->texts, row->text);
    tenant_give(scopes, row->tenant);
    row->is_live = 0;
    row->generation++;
    row->next_free = scopes->first_free;
    scopes->first_free = (uint32_t)scope;
}

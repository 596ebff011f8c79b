#include "bench/score_data.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_BYTES = 1024 * 1024 * 1024, SCOPE_KEY_MAX_BYTES = 4096 };

enum err score_data_init(struct score_data *ret_data)
{
    *ret_data = (struct score_data){
            .text = arena_create(NAMES_BYTES),
            .label_ids = hashmap_create(SCORE_MESSAGES_MAX),
            .scope_names = hashmap_create(SCORE_MESSAGES_MAX),
            .incident_ids = hashmap_create(SCORE_RECORDS_MAX),
            .found_ids = hashmap_create(SCORE_RECORDS_MAX),
    };
    if (ret_data->text == NULL || ret_data->label_ids == NULL || ret_data->scope_names == NULL ||
            ret_data->incident_ids == NULL || ret_data->found_ids == NULL) {
        score_data_fini(ret_data);
        return ERR_NO_MEMORY;
    }
    return ERR_NONE;
}

void score_data_fini(struct score_data *data)
{
    arena_destroy(data->text);
    hashmap_destroy(data->label_ids);
    hashmap_destroy(data->scope_names);
    hashmap_destroy(data->incident_ids);
    hashmap_destroy(data->found_ids);
    free(data->labels);
    free(data->messages);
    free(data->scopes);
    free(data->incidents);
    free(data->negatives);
    free(data->alerts);
    free(data->commands);
    free(data->listed);
    *data = (struct score_data){0};
}

void *score_grown(void *array, uint32_t count, uint32_t *room, size_t row_bytes)
{
    if (count < *room) {
        return array;
    }
    uint32_t more = *room + *room / 2 + 64;
    void *grown = realloc(array, more * row_bytes);
    if (grown != NULL) {
        *room = more;
    }
    return grown;
}

enum err score_name(struct score_data *data, struct view text, struct view *ret_name)
{
    *ret_name = arena_copy(data->text, text);
    return view_is_none(*ret_name) ? ERR_NO_MEMORY : ERR_NONE;
}

enum err score_scope_of(struct score_data *data, enum scope_kind kind, struct view tenant_id,
        struct view id, uint32_t *ret_scope)
{
    struct view tenant = view_is_none(tenant_id) ? VIEW("default") : tenant_id;
    struct view name = kind == SCOPE_TENANT ? tenant : id;
    char key[SCOPE_KEY_MAX_BYTES];
    if (tenant.n + name.n + 6 > sizeof key) {
        return ERR_DATA;
    }
    uint32_t tenant_bytes = (uint32_t)tenant.n;
    key[0] = (char)kind;
    memcpy(key + 1, &tenant_bytes, sizeof tenant_bytes);
    memcpy(key + 5, tenant.p, tenant.n);
    if (name.n > 0) {
        memcpy(key + 5 + tenant.n, name.p, name.n);
    }
    struct view key_view = view_bytes(key, 5 + tenant.n + name.n);
    uint32_t scope = hashmap_find(data->scope_names, key_view);
    if (scope != HASHMAP_ABSENT) {
        *ret_scope = scope;
        return ERR_NONE;
    }
    struct score_scope *scopes =
            score_grown(data->scopes, data->scope_count, &data->scope_room, sizeof *data->scopes);
    if (scopes == NULL) {
        return ERR_NO_MEMORY;
    }
    data->scopes = scopes;
    scope = data->scope_count;
    enum err e = hashmap_put(data->scope_names, key_view, scope);
    if (e != ERR_NONE) {
        return e;
    }
    struct view stored = hashmap_key(data->scope_names, scope);
    data->scopes[scope] = (struct score_scope){
            .kind = kind,
            .tenant_id = view_bytes(stored.p + 5, tenant.n),
            .id = view_bytes(stored.p + 5 + tenant.n, name.n),
    };
    data->scope_count++;
    *ret_scope = scope;
    return ERR_NONE;
}

void score_forget_records(struct score_data *data)
{
    data->alert_count = 0;
    data->command_count = 0;
    data->message_holds = 0;
    data->monitor_holds = 0;
    hashmap_clear(data->found_ids);
    free(data->listed);
    data->listed = NULL;
    for (uint32_t i = 0; i < data->scope_count; i++) {
        data->scopes[i].wanted = false;
        data->scopes[i].row_count = 0;
    }
}

static void want(struct score_data *data, uint32_t scope)
{
    if (scope != SCORE_NONE) {
        data->scopes[scope].wanted = true;
    }
}

static void count_rows(struct score_data *data)
{
    for (uint32_t row = 0; row < data->message_count; row++) {
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            uint32_t scope = data->messages[row].scopes[kind];
            if (scope != SCORE_NONE && data->scopes[scope].wanted) {
                data->scopes[scope].row_count++;
            }
        }
    }
}

enum err score_list_rows(struct score_data *data)
{
    for (uint32_t i = 0; i < data->incident_count; i++) {
        want(data, data->incidents[i].scope);
    }
    for (uint32_t i = 0; i < data->alert_count; i++) {
        want(data, data->alerts[i].scope);
        want(data, data->alerts[i].evidence_scope);
    }
    for (uint32_t i = 0; i < data->command_count; i++) {
        want(data, data->commands[i].scope);
    }
    count_rows(data);
    size_t total = 0;
    for (uint32_t i = 0; i < data->scope_count; i++) {
        data->scopes[i].row_begin = (uint32_t)total;
        total += data->scopes[i].row_count;
        data->scopes[i].row_count = 0;
    }
    if (total >= SCORE_NONE) {
        return ERR_CEILING;
    }
    data->listed = malloc((total + 1) * sizeof *data->listed);
    if (data->listed == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t row = 0; row < data->message_count; row++) {
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            uint32_t scope = data->messages[row].scopes[kind];
            if (scope != SCORE_NONE && data->scopes[scope].wanted) {
                struct score_scope *to = &data->scopes[scope];
                data->listed[to->row_begin + to->row_count++] = row;
            }
        }
    }
    return ERR_NONE;
}

const uint32_t *score_rows(const struct score_data *data, uint32_t scope, uint32_t *ret_count)
{
    *ret_count = data->scopes[scope].row_count;
    return data->listed + data->scopes[scope].row_begin;
}

uint32_t score_rows_before(const struct score_data *data, uint32_t scope, uint32_t row)
{
    uint32_t count;
    const uint32_t *rows = score_rows(data, scope, &count);
    uint32_t low = 0;
    while (low < count) {
        uint32_t middle = low + (count - low) / 2;
        if (rows[middle] < row) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low;
}

#include "bench/report_records.h"
#include "common/assure.h"

enum { KEY_BYTES = 1024, KEY_PART_BYTES = 400 };

static struct view scope_key(
        enum scope_kind kind, struct view tenant, struct view id, char key[KEY_BYTES])
{
    size_t n = 0;
    key[n++] = (char)('0' + kind);
    size_t tenant_n = tenant.n < KEY_PART_BYTES ? tenant.n : KEY_PART_BYTES;
    size_t id_n = id.n < KEY_PART_BYTES ? id.n : KEY_PART_BYTES;
    if (tenant_n > 0) {
        memcpy(key + n, tenant.p, tenant_n);
    }
    n += tenant_n;
    key[n++] = '\0';
    if (id_n > 0) {
        memcpy(key + n, id.p, id_n);
    }
    return (struct view){key, n + id_n};
}

enum err report_scope_find(struct report *report, enum scope_kind kind, struct view tenant,
        struct view id, uint32_t *ret_scope)
{
    char key_bytes[KEY_BYTES];
    struct view key = scope_key(kind, tenant, id, key_bytes);
    *ret_scope = hashmap_find(report->scope_keys, key);
    if (*ret_scope != HASHMAP_ABSENT) {
        return ERR_NONE;
    }
    uint32_t count = hashmap_count(report->scope_keys);
    if (count == REPORT_SCOPES_MAX) {
        report->left_out++;
        return ERR_NONE;
    }
    void *scopes = report->scopes;
    enum err e = report_grow(&scopes, count, &report->scope_capacity, sizeof *report->scopes);
    report->scopes = scopes;
    if (e == ERR_NONE) {
        e = hashmap_put(report->scope_keys, key, count);
    }
    if (e == ERR_NONE) {
        report->scopes[count] =
                (struct report_scope){.kind = kind, .incident = UINT32_MAX, .hold = UINT32_MAX};
        *ret_scope = count;
    }
    return e;
}

// Name and numbers of the i-th scope. Views good as long as the report.
struct scope_name report_scope_at(const struct report *report, uint32_t i)
{
    struct view key = hashmap_key(report->scope_keys, i);
    struct view names = view_skip(key, 1);
    const char *zero = memchr(names.p, '\0', names.n);
    ASSURE(zero != NULL);
    struct view tenant = {names.p, (size_t)(zero - names.p)};
    return (struct scope_name){
            report->scopes[i].kind, view_skip(names, tenant.n + 1), tenant, VIEW_NONE};
}

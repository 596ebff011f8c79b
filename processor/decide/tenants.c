#include "decide/tenants.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "state/scopes.h"

enum { RUN_MAX = 255 };

#define SUM_MAX (INT64_C(1) << 40) // of messages, in what is restored

struct tenant_row {
    int32_t tenant; // 0 is a scope too: a row that nobody has taken yet has no sums either
    // campaigns since the last new scope of a kind, and what that had come to when it came
    uint8_t runs[SCOPE_KIND_COUNT];
    uint8_t ended[SCOPE_KIND_COUNT];
    struct tenant_sums sums;
};

struct tenants {
    struct tenant_row rows[TENANT_SLOTS];
};

enum err tenants_create(struct tenants **ret_tenants)
{
    *ret_tenants = calloc(1, sizeof **ret_tenants);
    return *ret_tenants != NULL ? ERR_NONE : ERR_NO_MEMORY;
}

void tenants_destroy(struct tenants *tenants)
{
    free(tenants);
}

static const struct tenant_row *row_of(const struct tenants *tenants, int32_t tenant)
{
    ASSURE(tenant >= 0);
    return &tenants->rows[(uint32_t)tenant % TENANT_SLOTS];
}

static struct tenant_row *row_take(struct tenants *tenants, int32_t tenant, bool begins)
{
    ASSURE(tenant >= 0);
    struct tenant_row *row = &tenants->rows[(uint32_t)tenant % TENANT_SLOTS];
    if (row->tenant != tenant || begins) {
        *row = (struct tenant_row){.tenant = tenant};
    }
    return row;
}

static bool is_new(const struct delta *delta, const struct leaf_delta *leaf, unsigned kind)
{
    int32_t row = leaf->uses[kind].row;
    return row >= 0 && delta->scopes[row].is_new;
}

static void note_leaf(
        struct tenants *tenants, const struct delta *delta, const struct leaf_delta *leaf)
{
    int32_t at = leaf->uses[SCOPE_TENANT].row;
    if (at < 0) {
        return;
    }
    struct tenant_row *row = row_take(tenants, delta->scopes[at].scope, false);
    row->sums.judged += leaf->judged;
    row->sums.misdirected += leaf->misdirected;
    row->sums.no_record += leaf->reasons[REASON_NO_RECORD];
    bool begins = is_new(delta, leaf, SCOPE_CAMPAIGN);
    for (unsigned kind = SCOPE_TEMPLATE; kind < SCOPE_TENANT; kind++) {
        if (is_new(delta, leaf, kind)) {
            row->ended[kind] = row->runs[kind];
            row->runs[kind] = 0;
        } else if (begins && row->runs[kind] < RUN_MAX) {
            row->runs[kind]++;
        }
    }
}

void tenants_note(struct tenants *tenants, const struct delta *delta)
{
    for (uint32_t i = delta->scope_count; i > 0 && delta->scopes[i - 1].kind == SCOPE_TENANT; i--) {
        if (delta->scopes[i - 1].is_new) { // a released number that is given to another tenant
            (void)row_take(tenants, delta->scopes[i - 1].scope, true);
        }
    }
    for (uint32_t i = 0; i < delta->leaf_count; i++) {
        note_leaf(tenants, delta, &delta->leaves[i]);
    }
}

void tenants_take_back(struct tenants *tenants, int32_t tenant, bool has_no_record)
{
    if (tenant != SCOPE_NONE && row_of(tenants, tenant)->tenant == tenant) {
        struct tenant_row *row = row_take(tenants, tenant, false);
        row->sums.misdirected--;
        row->sums.no_record -= has_no_record;
    }
}

struct tenant_sums tenants_sums(const struct tenants *tenants, int32_t tenant)
{
    const struct tenant_row *row = row_of(tenants, tenant);
    return row->tenant == tenant ? row->sums : (struct tenant_sums){0, 0, 0};
}

uint32_t tenants_campaigns_without(
        const struct tenants *tenants, int32_t tenant, enum scope_kind kind)
{
    const struct tenant_row *row = row_of(tenants, tenant);
    return row->tenant == tenant ? row->ended[kind] : 0;
}

static void row_archive(struct archive *archive, struct tenant_row *row)
{
    archive_bytes(archive, row->runs, sizeof row->runs);
    archive_bytes(archive, row->ended, sizeof row->ended);
    archive_i64(archive, &row->sums.judged, -SUM_MAX, SUM_MAX);
    archive_i64(archive, &row->sums.misdirected, -SUM_MAX, SUM_MAX);
    archive_i64(archive, &row->sums.no_record, -SUM_MAX, SUM_MAX);
}

static bool is_taken(const struct tenant_row *row)
{
    static const uint8_t none[SCOPE_KIND_COUNT];
    const struct tenant_sums *sums = &row->sums;
    return row->tenant != 0 || (sums->judged | sums->misdirected | sums->no_record) != 0 ||
           memcmp(row->runs, none, sizeof none) != 0 || memcmp(row->ended, none, sizeof none) != 0;
}

// The rows that are taken, in order; the tenant says which.
void tenants_archive(struct archive *archive, struct tenants *tenants)
{
    archive_mark(archive, "tenants");
    uint32_t count = 0;
    for (unsigned i = 0; i < TENANT_SLOTS; i++) {
        count += is_taken(&tenants->rows[i]);
    }
    count = archive_count(archive, count, TENANT_SLOTS);
    uint32_t at = 0;
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        while (!archive_reads(archive) && !is_taken(&tenants->rows[at])) {
            at++;
        }
        int32_t tenant = archive_reads(archive) ? 0 : tenants->rows[at].tenant;
        archive_i32(archive, &tenant, 0, INT32_MAX);
        uint32_t slot = (uint32_t)tenant % TENANT_SLOTS;
        if (slot < at) {
            archive_fail(archive, ERR_DATA, "tenants: a row out of order");
            return;
        }
        tenants->rows[slot].tenant = tenant;
        row_archive(archive, &tenants->rows[slot]);
        if (!is_taken(&tenants->rows[slot])) {
            archive_fail(archive, ERR_DATA, "tenants: a row of nothing");
        }
        at = slot + 1;
    }
}

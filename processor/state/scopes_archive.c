// The table of scopes, saved and restored: scopes keep their numbers, and free ones their order, since
// everything else names scopes by number.
#include <stdlib.h>

#include "common/assure.h"
#include "state/scopes_inside.h"

// A name becomes the next number, which is the row's: nothing is free while rows are restored.
static void name_archive(struct archive *archive, struct scopes *scopes, uint32_t number)
{
    struct scope_name name = {.kind = SCOPE_CAMPAIGN};
    if (!archive_reads(archive)) {
        name = scopes_name(scopes, (int32_t)number);
    }
    uint8_t kind = (uint8_t)name.kind;
    archive_u8(archive, &kind, SCOPE_KIND_COUNT - 1);
    archive_view(archive, &name.tenant_id, SCOPE_NAME_BYTES_MAX);
    archive_view(archive, &name.id, SCOPE_NAME_BYTES_MAX);
    archive_view(archive, &name.channel, SCOPE_NAME_BYTES_MAX);
    if (!archive_reads(archive) || !archive_is_good(archive)) {
        return;
    }
    int32_t scope = SCOPE_NONE;
    enum err e = scopes_intern(
            scopes, (enum scope_kind)kind, name.tenant_id, name.id, name.channel, &scope);
    if (e != ERR_NONE || scope != (int32_t)number) {
        archive_fail(archive, e != ERR_NONE ? e : ERR_DATA, "scopes: a name that cannot be");
    }
}

static void row_archive(struct archive *archive, struct scopes *scopes, uint32_t number)
{
    bool is_live = !archive_reads(archive) && scope_row_at(scopes, number)->is_live;
    archive_bool(archive, &is_live);
    if (is_live) {
        name_archive(archive, scopes, number);
    } else if (archive_reads(archive)) {
        enum err e = pages_reach(&scopes->rows, number);
        if (e != ERR_NONE) {
            archive_fail(archive, e, "scopes: the table");
        } else {
            scopes->end = number + 1;
        }
    }
    if (!archive_is_good(archive)) {
        return;
    }
    struct scope_row *row = scope_row_at(scopes, number);
    archive_u32(archive, &row->generation, UINT32_MAX);
    if (is_live) {
        uint64_t held_until_ms = row->held_until_ms;
        archive_u64(archive, &held_until_ms, HOLD_MS_MAX);
        row->held_until_ms = held_until_ms & HOLD_MS_MAX;
        archive_u32(archive, &row->last_heard_s, UINT32_MAX);
    }
}

// The free numbers, the next to be given first; `is_free` by number.
static void free_archive(struct archive *archive, struct scopes *scopes, bool *is_free)
{
    uint32_t before = NO_ROW;
    uint32_t number = scopes->first_free;
    uint32_t count = scopes->end - scopes_count(scopes);
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        archive_u32(archive, &number, scopes->end - 1);
        struct scope_row *row = scope_row_at(scopes, number);
        if (row->is_live || is_free[number]) {
            archive_fail(archive, ERR_DATA, "scopes: a number is free twice");
            return;
        }
        is_free[number] = true;
        if (!archive_reads(archive)) {
            number = row->next_free;
            continue;
        }
        row->next_free = NO_ROW;
        if (before == NO_ROW) {
            scopes->first_free = number;
        } else {
            scope_row_at(scopes, before)->next_free = number;
        }
        before = number;
    }
}

void scopes_archive(struct archive *archive, struct scopes *scopes)
{
    archive_mark(archive, "scopes");
    uint32_t end = archive_count(archive, scopes->end, scopes->max_scopes);
    ASSURE(!archive_reads(archive) || scopes->end == 0);
    for (uint32_t number = 0; number < end && archive_is_good(archive); number++) {
        row_archive(archive, scopes, number);
    }
    bool *is_free = calloc((size_t)end + 1, sizeof *is_free);
    if (is_free == NULL) {
        archive_fail(archive, ERR_NO_MEMORY, "scopes: the table");
    } else if (archive_is_good(archive)) {
        free_archive(archive, scopes, is_free);
    }
    free(is_free);
    archive_u32(archive, &scopes->hand, UINT32_MAX);
    archive_u64(archive, &scopes->overflowed, INT64_MAX);
}

#include "decide/releases.h"

#include <stdlib.h>
#include <string.h>

#include "common/room.h"
#include "state/scopes.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

struct releases {
    struct release **rows; // by scope, lowest first
    uint32_t count;
    uint32_t capacity;
    uint32_t next; // to be looked at by releases_sweep
    uint64_t overflowed;
};

enum err releases_create(struct releases **ret_releases)
{
    struct releases *releases = calloc(1, sizeof *releases);
    if (releases == NULL) {
        return ERR_NO_MEMORY;
    }
    *ret_releases = releases;
    return ERR_NONE;
}

void releases_destroy(struct releases *releases)
{
    if (releases != NULL) {
        for (uint32_t i = 0; i < releases->count; i++) {
            free(releases->rows[i]);
        }
        free(releases->rows);
        free(releases);
    }
}

// Of the first row whose scope is not below `scope`.
static uint32_t place_of(const struct releases *releases, int32_t scope)
{
    uint32_t low = 0;
    uint32_t high = releases->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (releases->rows[middle]->scope < scope) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct release *releases_of(const struct releases *releases, int32_t scope)
{
    uint32_t at = place_of(releases, scope);
    bool is_it = at < releases->count && releases->rows[at]->scope == scope;
    return is_it ? releases->rows[at] : NULL;
}

enum err releases_take(struct releases *releases, int32_t scope, struct release **ret_release)
{
    *ret_release = releases_of(releases, scope);
    if (*ret_release != NULL) {
        return ERR_NONE;
    }
    if (releases->count == RELEASES_MAX) {
        releases->overflowed++;
        return ERR_NONE;
    }
    struct release **rows = room_for_row(
            releases->rows, releases->count, &releases->capacity, 16, sizeof(struct release *));
    if (rows == NULL) {
        return ERR_NO_MEMORY;
    }
    releases->rows = rows;
    struct release *release = calloc(1, sizeof *release);
    if (release == NULL) {
        return ERR_NO_MEMORY;
    }
    release->scope = scope;
    release->sequence = -1;
    shadow_begin(&release->shadow, 0, 0);
    uint32_t at = place_of(releases, scope);
    memmove(&releases->rows[at + 1], &releases->rows[at],
            (releases->count - at) * sizeof(struct release *));
    releases->rows[at] = release;
    releases->count++;
    *ret_release = release;
    return ERR_NONE;
}

static void drop_at(struct releases *releases, uint32_t at)
{
    free(releases->rows[at]);
    releases->count--;
    memmove(&releases->rows[at], &releases->rows[at + 1],
            (releases->count - at) * sizeof(struct release *));
}

void releases_drop(struct releases *releases, int32_t scope)
{
    uint32_t at = place_of(releases, scope);
    if (at < releases->count && releases->rows[at]->scope == scope) {
        drop_at(releases, at);
    }
}

void releases_sweep(struct releases *releases, int64_t now_ms)
{
    if (releases->count == 0) {
        return;
    }
    uint32_t at = releases->next < releases->count ? releases->next : 0;
    const struct release *release = releases->rows[at];
    releases->next = at + 1;
    if (!release->is_held && !release_is_on_probation(release, now_ms) &&
            release->banned_until_ms <= now_ms && release_ends(release, now_ms) == 0) {
        drop_at(releases, at);
        releases->next = at;
    }
}

uint32_t release_ends(const struct release *release, int64_t now_ms)
{
    uint32_t count = 0;
    while (count < release->end_count && now_ms - release->ends_ms[count] < DAY_MS) {
        count++;
    }
    return count;
}

void release_note_end(struct release *release, int64_t now_ms)
{
    release->end_count += release->end_count < RELEASE_ENDS_MAX;
    memmove(&release->ends_ms[1], &release->ends_ms[0],
            (release->end_count - 1) * sizeof release->ends_ms[0]);
    release->ends_ms[0] = now_ms;
}

bool release_is_on_probation(const struct release *release, int64_t now_ms)
{
    return release->probation > 0 && now_ms < release->probation_ms;
}

uint32_t releases_count(const struct releases *releases)
{
    return releases->count;
}

uint64_t releases_overflowed(const struct releases *releases)
{
    return releases->overflowed;
}

// --- saving and restoring ---------------------------------------------------------------------

static void time_archive(struct archive *archive, int64_t *time_ms)
{
    archive_i64(archive, time_ms, 0, INT64_MAX / 2);
}

static void text_archive(struct archive *archive, char text[RELEASE_TEXT_MAX + 1])
{
    struct view view = view_of(text);
    archive_view(archive, &view, RELEASE_TEXT_MAX);
    if (archive_reads(archive)) {
        memcpy(text, view.n > 0 ? view.p : "", view.n);
        text[view.n] = '\0';
    }
}

static void release_archive(struct archive *archive, struct release *release)
{
    archive_bool(archive, &release->is_held);
    archive_bool(archive, &release->is_proposed);
    archive_bool(archive, &release->is_acknowledged);
    archive_bool(archive, &release->is_kept);
    shadow_archive(archive, &release->shadow);
    canary_archive(archive, &release->canary);
    archive_u32(archive, &release->misdirected, UINT32_MAX);
    archive_u32(archive, &release->probation, UINT32_MAX);
    time_archive(archive, &release->probation_ms);
    time_archive(archive, &release->banned_until_ms);
    archive_i64(archive, &release->sequence, -1, INT64_MAX);
    archive_u32(archive, &release->end_count, RELEASE_ENDS_MAX);
    for (uint32_t i = 0; i < release->end_count; i++) {
        time_archive(archive, &release->ends_ms[i]);
    }
    archive_bytes(archive, release->incident_id.bytes, sizeof release->incident_id.bytes);
    text_archive(archive, release->operator_id);
    text_archive(archive, release->control_id);
}

void releases_archive(
        struct archive *archive, struct releases *releases, const struct scopes *scopes)
{
    archive_mark(archive, "releases");
    uint32_t count = archive_count(archive, releases->count, RELEASES_MAX);
    int32_t lowest = 0;
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        int32_t scope = archive_reads(archive) ? 0 : releases->rows[i]->scope;
        archive_i32(archive, &scope, lowest, (int32_t)scopes_end(scopes) - 1);
        lowest = scope + 1; // ever higher, so that none is there twice
        struct release *release = NULL;
        enum err e = ERR_NONE;
        if (archive_is_good(archive) && !scopes_is_live(scopes, scope)) {
            e = ERR_DATA;
        } else if (archive_is_good(archive)) {
            e = releases_take(releases, scope, &release);
        }
        if (e != ERR_NONE || release == NULL) {
            archive_fail(archive, e != ERR_NONE ? e : ERR_DATA, "releases: a scope");
            return;
        }
        release_archive(archive, release);
    }
    archive_u32(archive, &releases->next, RELEASES_MAX);
    archive_u64(archive, &releases->overflowed, INT64_MAX);
}

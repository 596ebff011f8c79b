// Which scopes are held until when, by whom, and who knows of it.
#include "common/assure.h"
#include "common/clock.h"
#include "common/room.h"
#include "incident/incidents_inside.h"
#include "state/scopes.h"

bool incidents_is_holding(const struct incidents *incidents, int32_t scope)
{
    return scope >= 0 && (uint32_t)scope < incidents->capacity && incidents->scopes[scope].held;
}

static struct hold *hold_find(const struct incidents *incidents, int32_t scope)
{
    if (!incidents_is_holding(incidents, scope)) {
        return NULL;
    }
    uint32_t at = 0;
    while (incidents->held[at].scope != scope) {
        at++;
        ASSURE(at < incidents->held_count);
    }
    return &incidents->held[at];
}

const struct hold *incidents_hold_of(const struct incidents *incidents, int32_t scope)
{
    return hold_find(incidents, scope);
}

const struct hold *incidents_hold_after(const struct incidents *incidents, uint32_t *at)
{
    return *at < incidents->held_count ? &incidents->held[(*at)++] : NULL;
}

static enum err hold_add(struct incidents *incidents, const struct hold *hold)
{
    struct hold *held = room_for_row(
            incidents->held, incidents->held_count, &incidents->held_capacity, 16, sizeof *held);
    if (held == NULL) {
        return ERR_NO_MEMORY;
    }
    incidents->held = held;
    enum err e = incidents_make_room(incidents, hold->scope);
    if (e == ERR_NONE) {
        incidents->scopes[hold->scope].held = true;
        struct incident *incident = incidents_of(incidents, hold->scope);
        if (incident != NULL) {
            incident->held_count++;
        }
        incidents->held[incidents->held_count++] = *hold;
    }
    return e;
}

static void note_expiry(struct incidents *incidents, int64_t until_ms)
{
    if (until_ms < incidents->next_expiry_ms) {
        incidents->next_expiry_ms = until_ms;
    }
}

enum err incidents_hold(
        struct incidents *incidents, int32_t scope, int64_t until_ms, enum mode mode)
{
    struct hold *hold = hold_find(incidents, scope);
    note_expiry(incidents, until_ms);
    if (hold == NULL) {
        const struct hold added = {.scope = scope,
                .until_ms = until_ms,
                .mode = mode,
                .vendor = VENDOR_UNKNOWN,
                .ending_ms = INT64_MAX};
        return hold_add(incidents, &added);
    }
    hold->until_ms = hold->is_commanded && hold->until_ms > until_ms ? hold->until_ms : until_ms;
    hold->mode = hold->is_commanded ? MODE_ENFORCE : mode;
    return ERR_NONE;
}

enum err incidents_hold_commanded(struct incidents *incidents, int32_t scope, int64_t until_ms,
        const struct digest_id *control)
{
    struct hold *hold = hold_find(incidents, scope);
    if (hold == NULL) {
        const struct hold added = {
                scope, until_ms, MODE_ENFORCE, true, *control, VENDOR_UNKNOWN, 0, 0, INT64_MAX};
        note_expiry(incidents, until_ms);
        return hold_add(incidents, &added);
    }
    hold->until_ms = hold->until_ms > until_ms ? hold->until_ms : until_ms;
    hold->mode = MODE_ENFORCE;
    hold->is_commanded = true;
    hold->control = *control;
    return ERR_NONE;
}

void incidents_note_vendor(
        struct incidents *incidents, int32_t scope, int32_t vendor, uint32_t generation)
{
    struct hold *hold = hold_find(incidents, scope);
    if (hold != NULL) {
        hold->vendor = vendor;
        hold->vendor_generation = generation;
    }
}

void incidents_note_channel(struct incidents *incidents, int32_t scope, uint8_t channel)
{
    struct hold *hold = hold_find(incidents, scope);
    if (hold != NULL) {
        hold->channel = channel;
    }
}

void incidents_lift(struct incidents *incidents, int32_t scope)
{
    struct hold *hold = hold_find(incidents, scope);
    if (hold == NULL) {
        return;
    }
    *hold = incidents->held[--incidents->held_count];
    incidents->scopes[scope].held = false;
    struct incident *incident = incidents_of(incidents, scope);
    if (incident != NULL) {
        incident->held_count--;
    }
}

const struct hold *incidents_expired(struct incidents *incidents, int64_t now_ms)
{
    if (now_ms < incidents->next_expiry_ms) {
        return NULL;
    }
    int64_t earliest_ms = INT64_MAX;
    for (uint32_t i = 0; i < incidents->held_count; i++) {
        const struct hold *hold = &incidents->held[i];
        if (hold->until_ms <= now_ms) {
            return hold;
        }
        earliest_ms = hold->until_ms < earliest_ms ? hold->until_ms : earliest_ms;
    }
    incidents->next_expiry_ms = earliest_ms;
    return NULL;
}

void incidents_set_ending(struct incidents *incidents, int32_t scope, int64_t ending_ms)
{
    struct hold *hold = hold_find(incidents, scope);
    if (hold != NULL) {
        hold->ending_ms = ending_ms;
        incidents->next_ending_ms =
                ending_ms < incidents->next_ending_ms ? ending_ms : incidents->next_ending_ms;
    }
}

const struct hold *incidents_ending(struct incidents *incidents, int64_t now_ms)
{
    if (now_ms < incidents->next_ending_ms) {
        return NULL;
    }
    int64_t earliest_ms = INT64_MAX;
    for (uint32_t i = 0; i < incidents->held_count; i++) {
        struct hold *hold = &incidents->held[i];
        if (hold->ending_ms <= now_ms) {
            hold->ending_ms = INT64_MAX;
            return hold;
        }
        earliest_ms = hold->ending_ms < earliest_ms ? hold->ending_ms : earliest_ms;
    }
    incidents->next_ending_ms = earliest_ms;
    return NULL;
}

// --- saving and restoring ---------------------------------------------------------------------

static void hold_archive(struct archive *archive, struct hold *hold, const struct scopes *scopes)
{
    archive_i32(archive, &hold->scope, 0, (int32_t)scopes_end(scopes) - 1);
    archive_i64(archive, &hold->until_ms, 0, CLOCK_END_MS);
    uint8_t mode = (uint8_t)hold->mode;
    archive_u8(archive, &mode, MODE_ENFORCE);
    hold->mode = (enum mode)mode;
    archive_bool(archive, &hold->is_commanded);
    if (hold->is_commanded) {
        archive_bytes(archive, hold->control.bytes, sizeof hold->control.bytes);
    }
    archive_i32(archive, &hold->vendor, VENDOR_SEVERAL, (int32_t)scopes_end(scopes) - 1);
    archive_u32(archive, &hold->vendor_generation, UINT32_MAX);
    archive_u8(archive, &hold->channel, UINT8_MAX);
    archive_i64(archive, &hold->ending_ms, 0, INT64_MAX);
}

void incidents_archive_holds(
        struct archive *archive, struct incidents *incidents, const struct scopes *scopes)
{
    uint32_t count = archive_count(archive, incidents->held_count, UINT32_MAX);
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        struct hold hold = {0};
        if (!archive_reads(archive)) {
            hold = incidents->held[i];
        }
        hold_archive(archive, &hold, scopes);
        if (!archive_reads(archive) || !archive_is_good(archive)) {
            continue;
        }
        bool can_be = scopes_is_live(scopes, hold.scope) &&
                      !incidents_is_holding(incidents, hold.scope) &&
                      (hold.is_commanded || incidents_of(incidents, hold.scope) != NULL);
        enum err e = can_be ? hold_add(incidents, &hold) : ERR_DATA;
        if (e != ERR_NONE) {
            archive_fail(archive, e, "incidents: a hold");
        }
    }
    archive_i64(archive, &incidents->next_expiry_ms, INT64_MIN, INT64_MAX);
    archive_i64(archive, &incidents->next_ending_ms, INT64_MIN, INT64_MAX);
}

#include "decide/hold_cap.h"

#include <string.h>

#include "common/assure.h"
#include "common/clock.h"
#include "state/scopes.h"

void hold_cap_set(struct hold_cap *cap, uint32_t holds)
{
    uint32_t extra = cap->count > holds ? cap->count - holds : 0;
    cap->cap = holds;
    cap->count -= extra;
    memmove(cap->at_ms, cap->at_ms + extra, cap->count * sizeof *cap->at_ms);
}

static bool window_has_room(struct hold_cap *cap, int64_t now_ms)
{
    uint32_t old = 0;
    while (old < cap->count && now_ms - cap->at_ms[old] >= HOLD_CAP_WINDOW_MS) {
        old++;
    }
    cap->count -= old;
    memmove(cap->at_ms, cap->at_ms + old, cap->count * sizeof *cap->at_ms);
    return cap->count < cap->cap;
}

bool hold_cap_has_room(struct hold_cap *cap, int64_t now_ms)
{
    return cap->waiting_count == cap->set_back_count && window_has_room(cap, now_ms);
}

void hold_cap_note(struct hold_cap *cap, int64_t now_ms)
{
    ASSURE(cap->count < cap->cap && cap->cap <= HOLD_CAP_MAX);
    cap->at_ms[cap->count++] = now_ms;
}

bool hold_cap_wait(struct hold_cap *cap, int32_t scope, uint8_t channel)
{
    for (uint32_t i = 0; i < cap->waiting_count; i++) {
        if (cap->waiting[i].scope == scope) {
            return true;
        }
    }
    if (cap->waiting_count == HOLD_WAITING_MAX) {
        return false;
    }
    cap->waiting[cap->waiting_count++] = (struct hold_waiting){scope, channel};
    return true;
}

struct hold_waiting hold_cap_next(struct hold_cap *cap, int64_t now_ms)
{
    if (cap->waiting_count == 0 || !window_has_room(cap, now_ms)) {
        return (struct hold_waiting){SCOPE_NONE, 0};
    }
    const struct hold_waiting next = cap->waiting[0];
    cap->waiting_count--;
    memmove(cap->waiting, cap->waiting + 1, cap->waiting_count * sizeof *cap->waiting);
    cap->set_back_count -= cap->set_back_count > 0;
    cap->is_told = cap->is_told && cap->waiting_count > cap->set_back_count;
    return next;
}

void hold_cap_set_back(struct hold_cap *cap, const struct hold_waiting *back, uint32_t count)
{
    ASSURE(count <= HOLD_WAITING_MAX - cap->waiting_count);
    memmove(cap->waiting + count, cap->waiting, cap->waiting_count * sizeof *cap->waiting);
    memcpy(cap->waiting, back, count * sizeof *back);
    cap->waiting_count += count;
    cap->set_back_count += count;
}

void hold_cap_forget(struct hold_cap *cap)
{
    cap->waiting_count = 0;
    cap->set_back_count = 0;
    cap->is_told = false;
}

// As hold_cap_set, where it was saved under a greater cap.
void hold_cap_archive(struct archive *archive, struct hold_cap *cap, uint32_t scopes_end)
{
    archive_mark(archive, "hold_cap");
    uint32_t count = archive_count(archive, cap->count, HOLD_CAP_MAX);
    for (uint32_t i = 0; i < count; i++) {
        archive_i64(archive, &cap->at_ms[i], 0, CLOCK_END_MS);
    }
    uint32_t waiting = archive_count(archive, cap->waiting_count, HOLD_WAITING_MAX);
    for (uint32_t i = 0; i < waiting; i++) {
        archive_i32(archive, &cap->waiting[i].scope, 0, (int32_t)scopes_end - 1);
        archive_u8(archive, &cap->waiting[i].channel, UINT8_MAX);
    }
    archive_bool(archive, &cap->is_told);
    if (archive_reads(archive)) {
        cap->count = archive_is_good(archive) ? count : 0;
        cap->waiting_count = archive_is_good(archive) ? waiting : 0;
        cap->set_back_count = 0;
        hold_cap_set(cap, cap->cap);
    }
}

#include "decide/control_ledger.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "incident/incidents.h"

enum { TEXT_COUNT = 7 };

struct waiting_row {
    struct pending_control pending; // the first member: who has one has its row
    char *texts;
};

struct settled_row {
    struct digest_id id;
    uint8_t settled; // enum settled
    bool is_everywhere;
};

struct control_ledger {
    struct digest_id seen[CONTROL_SEEN_MAX]; // a ring, `seen_next` is the oldest once it is full
    uint32_t seen_count;
    uint32_t seen_next;
    uint64_t forgotten;
    struct waiting_row *waiting[CONTROL_PENDING_MAX]; // the first `waiting_count`, oldest first
    uint32_t waiting_count;
    struct settled_row settled[CONTROL_SETTLED_MAX]; // the last is first
    uint32_t settled_count;
};

enum err control_ledger_create(struct control_ledger **ret_ledger)
{
    struct control_ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        return ERR_NO_MEMORY;
    }
    *ret_ledger = ledger;
    return ERR_NONE;
}

static void row_destroy(struct waiting_row *row)
{
    free(row->texts);
    free(row);
}

void control_ledger_destroy(struct control_ledger *ledger)
{
    if (ledger != NULL) {
        for (uint32_t i = 0; i < ledger->waiting_count; i++) {
            row_destroy(ledger->waiting[i]);
        }
        free(ledger);
    }
}

static bool same_id(const struct digest_id *left, const struct digest_id *right)
{
    return memcmp(left->bytes, right->bytes, sizeof left->bytes) == 0;
}

// --- seen -------------------------------------------------------------------------------------

bool control_ledger_see(struct control_ledger *ledger, const struct digest_id *id)
{
    for (uint32_t i = 0; i < ledger->seen_count; i++) {
        if (same_id(&ledger->seen[i], id)) {
            return true;
        }
    }
    ledger->forgotten += ledger->seen_count == CONTROL_SEEN_MAX;
    ledger->seen_count += ledger->seen_count < CONTROL_SEEN_MAX;
    ledger->seen[ledger->seen_next] = *id;
    ledger->seen_next = (ledger->seen_next + 1) % CONTROL_SEEN_MAX;
    return false;
}

uint64_t control_ledger_forgotten(const struct control_ledger *ledger)
{
    return ledger->forgotten;
}

// --- waiting ----------------------------------------------------------------------------------

static void texts_of(struct control *control, struct view *ret_texts[TEXT_COUNT])
{
    ret_texts[0] = &control->control_id;
    ret_texts[1] = &control->scope.id;
    ret_texts[2] = &control->scope.tenant_id;
    ret_texts[3] = &control->scope.channel;
    ret_texts[4] = &control->rule;
    ret_texts[5] = &control->operator_id;
    ret_texts[6] = &control->reason;
}

// With texts of its own. What no command that waits needs is left out.
static struct waiting_row *row_of(const struct control *control, int64_t deadline_ms)
{
    struct waiting_row *row = calloc(1, sizeof *row);
    if (row == NULL) {
        return NULL;
    }
    row->pending = (struct pending_control){*control, deadline_ms};
    row->pending.control.recipient = VIEW_NONE;
    row->pending.control.confirms = VIEW_NONE;
    struct view *texts[TEXT_COUNT];
    texts_of(&row->pending.control, texts);
    row->texts = views_own(texts, TEXT_COUNT);
    if (row->texts == NULL) {
        free(row);
        return NULL;
    }
    return row;
}

enum err control_ledger_wait(
        struct control_ledger *ledger, const struct control *control, int64_t deadline_ms)
{
    if (ledger->waiting_count == CONTROL_PENDING_MAX) {
        return ERR_CEILING;
    }
    struct waiting_row *row = row_of(control, deadline_ms);
    if (row == NULL) {
        return ERR_NO_MEMORY;
    }
    ledger->waiting[ledger->waiting_count++] = row;
    return ERR_NONE;
}

const struct pending_control *control_ledger_waiting(
        const struct control_ledger *ledger, struct view control_id)
{
    for (uint32_t i = 0; i < ledger->waiting_count; i++) {
        if (view_equal(ledger->waiting[i]->pending.control.control_id, control_id)) {
            return &ledger->waiting[i]->pending;
        }
    }
    return NULL;
}

const struct pending_control *control_ledger_overdue(
        const struct control_ledger *ledger, int64_t now_ms)
{
    for (uint32_t i = 0; i < ledger->waiting_count; i++) {
        if (ledger->waiting[i]->pending.deadline_ms <= now_ms) {
            return &ledger->waiting[i]->pending;
        }
    }
    return NULL;
}

void control_ledger_settle(
        struct control_ledger *ledger, const struct pending_control *pending, enum settled settled)
{
    uint32_t at = 0;
    while (at < ledger->waiting_count && &ledger->waiting[at]->pending != pending) {
        at++;
    }
    ASSURE(at < ledger->waiting_count);
    struct waiting_row *row = ledger->waiting[at];
    ledger->settled_count += ledger->settled_count < CONTROL_SETTLED_MAX;
    memmove(&ledger->settled[1], &ledger->settled[0],
            (ledger->settled_count - 1) * sizeof ledger->settled[0]);
    const struct control *control = &row->pending.control;
    ledger->settled[0] = (struct settled_row){incident_control_digest(control->control_id),
            (uint8_t)settled, control_is_everywhere(control)};
    row_destroy(row);
    ledger->waiting_count--;
    memmove(&ledger->waiting[at], &ledger->waiting[at + 1],
            (ledger->waiting_count - at) * sizeof(struct waiting_row *));
}

enum settled control_ledger_settled(
        const struct control_ledger *ledger, struct view control_id, bool *ret_is_everywhere)
{
    *ret_is_everywhere = false;
    const struct digest_id id = incident_control_digest(control_id);
    for (uint32_t i = 0; i < ledger->settled_count; i++) {
        if (same_id(&ledger->settled[i].id, &id)) {
            *ret_is_everywhere = ledger->settled[i].is_everywhere;
            return (enum settled)ledger->settled[i].settled;
        }
    }
    return SETTLED_UNKNOWN;
}

uint32_t control_ledger_waiting_count(const struct control_ledger *ledger)
{
    return ledger->waiting_count;
}

const struct pending_control *control_ledger_waiting_after(
        const struct control_ledger *ledger, uint32_t *at)
{
    return *at < ledger->waiting_count ? &ledger->waiting[(*at)++]->pending : NULL;
}

// --- saving and restoring ---------------------------------------------------------------------

static void id_archive(struct archive *archive, struct digest_id *id)
{
    archive_bytes(archive, id->bytes, sizeof id->bytes);
}

static void control_archive(struct archive *archive, struct pending_control *pending)
{
    struct control *control = &pending->control;
    struct view *texts[TEXT_COUNT];
    texts_of(control, texts);
    for (unsigned i = 0; i < TEXT_COUNT; i++) {
        bool is_operator = texts[i] == &control->operator_id;
        archive_view(archive, texts[i], is_operator ? OPERATOR_BYTES_MAX : CONTROL_TEXT_MAX);
    }
    uint8_t words[] = {(uint8_t)control->action, (uint8_t)control->object,
            (uint8_t)control->scope.kind, (uint8_t)control->mode};
    archive_u8(archive, &words[0], CONTROL_ACTION_COUNT - 1);
    archive_u8(archive, &words[1], CONTROL_OF_CONTROL);
    archive_u8(archive, &words[2], SCOPE_KIND_COUNT - 1);
    archive_u8(archive, &words[3], MODE_ENFORCE);
    control->action = (enum control_action)words[0];
    control->object = (enum control_object)words[1];
    control->scope.kind = (enum scope_kind)words[2];
    control->mode = (enum mode)words[3];
    id_archive(archive, &control->incident_id);
    archive_i64(archive, &control->issued_at_ms, INT64_MIN, INT64_MAX);
    archive_i64(archive, &control->expires_at_ms, INT64_MIN, INT64_MAX);
    archive_bool(archive, &control->at_once);
    archive_bool(archive, &control->is_signed);
    archive_i64(archive, &pending->deadline_ms, 0, INT64_MAX);
}

static bool may_wait(const struct control *control)
{
    return control->operator_id.n > 0 &&
           (control->action == CONTROL_HOLD || control->action == CONTROL_RELEASE ||
                   control->action == CONTROL_MODE);
}

static void waiting_archive(struct archive *archive, struct control_ledger *ledger)
{
    uint32_t count = archive_count(archive, ledger->waiting_count, CONTROL_PENDING_MAX);
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        if (!archive_reads(archive)) {
            control_archive(archive, &ledger->waiting[i]->pending);
            continue;
        }
        struct pending_control pending = {.deadline_ms = 0};
        control_archive(archive, &pending);
        if (archive_is_good(archive) && !may_wait(&pending.control)) {
            archive_fail(archive, ERR_DATA, "controls: one that cannot wait");
        }
        enum err e = archive_is_good(archive)
                             ? control_ledger_wait(ledger, &pending.control, pending.deadline_ms)
                             : ERR_NONE;
        if (e != ERR_NONE) {
            archive_fail(archive, e, "controls: one that waits");
        }
    }
}

void control_ledger_archive(struct archive *archive, struct control_ledger *ledger)
{
    archive_mark(archive, "controls");
    uint32_t seen = archive_count(archive, ledger->seen_count, CONTROL_SEEN_MAX);
    for (uint32_t i = 0; i < seen; i++) {
        id_archive(archive, &ledger->seen[i]);
    }
    archive_u32(archive, &ledger->seen_next, CONTROL_SEEN_MAX - 1);
    archive_u64(archive, &ledger->forgotten, INT64_MAX);
    waiting_archive(archive, ledger);
    uint32_t settled = archive_count(archive, ledger->settled_count, CONTROL_SETTLED_MAX);
    for (uint32_t i = 0; i < settled; i++) {
        id_archive(archive, &ledger->settled[i].id);
        archive_u8(archive, &ledger->settled[i].settled, SETTLED_LATE);
        archive_bool(archive, &ledger->settled[i].is_everywhere);
    }
    if (!archive_reads(archive)) {
        return;
    }
    bool can_be = seen == CONTROL_SEEN_MAX || ledger->seen_next == seen;
    if (archive_is_good(archive) && !can_be) {
        archive_fail(archive, ERR_DATA, "controls: those seen");
    }
    ledger->seen_count = archive_is_good(archive) ? seen : 0;
    ledger->settled_count = archive_is_good(archive) ? settled : 0;
}

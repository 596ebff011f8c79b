#include "run/told_holds.h"

#include "common/hash.h"

// Never 0. By the whole names, however long.
static uint64_t key_of(const struct scope_name *scope)
{
    uint64_t key = (uint64_t)scope->kind + 1;
    key = hash_bytes(scope->tenant_id.p, scope->tenant_id.n, key);
    key = hash_bytes(scope->id.p, scope->id.n, key);
    key = hash_bytes(scope->channel.p, scope->channel.n, key);
    return key != 0 ? key : 1;
}

// Its place; TOLD_HOLDS_MAX where there is none.
static uint32_t find(const struct told_holds *holds, uint64_t key)
{
    uint32_t at = 0;
    while (at < TOLD_HOLDS_MAX && holds->rows[at].key != key) {
        at++;
    }
    return at;
}

// A free row, or that of the oldest.
static struct told_hold *take_row(struct told_holds *holds)
{
    uint32_t at = find(holds, 0);
    if (at == TOLD_HOLDS_MAX) {
        at = holds->next;
        holds->next = (holds->next + 1) % TOLD_HOLDS_MAX;
        holds->forgotten++;
    }
    return &holds->rows[at];
}

void told_holds_note(struct told_holds *holds, const struct command_action *command)
{
    uint64_t key = key_of(&command->scope);
    uint32_t at = find(holds, key);
    struct told_hold *row = at < TOLD_HOLDS_MAX ? &holds->rows[at] : NULL;
    if (command->kind != COMMAND_HOLD) {
        if (row != NULL) {
            *row = (struct told_hold){0};
        }
        return;
    }
    bool goes_on = command->is_renewal || command->canary_limit > 0;
    if (row != NULL && goes_on) {
        return;
    }
    if (row == NULL) {
        row = take_row(holds);
        *row = (struct told_hold){.key = key, .since_ms = command->issued_at_ms};
    }
    status_copy(row->reason, sizeof row->reason, command->reason);
    status_copy(row->operator_id, sizeof row->operator_id, command->operator_id);
}

const struct told_hold *told_holds_find(
        const struct told_holds *holds, const struct scope_name *scope)
{
    uint32_t at = find(holds, key_of(scope));
    return at < TOLD_HOLDS_MAX ? &holds->rows[at] : NULL;
}

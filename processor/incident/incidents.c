#include "incident/incidents.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "common/digest.h"
#include "state/scopes.h"

enum { CALM_MESSAGES = 1000, CALM_MS = 10 * 60 * 1000 };

// What an incident told, with the texts that it points to.
struct told_row {
    struct told told;
    char *topic;
    char *message_id;
};

struct held {
    int32_t scope;
    int64_t until_ms;
};

struct incidents {
    struct incident *rows;  // by scope
    struct told_row **told; // by scope; what rows[].told points into
    uint32_t capacity;
    uint32_t max_open;
    uint32_t open_count;
    uint64_t overflowed;
    struct held *held; // in no order
    uint32_t held_count;
    uint32_t held_capacity;
    int64_t next_expiry_ms; // not after the earliest of them
};

enum err incidents_create(struct incidents **ret_incidents, uint32_t max_open)
{
    struct incidents *incidents = calloc(1, sizeof *incidents);
    if (incidents == NULL) {
        return ERR_NO_MEMORY;
    }
    incidents->max_open = max_open;
    incidents->next_expiry_ms = INT64_MAX;
    *ret_incidents = incidents;
    return ERR_NONE;
}

static void told_destroy(struct told_row *row)
{
    if (row != NULL) {
        free(row->topic);
        free(row->message_id);
        free(row);
    }
}

void incidents_destroy(struct incidents *incidents)
{
    if (incidents != NULL) {
        for (uint32_t i = 0; i < incidents->capacity; i++) {
            told_destroy(incidents->told[i]);
        }
        free(incidents->rows);
        free(incidents->told);
        free(incidents->held);
        free(incidents);
    }
}

const struct incident *incidents_find(const struct incidents *incidents, int32_t scope)
{
    static const struct incident none;
    ASSURE(scope >= 0);
    return (uint32_t)scope < incidents->capacity ? &incidents->rows[scope] : &none;
}

static enum err incidents_make_room(struct incidents *incidents, int32_t scope)
{
    if ((uint32_t)scope < incidents->capacity) {
        return ERR_NONE;
    }
    uint32_t capacity = incidents->capacity == 0 ? 64 : incidents->capacity;
    while (capacity <= (uint32_t)scope) {
        capacity *= 2;
    }
    struct incident *grown = realloc(incidents->rows, capacity * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    incidents->rows = grown;
    struct told_row **told = realloc(incidents->told, capacity * sizeof *told);
    if (told == NULL) {
        return ERR_NO_MEMORY;
    }
    incidents->told = told;
    for (uint32_t i = incidents->capacity; i < capacity; i++) {
        grown[i] = (struct incident){0};
        told[i] = NULL;
    }
    incidents->capacity = capacity;
    return ERR_NONE;
}

static struct incident *incidents_row(struct incidents *incidents, int32_t scope)
{
    ASSURE(scope >= 0 && (uint32_t)scope < incidents->capacity);
    return &incidents->rows[scope];
}

enum err incidents_open(struct incidents *incidents, int32_t scope, const struct digest_id *id,
        const struct incident **ret_incident)
{
    *ret_incident = NULL;
    if (incidents->open_count >= incidents->max_open) {
        incidents->overflowed++;
        return ERR_NONE;
    }
    enum err e = incidents_make_room(incidents, scope);
    if (e == ERR_NONE) {
        struct incident *row = incidents_row(incidents, scope);
        ASSURE(row->told == NULL);
        row->id = *id;
        incidents->open_count++;
        *ret_incident = row;
    }
    return e;
}

void incidents_set_tier(struct incidents *incidents, int32_t scope, enum tier tier)
{
    incidents_row(incidents, scope)->tier = tier;
}

enum err incidents_remember(
        struct incidents *incidents, int32_t scope, const struct alert_action *alert)
{
    struct told_row *row = calloc(1, sizeof *row);
    if (row == NULL) {
        return ERR_NO_MEMORY;
    }
    row->told.evidence = alert->evidence;
    row->told.cause_count = alert->cause_count;
    memcpy(row->told.causes, alert->causes, sizeof row->told.causes);
    memcpy(row->told.reasons, alert->reasons, sizeof row->told.reasons);
    struct message_position *at = &row->told.evidence.change_point;
    bool has_id = !view_is_none(at->message_id);
    row->topic = strndup(at->topic.p != NULL ? at->topic.p : "", at->topic.n);
    row->message_id = has_id ? strndup(at->message_id.p, at->message_id.n) : NULL;
    if (row->topic == NULL || (has_id && row->message_id == NULL)) {
        told_destroy(row);
        return ERR_NO_MEMORY;
    }
    at->topic = view_of(row->topic);
    at->message_id = view_of(row->message_id);
    told_destroy(incidents->told[scope]);
    incidents->told[scope] = row;
    incidents_row(incidents, scope)->told = &row->told;
    return ERR_NONE;
}

bool incidents_note_calm(
        struct incidents *incidents, int32_t scope, bool is_calm, int64_t judged, int64_t now_ms)
{
    struct incident *row = incidents_row(incidents, scope);
    if (!is_calm) {
        row->calm_since_ms = 0;
        row->calm_messages = 0;
        return false;
    }
    if (row->calm_since_ms == 0) {
        row->calm_since_ms = now_ms;
    }
    if (judged > 0 && row->calm_messages < CALM_MESSAGES) {
        row->calm_messages += (uint32_t)(judged < CALM_MESSAGES ? judged : CALM_MESSAGES);
    }
    return row->calm_messages >= CALM_MESSAGES && now_ms - row->calm_since_ms >= CALM_MS;
}

void incidents_close(struct incidents *incidents, int32_t scope)
{
    struct incident *row = incidents_row(incidents, scope);
    ASSURE(row->tier != TIER_NONE);
    told_destroy(incidents->told[scope]);
    incidents->told[scope] = NULL;
    *row = (struct incident){0};
    incidents->open_count--;
}

enum err incidents_hold(struct incidents *incidents, int32_t scope, int64_t until_ms)
{
    uint32_t at = 0;
    while (at < incidents->held_count && incidents->held[at].scope != scope) {
        at++;
    }
    if (at == incidents->held_capacity) {
        uint32_t capacity = at == 0 ? 16 : at * 2;
        struct held *grown = realloc(incidents->held, capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        incidents->held = grown;
        incidents->held_capacity = capacity;
    }
    incidents->held_count += at == incidents->held_count;
    incidents->held[at] = (struct held){scope, until_ms};
    if (until_ms < incidents->next_expiry_ms) {
        incidents->next_expiry_ms = until_ms;
    }
    return ERR_NONE;
}

int32_t incidents_take_expired(struct incidents *incidents, int64_t now_ms)
{
    if (now_ms < incidents->next_expiry_ms) {
        return SCOPE_NONE;
    }
    int64_t earliest_ms = INT64_MAX;
    for (uint32_t i = 0; i < incidents->held_count; i++) {
        const struct held held = incidents->held[i];
        if (held.until_ms <= now_ms) {
            incidents->held[i] = incidents->held[--incidents->held_count];
            return held.scope;
        }
        earliest_ms = held.until_ms < earliest_ms ? held.until_ms : earliest_ms;
    }
    incidents->next_expiry_ms = earliest_ms;
    return SCOPE_NONE;
}

uint32_t incidents_open_count(const struct incidents *incidents)
{
    return incidents->open_count;
}

uint64_t incidents_overflowed(const struct incidents *incidents)
{
    return incidents->overflowed;
}

// The first 16 bytes of SHA-256 over the text.
static enum err make_id(const struct strbuf *text, struct digest_id *ret_id)
{
    uint8_t digest[SHA256_BYTES];
    digest_sha256(strbuf_view(text), digest);
    memcpy(ret_id->bytes, digest, sizeof ret_id->bytes);
    return text->failed;
}

enum err incident_make_id(struct strbuf *text, const struct delta *delta,
        const struct scope_name *scope, const char *detector_version, struct digest_id *ret_id)
{
    strbuf_reset(text);
    strbuf_printf(text, "incident\n%s\n", scope_kind_names[scope->kind]);
    strbuf_add_view(text, scope->tenant_id);
    strbuf_add_byte(text, '\n');
    strbuf_add_view(text, scope->id);
    strbuf_printf(text, "\n%s\n%d\n%lld\n", detector_version, (int)delta->tally_partition,
            (long long)delta->sequence);
    return make_id(text, ret_id);
}

enum err incident_make_step_id(struct strbuf *text, const char *step,
        const struct digest_id *incident, enum tier tier, int64_t sequence,
        struct digest_id *ret_id)
{
    strbuf_reset(text);
    strbuf_printf(text, "%s\n", step);
    hex_add(text, incident->bytes, sizeof incident->bytes);
    strbuf_printf(text, "\n%s\n%lld\n", tier_names[tier], (long long)sequence);
    return make_id(text, ret_id);
}

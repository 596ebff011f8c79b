#include "incident/incidents_inside.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "state/scopes.h"

enum { CALM_MESSAGES = 1000, CALM_MS = 10 * 60 * 1000, HOUR_MS = 3600 * 1000 };

enum err incidents_create(struct incidents **ret_incidents, uint32_t max_open)
{
    struct incidents *incidents = calloc(1, sizeof *incidents);
    if (incidents == NULL) {
        return ERR_NO_MEMORY;
    }
    incidents->max_open = max_open;
    incidents->next_expiry_ms = INT64_MAX;
    incidents->next_ending_ms = INT64_MAX;
    incidents->words = hashmap_create(INCIDENT_WORDS_MAX);
    if (incidents->words == NULL) {
        free(incidents);
        return ERR_NO_MEMORY;
    }
    *ret_incidents = incidents;
    return ERR_NONE;
}

void incident_destroy_told(const struct told *told)
{
    if (told != NULL) {
        // told is the first member of its row
        struct told_row *row = (struct told_row *)(uintptr_t)told;
        free(row->topic);
        free(row->message_id);
        free(row);
    }
}

void incidents_destroy(struct incidents *incidents)
{
    if (incidents != NULL) {
        for (uint32_t i = 0; i < incidents->row_count; i++) {
            if (incidents->rows[i] != NULL) {
                incident_destroy_told(incidents->rows[i]->told);
                free(incidents->rows[i]);
            }
        }
        free(incidents->rows);
        free(incidents->scopes);
        free(incidents->held);
        hashmap_destroy(incidents->words);
        free(incidents);
    }
}

// --- scopes -----------------------------------------------------------------------------------

static struct scope_row *scope_row(const struct incidents *incidents, int32_t scope)
{
    ASSURE(scope >= 0 && (uint32_t)scope < incidents->capacity);
    return &incidents->scopes[scope];
}

struct incident *incidents_of(const struct incidents *incidents, int32_t scope)
{
    if (scope < 0 || (uint32_t)scope >= incidents->capacity ||
            incidents->scopes[scope].incident == 0) {
        return NULL;
    }
    return incidents->rows[incidents->scopes[scope].incident - 1];
}

enum tier incidents_tier(const struct incidents *incidents, int32_t scope)
{
    bool known = scope >= 0 && (uint32_t)scope < incidents->capacity;
    return known ? (enum tier)incidents->scopes[scope].tier : TIER_NONE;
}

void incidents_set_tier(struct incidents *incidents, int32_t scope, enum tier tier)
{
    scope_row(incidents, scope)->tier = (uint8_t)tier;
}

bool incidents_scope_lags(const struct incidents *incidents, int32_t scope)
{
    return scope_row(incidents, scope)->lags;
}

void incidents_note_lag(struct incidents *incidents, int32_t scope)
{
    scope_row(incidents, scope)->lags = true;
}

int32_t incidents_next(const struct incidents *incidents, int32_t scope)
{
    return scope_row(incidents, scope)->next;
}

enum err incidents_make_room(struct incidents *incidents, int32_t scope)
{
    if ((uint32_t)scope < incidents->capacity) {
        return ERR_NONE;
    }
    uint32_t capacity = incidents->capacity == 0 ? 64 : incidents->capacity;
    while (capacity <= (uint32_t)scope) {
        capacity *= 2;
    }
    struct scope_row *grown = realloc(incidents->scopes, capacity * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(grown + incidents->capacity, 0, (capacity - incidents->capacity) * sizeof *grown);
    incidents->scopes = grown;
    incidents->capacity = capacity;
    return ERR_NONE;
}

// --- the life of an incident ------------------------------------------------------------------

static enum err incidents_free_row(struct incidents *incidents, uint32_t *ret_row)
{
    uint32_t at = 0;
    while (at < incidents->row_count && incidents->rows[at] != NULL) {
        at++;
    }
    if (at == incidents->row_count) {
        uint32_t count = at == 0 ? 16 : at * 2;
        struct incident **grown = realloc(incidents->rows, count * sizeof(struct incident *));
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        for (uint32_t i = at; i < count; i++) {
            grown[i] = NULL;
        }
        incidents->rows = grown;
        incidents->row_count = count;
    }
    *ret_row = at;
    return ERR_NONE;
}

enum err incidents_open(struct incidents *incidents, int32_t scope, const struct digest_id *id,
        struct incident **ret_incident)
{
    *ret_incident = NULL;
    if (incidents->open_count >= incidents->max_open) {
        incidents->overflowed++;
        return ERR_NONE;
    }
    uint32_t at;
    enum err e = incidents_make_room(incidents, scope);
    if (e == ERR_NONE) {
        e = incidents_free_row(incidents, &at);
    }
    if (e != ERR_NONE) {
        return e;
    }
    struct incident *incident = calloc(1, sizeof *incident);
    if (incident == NULL) {
        return ERR_NO_MEMORY;
    }
    ASSURE(incidents->scopes[scope].incident == 0);
    incident->id = *id;
    incident->root = scope;
    incident->start_serial = UINT64_MAX;
    incident->first_scope = scope;
    incident->scope_count = 1;
    incidents->rows[at] = incident;
    struct scope_row *row = scope_row(incidents, scope);
    *row = (struct scope_row){.incident = at + 1, .next = SCOPE_NONE, .held = row->held};
    incident->held_count = row->held;
    incidents->open_count++;
    *ret_incident = incident;
    return ERR_NONE;
}

enum err incidents_join(struct incidents *incidents, struct incident *incident, int32_t scope)
{
    enum err e = incidents_make_room(incidents, scope);
    if (e == ERR_NONE) {
        ASSURE(incidents->scopes[scope].incident == 0);
        uint32_t number = scope_row(incidents, incident->first_scope)->incident;
        struct scope_row *row = scope_row(incidents, scope);
        *row = (struct scope_row){
                .incident = number, .next = incident->first_scope, .held = row->held};
        incident->held_count += row->held;
        incident->first_scope = scope;
        incident->scope_count++;
    }
    return e;
}

bool incidents_leave(struct incidents *incidents, int32_t scope)
{
    struct scope_row *row = scope_row(incidents, scope);
    uint32_t at = row->incident - 1;
    struct incident *incident = incidents->rows[at];
    int32_t *link = &incident->first_scope;
    while (*link != scope) {
        link = &scope_row(incidents, *link)->next;
    }
    *link = row->next;
    incident->held_count -= row->held;
    *row = (struct scope_row){.held = row->held};
    if (--incident->scope_count > 0) {
        incident->root = incident->root == scope ? incident->first_scope : incident->root;
        return false;
    }
    incident_destroy_told(incident->told);
    free(incident);
    incidents->rows[at] = NULL;
    incidents->open_count--;
    return true;
}

void incidents_end(struct incidents *incidents, struct incident *incident)
{
    while (!incidents_leave(incidents, incident->first_scope)) {
    }
}

enum err incidents_remember(struct incident *incident, const struct alert_action *alert,
        const struct cause_evidence *because, int64_t log_time_ms)
{
    struct told_row *row = calloc(1, sizeof *row);
    if (row == NULL) {
        return ERR_NO_MEMORY;
    }
    row->told.evidence = alert->evidence;
    row->told.cause_count = alert->cause_count;
    row->told.because = *because;
    memcpy(row->told.causes, alert->causes, sizeof row->told.causes);
    memcpy(row->told.reasons, alert->reasons, sizeof row->told.reasons);
    struct message_position *at = &row->told.evidence.change_point;
    bool has_topic = !view_is_none(at->topic);
    bool has_id = !view_is_none(at->message_id);
    row->topic = has_topic ? view_dup(at->topic) : NULL;
    row->message_id = has_id ? view_dup(at->message_id) : NULL;
    if ((has_topic && row->topic == NULL) || (has_id && row->message_id == NULL)) {
        incident_destroy_told(&row->told);
        return ERR_NO_MEMORY;
    }
    at->topic = view_of(row->topic);
    at->message_id = view_of(row->message_id);
    incident_destroy_told(incident->told);
    incident->told = &row->told;
    incident->told_ms = log_time_ms;
    incident->since = (struct cause_evidence){.messages = 0};
    memset(incident->cleared_reasons, 0, sizeof incident->cleared_reasons);
    return ERR_NONE;
}

void incidents_acknowledge(struct incident *incident, struct view operator_id, int64_t now_ms)
{
    if (incident->acknowledged_ms > 0) {
        return;
    }
    ASSURE(operator_id.n <= sizeof incident->acknowledged_text);
    memcpy(incident->acknowledged_text, operator_id.p, operator_id.n);
    incident->acknowledged_by = view_bytes(incident->acknowledged_text, operator_id.n);
    incident->acknowledged_ms = now_ms;
}

bool incidents_note_calm(struct incident *incident, bool is_calm, int64_t judged, int64_t now_ms)
{
    if (!is_calm) {
        incident->calm_since_ms = 0;
        incident->calm_messages = 0;
        return false;
    }
    if (incident->calm_since_ms == 0) {
        incident->calm_since_ms = now_ms;
    }
    if (judged > 0 && incident->calm_messages < CALM_MESSAGES) {
        incident->calm_messages += (uint32_t)(judged < CALM_MESSAGES ? judged : CALM_MESSAGES);
    }
    return incident->calm_messages >= CALM_MESSAGES && now_ms - incident->calm_since_ms >= CALM_MS;
}

// --- the last hour -----------------------------------------------------------------------------

void incidents_note_lately(struct incidents *incidents, int32_t scope, int64_t now_ms)
{
    uint32_t at = 0;
    while (at < incidents->lately_count && incidents->lately[at].scope != scope) {
        at++;
    }
    struct lately lately = {scope, {INT64_MIN, INT64_MIN, INT64_MIN}};
    if (at < incidents->lately_count) {
        lately = incidents->lately[at];
    } else if (incidents->lately_count < LATELY_SCOPES_MAX) {
        incidents->lately_count++;
    } else {
        at--; // the one that was noted longest ago makes room
    }
    memmove(&incidents->lately[1], &incidents->lately[0], at * sizeof lately);
    memmove(&lately.at_ms[1], &lately.at_ms[0], (LATELY_MAX - 1) * sizeof lately.at_ms[0]);
    lately.at_ms[0] = now_ms;
    incidents->lately[0] = lately;
}

uint32_t incidents_lately(const struct incidents *incidents, int32_t scope, int64_t now_ms)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < incidents->lately_count; i++) {
        for (unsigned n = 0; n < LATELY_MAX && incidents->lately[i].scope == scope; n++) {
            int64_t at_ms = incidents->lately[i].at_ms[n];
            count += at_ms != INT64_MIN && now_ms - at_ms < HOUR_MS;
        }
    }
    return count;
}

struct incident *incidents_open_after(const struct incidents *incidents, uint32_t *at)
{
    while (*at < incidents->row_count) {
        struct incident *incident = incidents->rows[(*at)++];
        if (incident != NULL) {
            return incident;
        }
    }
    return NULL;
}

uint32_t incidents_open_count(const struct incidents *incidents)
{
    return incidents->open_count;
}

uint64_t incidents_overflowed(const struct incidents *incidents)
{
    return incidents->overflowed;
}

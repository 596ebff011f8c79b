// What the auxiliary streams raise: notices and alerts, of the incident that is there already when it
// is about the same messages.
#include <string.h>

#include "decide/decide_inside.h"

static bool is_told_by(const struct incident *incident, const char *stream)
{
    const char *told = incident->told == NULL ? NULL : incident->told->evidence.stream;
    return told != NULL && strcmp(told, stream) == 0;
}

// Whether a wider scope's incident is about all of its messages of that stream: it is that scope's
// own, and was raised by its verdicts, by this stream, or by who the vendor is; or this stream has
// told of that scope as a whole.
static bool is_about(const struct decide *decide, const struct incident *incident, int32_t scope,
        const char *stream)
{
    if (incident->told == NULL) {
        return incident->root == scope;
    }
    const char *told = incident->told->evidence.stream;
    bool is_same = is_told_by(incident, stream);
    const struct scope_name name = scopes_name(decide->scopes, scope);
    return (incident->root == scope &&
                   (told == NULL || is_same || strcmp(told, "unregistered_vendor") == 0)) ||
           (is_same && incident->told->evidence.scope.kind == name.kind &&
                   view_equal(incident->told->evidence.scope.id, name.id));
}

// The incident of a scope that one of the row's leaves has too: a stream sees no misdirected
// messages by which it could be told from others.
static struct incident *incident_beside(const struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, const char *stream)
{
    int32_t at = 0; // a scope that has fallen silent is in no delta
    while ((uint32_t)at < delta->scope_count && delta->scopes[at].scope != row->scope) {
        at++;
    }
    for (uint32_t i = 0; i < delta->leaf_count; i++) {
        const struct leaf_delta *leaf = &delta->leaves[i];
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && leaf->uses[row->kind].row == at;
                kind++) {
            int32_t other = leaf->uses[kind].row;
            struct incident *incident =
                    other < 0 ? NULL : incidents_of(decide->incidents, delta->scopes[other].scope);
            if (incident != NULL &&
                    (kind <= (unsigned)row->kind ||
                            is_about(decide, incident, delta->scopes[other].scope, stream))) {
                return incident;
            }
        }
    }
    return NULL;
}

// An incident that the same stream has raised somewhere in a tenant.
static struct incident *incident_within(
        const struct decide *decide, const struct scope_name *tenant, const char *stream)
{
    uint32_t at = 0;
    struct incident *incident = incidents_open_after(decide->incidents, &at);
    while (incident != NULL &&
            (!is_told_by(incident, stream) ||
                    !view_equal(scopes_name(decide->scopes, incident->root).tenant_id,
                            tenant->tenant_id))) {
        incident = incidents_open_after(decide->incidents, &at);
    }
    return incident;
}

enum err decide_raise_stream(struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, enum tier tier, const struct evidence *evidence,
        const struct decision_taker *taker)
{
    struct step step = {delta, row, row->scope, scopes_name(decide->scopes, row->scope), NULL,
            evidence, taker, SCOPE_NONE, false, false, NULL, CHANNEL_UNKNOWN};
    tier = tier < TIER_ALERT ? tier : TIER_ALERT;
    const struct part nobody = {NULL, 0, 0};
    struct incident *beside = incident_beside(decide, delta, row, evidence->stream);
    if (beside == NULL && row->kind == SCOPE_TENANT) {
        beside = incident_within(decide, &step.name, evidence->stream);
    }
    return decide_act(decide, &step, tier, beside, &nobody);
}

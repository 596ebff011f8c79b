// How incidents grow and end.
#include "decide/decide_control.h"

enum { GROWTH = 10 };

static uint64_t tag_of(const struct frame_entry *entry)
{
    uint64_t tag;
    memcpy(&tag, entry->tag, sizeof tag);
    return tag;
}

// The incidents that count the misdirected messages of a leaf, which its scopes belong to: each once,
// however many of them do. Scopes wider than the root have only joined by a stream, which is not
// about all of their messages. Their number.
static unsigned incidents_counting(const struct decide *decide, const struct delta *delta,
        const struct leaf_delta *leaf, struct incident *ret_incidents[SCOPE_KIND_COUNT])
{
    unsigned count = 0;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && leaf->misdirected > 0; kind++) {
        int32_t row = leaf->uses[kind].row;
        int32_t scope = row < 0 ? SCOPE_NONE : delta->scopes[row].scope;
        struct incident *incident = incidents_of(decide->incidents, scope);
        unsigned met = 0;
        while (met < count && ret_incidents[met] != incident) {
            met++;
        }
        if (incident == NULL || met < count) {
            continue;
        }
        bool is_of_it = leaf->held ? incidents_is_holding(decide->incidents, scope)
                                   : kind <= scopes_name(decide->scopes, incident->root).kind;
        if (is_of_it) {
            ret_incidents[count++] = incident;
        }
    }
    return count;
}

static void count_leaf(
        const struct decide *decide, const struct delta *delta, const struct leaf_delta *leaf)
{
    struct incident *incidents[SCOPE_KIND_COUNT];
    unsigned count = incidents_counting(decide, delta, leaf, incidents);
    for (unsigned i = 0; i < count; i++) {
        *(leaf->held ? &incidents[i]->held : &incidents[i]->escaped) += leaf->misdirected;
    }
}

// Whom it went to, for the incidents that count the message itself.
static void count_person(
        const struct decide *decide, const struct delta *delta, const struct frame_entry *entry)
{
    struct incident *incidents[SCOPE_KIND_COUNT];
    unsigned count = incidents_counting(decide, delta, &delta->leaves[entry->leaf], incidents);
    for (unsigned i = 0; i < count; i++) {
        sketch_add(&incidents[i]->people, tag_of(entry));
    }
}

void life_count_part(const struct step *step, const struct part *part)
{
    struct incident *incident = step->incident;
    const struct delta *delta = step->delta;
    uint64_t first_serial = UINT64_MAX; // of the delta's
    int64_t known = 0;                  // messages whose recipients are
    for (uint32_t i = 0; i < delta->entry_count && part->entries != NULL; i++) {
        const struct delta_entry *de = &delta->entries[i];
        enum entry_use use = de->uses[step->name.kind];
        if (de->scopes[step->name.kind] == step->scope &&
                de->serial >= step->evidence->start_serial &&
                (use == ENTRY_FRESH || use == ENTRY_GUARDED)) {
            sketch_add(&incident->people, tag_of(de->entry));
            first_serial = first_serial < de->serial ? first_serial : de->serial;
            known++;
        }
    }
    for (uint32_t i = 0; i < part->count; i++) {
        sketch_add(&incident->people, part->entries[i].tag);
        known += part->entries[i].serial < first_serial;
    }
    if (!step->is_sibling && incident->escaped >= part->misdirected) {
        return; // counted one by one, as they came
    }
    incident->people_are_more = incident->people_are_more || known < part->misdirected;
    incident->escaped = part->misdirected + (step->is_sibling ? incident->escaped : 0);
}

static void since_add_entry(struct cause_evidence *since, const struct frame_entry *entry)
{
    since->messages++;
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        since->reasons[reason] += entry->reasons >> reason & 1;
    }
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        since->signals[signal] += (unsigned)entry->signals >> signal & 1;
    }
}

static void since_add_leaf(struct cause_evidence *since, const struct leaf_delta *leaf)
{
    int64_t invalid = leaf->reasons[REASON_INVALID_NUMBER];
    since->judged += leaf->judged;
    since->misdirected += leaf->misdirected;
    since->invalid += invalid < leaf->unknown ? invalid : leaf->unknown;
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        since->signals_of_all[signal] += leaf->signals[signal];
    }
}

// The incident that a message's scope of a kind is the root of, NULL for none, and none either where
// a narrower scope of the message has an incident of its own: what is told there is no evidence for
// a wider one's cause.
static struct incident *incident_since(
        const struct decide *decide, const int32_t scopes[SCOPE_KIND_COUNT], unsigned root_kind)
{
    struct incident *incident = incidents_of(decide->incidents, scopes[root_kind]);
    if (incident == NULL || incident->root != scopes[root_kind]) {
        return NULL;
    }
    for (unsigned kind = 0; kind < root_kind; kind++) {
        const struct incident *other = incidents_of(decide->incidents, scopes[kind]);
        if (other != NULL && other != incident) {
            return NULL;
        }
    }
    return incident;
}

// What the messages of incidents' roots have in common, held ones too.
static void since_add_leaves(const struct decide *decide, const struct delta *delta)
{
    for (uint32_t i = 0; i < delta->leaf_count; i++) {
        const struct leaf_delta *leaf = &delta->leaves[i];
        int32_t scopes[SCOPE_KIND_COUNT];
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            int32_t row = leaf->uses[kind].row;
            scopes[kind] = row < 0 ? SCOPE_NONE : delta->scopes[row].scope;
            struct incident *incident = incident_since(decide, scopes, kind);
            if (incident != NULL) {
                since_add_leaf(&incident->since, leaf);
            }
        }
    }
}

void decide_count(struct decide *decide, const struct delta *delta)
{
    tenants_note(decide->tenants, delta);
    if (delta->entry_count > 0) {
        decide->next_serial = delta->entries[delta->entry_count - 1].serial + 1;
    }
    if (incidents_open_count(decide->incidents) == 0) {
        return;
    }
    for (uint32_t i = 0; i < delta->leaf_count; i++) {
        count_leaf(decide, delta, &delta->leaves[i]);
    }
    since_add_leaves(decide, delta);
    for (uint32_t i = 0; i < delta->entry_count; i++) {
        const struct delta_entry *de = &delta->entries[i];
        count_person(decide, delta, de->entry);
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            struct incident *incident = incident_since(decide, de->scopes, kind);
            if (incident != NULL) {
                since_add_entry(&incident->since, de->entry);
            }
        }
    }
}

// Tells that an incident is over.
static enum err decide_close(struct decide *decide, const struct delta *delta,
        struct incident *incident, const struct decision_taker *taker)
{
    enum err e = tell_again(decide, delta, incident, ALERT_INCIDENT_CLOSED, taker);
    incidents_end(decide->incidents, incident);
    return e;
}

static bool is_time_to_tell(
        const struct decide *decide, const struct incident *incident, int64_t now_ms)
{
    int64_t misdirected = incident->escaped + incident->held;
    int64_t told = incident->told_misdirected > 0 ? incident->told_misdirected : 1;
    return incident->told != NULL && misdirected >= GROWTH * told &&
           now_ms - incident->told_ms >= decide->options.policy->update_interval_ms;
}

enum err decide_follow(struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, bool is_calm, const struct decision_taker *taker)
{
    struct incident *incident = incidents_of(decide->incidents, row->scope);
    if (incident == NULL || incident->root != row->scope) {
        return ERR_NONE;
    }
    if (is_time_to_tell(decide, incident, delta->log_time_ms) ||
            late_is_time_to_tell(decide, incident, delta->log_time_ms)) {
        enum err e = tell_again(decide, delta, incident, ALERT_INCIDENT_UPDATED, taker);
        if (e != ERR_NONE) {
            return e;
        }
    }
    if (incident->held_count > 0 ||
            !incidents_note_calm(incident, is_calm, row->judged, delta->log_time_ms)) {
        return ERR_NONE;
    }
    return decide_close(decide, delta, incident, taker);
}

enum err decide_end_hold(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct decision_taker *taker)
{
    struct incident *incident = incidents_of(decide->incidents, scope);
    incidents_lift(decide->incidents, scope);
    scopes_lift(decide->scopes, scope);
    release_note_end_of_hold(decide, scope, delta->log_time_ms);
    if (incident == NULL || incident->held_count > 0) {
        taker->closed(taker->self, scope);
        if (incident != NULL) {
            (void)incidents_leave(decide->incidents, scope); // others of it are held: not the last
        }
        return ERR_NONE;
    }
    for (int32_t other = incident->first_scope; other != SCOPE_NONE;
            other = incidents_next(decide->incidents, other)) {
        taker->closed(taker->self, other);
    }
    return decide_close(decide, delta, incident, taker);
}

static enum err prolong(struct decide *decide, const struct delta *delta, const struct hold *hold,
        const struct decision_taker *taker, bool *ret_goes_on)
{
    enum err e = release_keep(decide, delta, hold->scope, taker, ret_goes_on);
    return e != ERR_NONE || *ret_goes_on ? e
                                         : remind_renews(decide, delta, hold, taker, ret_goes_on);
}

enum err decide_expire(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    enum err e = ERR_NONE;
    bool goes_on;
    const struct hold *ending;
    while (e == ERR_NONE &&
            (ending = incidents_ending(decide->incidents, delta->log_time_ms)) != NULL) {
        e = prolong(decide, delta, ending, taker, &goes_on);
    }
    while (e == ERR_NONE) {
        const struct hold *hold = incidents_expired(decide->incidents, delta->log_time_ms);
        if (hold == NULL) {
            break;
        }
        int32_t scope = hold->scope;
        e = prolong(decide, delta, hold, taker, &goes_on);
        if (e != ERR_NONE || goes_on) {
            continue;
        }
        e = tell_expired(decide, delta, hold, taker);
        enum err ended = decide_end_hold(decide, delta, scope, taker);
        e = e != ERR_NONE ? e : ended;
    }
    e = e != ERR_NONE ? e : control_expire(decide, delta, taker);
    e = e != ERR_NONE ? e : control_end_standing(decide, delta, taker);
    return e != ERR_NONE ? e : remind(decide, delta, taker);
}

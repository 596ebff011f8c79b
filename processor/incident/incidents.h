// The open incidents of a tally partition, by scope, with what each has told last; and which of
// them hold until when. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "model/action.h"
#include "model/delta.h"

// What the last alert of an incident said, for the one that closes it.
struct told {
    struct evidence evidence; // the texts of its change point are copies
    struct ranked causes[CAUSE_MAX];
    uint32_t cause_count;
    uint32_t reasons[REASON_COUNT];
};

struct incident {
    struct digest_id id;
    enum tier tier;          // TIER_NONE = no incident
    const struct told *told; // NULL before its first alert
    int64_t calm_since_ms;   // log time; 0 = it is not calm
    uint32_t calm_messages;  // judged since then
};

struct incidents;

MUST_CHECK enum err incidents_create(struct incidents **ret_incidents, uint32_t max_open);
void incidents_destroy(struct incidents *incidents);

// The scope's incident; its tier is TIER_NONE where there is none. Good until the next open.
const struct incident *incidents_find(const struct incidents *incidents, int32_t scope);
// Opens one. *ret_incident is NULL when there are as many as there may be (counted).
MUST_CHECK enum err incidents_open(struct incidents *incidents, int32_t scope,
        const struct digest_id *id, const struct incident **ret_incident);
void incidents_set_tier(struct incidents *incidents, int32_t scope, enum tier tier);
// Keeps what an alert of the scope's incident says, in the place of what the one before said.
MUST_CHECK enum err incidents_remember(
        struct incidents *incidents, int32_t scope, const struct alert_action *alert);
// Notes that so many messages of the scope were judged and whether the detector was calm behind
// them. True once it has been calm for 1,000 messages and ten minutes of log time (detection.md
// §3.9).
bool incidents_note_calm(
        struct incidents *incidents, int32_t scope, bool is_calm, int64_t judged, int64_t now_ms);
void incidents_close(struct incidents *incidents, int32_t scope);

// The scope is held until then; a later hold of it replaces the earlier.
MUST_CHECK enum err incidents_hold(struct incidents *incidents, int32_t scope, int64_t until_ms);
// Takes one scope whose hold has run out by `now_ms` off the held; SCOPE_NONE when there is none.
int32_t incidents_take_expired(struct incidents *incidents, int64_t now_ms);

uint32_t incidents_open_count(const struct incidents *incidents);
uint64_t incidents_overflowed(const struct incidents *incidents);

// incident_id = hash of scope, detector version, tally partition and offset of the opening frame
// (design §6). `text` is scratch, as below.
MUST_CHECK enum err incident_make_id(struct strbuf *text, const struct delta *delta,
        const struct scope_name *scope, const char *detector_version, struct digest_id *ret_id);
// The id of an alert or command of an incident: one a kind of step, tier and frame.
MUST_CHECK enum err incident_make_step_id(struct strbuf *text, const char *step,
        const struct digest_id *incident, enum tier tier, int64_t sequence,
        struct digest_id *ret_id);

// What is going on, for those who look: nothing here decides anything.
#include "decide/decide_inside.h"

void decide_show(const struct decide *decide, const struct decide_viewer *viewer)
{
    uint32_t at = 0;
    const struct incident *incident;
    while ((incident = incidents_open_after(decide->incidents, &at)) != NULL) {
        const struct scope_name root = scopes_name(decide->scopes, incident->root);
        const struct shown_incident shown = {
                .id = &incident->id,
                .tier = incident->tier,
                .scope = &root,
                .evidence = incident->told != NULL ? &incident->told->evidence : NULL,
                .cause = incident->told != NULL && incident->told->cause_count > 0
                                 ? incident->told->causes[0].name
                                 : VIEW_NONE,
                .impact = tell_impact(incident),
                .scope_count = incident->scope_count,
                .held_count = incident->held_count,
                .told_ms = incident->told_ms,
        };
        viewer->incident(viewer->self, &shown);
    }
    at = 0;
    const struct hold *hold;
    while ((hold = incidents_hold_after(decide->incidents, &at)) != NULL) {
        const struct scope_name name = scopes_name(decide->scopes, hold->scope);
        const struct shown_hold shown = {
                &name, hold->until_ms, hold->is_commanded, hold->mode == MODE_MONITOR};
        viewer->hold(viewer->self, &shown);
    }
}

#include "decide/decide_show.h"

#include "decide/decide_inside.h"

static void show_incidents(const struct decide *decide, const struct decide_viewer *viewer)
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
                .wanted_ms = incident->acknowledged_ms == 0 ? incident->urgent_ms : 0,
                .acknowledged_ms = incident->acknowledged_ms,
                .acknowledged_by = incident->acknowledged_by,
        };
        viewer->incident(viewer->self, &shown);
    }
}

static void show_hold(
        const struct decide *decide, const struct hold *hold, const struct decide_viewer *viewer)
{
    const struct scope_name name = scopes_name(decide->scopes, hold->scope);
    const struct incident *incident = incidents_of(decide->incidents, hold->scope);
    const struct release *release = releases_of(decide->releases, hold->scope);
    struct shown_hold shown = {
            .scope = &name,
            .until_ms = hold->until_ms,
            .is_commanded = hold->is_commanded,
            .mode = hold->mode,
            .incident_id = incident != NULL ? &incident->id : NULL,
    };
    if (release != NULL) {
        shown.canary = release->canary;
        shown.canary_limit = canary_limit(release->canary.step);
        shown.is_proposed = release->is_proposed;
        shown.released_by = view_of(release->operator_id);
    }
    viewer->hold(viewer->self, &shown);
}

void decide_show(const struct decide *decide, const struct decide_viewer *viewer)
{
    show_incidents(decide, viewer);
    uint32_t at = 0;
    const struct hold *hold;
    while ((hold = incidents_hold_after(decide->incidents, &at)) != NULL) {
        show_hold(decide, hold, viewer);
    }
    at = 0;
    const struct pending_control *pending;
    while ((pending = control_ledger_waiting_after(decide->controls, &at)) != NULL) {
        viewer->pending(viewer->self, pending);
    }
    for (uint32_t i = 0; i < decide->drills.count; i++) {
        viewer->drill(viewer->self, &decide->drills.open[i]);
    }
    at = 0;
    const struct standing_order *order;
    while ((order = standing_after(decide->standing, &at)) != NULL) {
        viewer->order(viewer->self, order);
    }
}

// What a release does to a scope that is held.
#include "decide/decide_inside.h"

// A release without more: the command, and the end of the hold.
enum err decide_release_scope(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct control *control, const struct decision_taker *taker, const char **ret_refused)
{
    *ret_refused = incidents_is_holding(decide->incidents, scope) ? NULL : "not_held";
    if (*ret_refused != NULL) {
        return ERR_NONE;
    }
    const struct hold hold = *incidents_hold_of(decide->incidents, scope);
    enum err e = tell_released(decide, delta, &hold, control, taker);
    enum err ended = decide_end_hold(decide, delta, scope, taker);
    return e != ERR_NONE ? e : ended;
}

void decide_release_acknowledged(struct decide *decide, int32_t scope)
{
    (void)decide;
    (void)scope;
}

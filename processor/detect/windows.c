// Since when, and of how many messages, the nodes of a scope's bank speak.
#include "detect/detect_inside.h"

bool detect_window(
        const struct detect *detect, int32_t scope, unsigned node, struct window *ret_window)
{
    if (node >= NODE_COUNT) {
        return false;
    }
    *ret_window = (struct window){0, 0, UINT64_MAX};
    struct excursion room;
    const struct excursion *excursion = excursion_see(detect, scope, &room);
    if (excursion != NULL && excursion->bank.nodes[node].w_nat6 > 0) {
        const struct bank_node *from = &excursion->bank.nodes[node];
        *ret_window = (struct window){
                from->judged, from->misdirected, recent_serial(detect->recent, from->start)};
    }
    return true;
}

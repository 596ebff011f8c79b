#include "decide/decide.h"

enum err decide_control(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    (void)decide;
    (void)delta;
    (void)taker;
    return ERR_NONE;
}

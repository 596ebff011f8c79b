#include "control/person.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool person_is_same(struct view left, struct view right)
{
    left = view_trim(left);
    right = view_trim(right);
    if (left.n != right.n) {
        return false;
    }
    for (size_t i = 0; i < left.n; i++) {
        if (lower(left.p[i]) != lower(right.p[i])) {
            return false;
        }
    }
    return true;
}

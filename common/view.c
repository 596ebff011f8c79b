#include "common/view.h"

#include <stdlib.h>

char *view_dup(struct view v)
{
    char *copy = malloc(v.n + 1);
    if (copy != NULL) {
        if (v.n > 0) {
            memcpy(copy, v.p, v.n);
        }
        copy[v.n] = '\0';
    }
    return copy;
}

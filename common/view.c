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

char *views_own(struct view *const *views, size_t count)
{
    size_t bytes = 1;
    for (size_t i = 0; i < count; i++) {
        bytes += views[i]->n;
    }
    char *block = malloc(bytes);
    char *end = block;
    for (size_t i = 0; block != NULL && i < count; i++) {
        if (!view_is_none(*views[i])) {
            memcpy(end, views[i]->p, views[i]->n);
            *views[i] = view_bytes(end, views[i]->n);
            end += views[i]->n;
        }
    }
    return block;
}

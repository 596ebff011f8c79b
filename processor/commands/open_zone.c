#include "commands/open_zone.h"

#include <stdio.h>

enum { WHY_MAX_BYTES = 16 * 1024 };

bool open_zone(const char *text, struct zone **ret_zone)
{
    struct strbuf why;
    strbuf_init(&why, WHY_MAX_BYTES);
    enum err e = zone_open(ret_zone, view_of(text), ZONE_DIRECTORY, &why);
    if (e != ERR_NONE) {
        fprintf(stderr, "--zone %s: %s\n", text, why.n > 0 ? why.p : err_text(e));
    }
    strbuf_fini(&why);
    return e == ERR_NONE;
}

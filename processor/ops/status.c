#include "ops/status.h"

#include <stdlib.h>
#include <string.h>

static void destroy(struct board_report *report)
{
    free(report); // base is the first member
}

struct status_report *status_report_create(void)
{
    struct status_report *report = calloc(1, sizeof *report);
    if (report != NULL) {
        report->base.destroy = destroy;
    }
    return report;
}

void status_copy(char *to, size_t room, struct view text)
{
    const struct view ellipsis = VIEW("\xe2\x80\xa6");
    bool fits = text.n < room;
    size_t n = fits ? text.n : room - 1 - ellipsis.n;
    while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80) {
        n--;
    }
    if (n > 0) {
        memcpy(to, text.p, n);
    }
    if (!fits) {
        memcpy(to + n, ellipsis.p, ellipsis.n);
        n += ellipsis.n;
    }
    to[n] = '\0';
}

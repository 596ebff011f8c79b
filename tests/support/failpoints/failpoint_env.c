// The failpoint of wrongnumber-failpoints. WN_FAILPOINT=NAME:N kills the process, as kill -9 does, at
// the N-th time that it comes by NAME; WN_FAILPOINT=NAME:N:stop stops it there, as SIGSTOP does, until
// somebody lets it go on. With WN_FAILPOINT_LIST each name is written to stderr when it is first met.
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failpoint.h"

enum { NAMES_MAX = 64 };

static void list(const char *name)
{
    static _Atomic(const char *) names[NAMES_MAX];
    for (int i = 0; i < NAMES_MAX; i++) {
        const char *none = NULL;
        if (atomic_compare_exchange_strong(&names[i], &none, name)) {
            fprintf(stderr, "failpoint %s\n", name);
            return;
        }
        if (strcmp(none, name) == 0) {
            return;
        }
    }
}

void failpoint(const char *name)
{
    static atomic_long passed;
    if (getenv("WN_FAILPOINT_LIST") != NULL) {
        list(name);
    }
    const char *wanted = getenv("WN_FAILPOINT");
    size_t n = strlen(name);
    if (wanted == NULL || strncmp(wanted, name, n) != 0 || wanted[n] != ':') {
        return;
    }
    char *end;
    long nth = strtol(wanted + n + 1, &end, 10);
    if (atomic_fetch_add(&passed, 1) + 1 == nth) {
        raise(strcmp(end, ":stop") == 0 ? SIGSTOP : SIGKILL);
    }
}

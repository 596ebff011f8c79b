#include "common/assure.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void assure_fail(const char *text, const char *file, int line)
{
    fprintf(stderr, "wrongnumber: bug: %s:%d: %s\n", file, line, text);
    abort();
}

// Stands alone, so that the tests can link another one in its place.
#include "common/failpoint.h"

void failpoint(const char *name)
{
    (void)name;
}

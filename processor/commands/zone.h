// The zone in which a person is told times: --zone +HH:MM.
#pragma once

#include <stdbool.h>

enum { ZONE_MAX_MINUTES = 14 * 60 };

// Reads +HH:MM or -HH:MM; false when it is anything else, which it says on stderr.
bool zone_parse(const char *text, int *ret_minutes);

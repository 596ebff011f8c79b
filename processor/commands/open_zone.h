// The zone in which a person is told times: --zone NAME.
#pragma once

#include <stdbool.h>

#include "common/zone.h"

// An offset such as +08:00, or a zone by name such as Asia/Shanghai. False when there is none, which it says on
// stderr.
bool open_zone(const char *text, struct zone **ret_zone);

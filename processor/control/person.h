// Whether two names are one person's. Pure.
#pragma once

#include <stdbool.h>

#include "common/view.h"

// Blanks around a name and capitals (of ASCII) make no other person.
bool person_is_same(struct view left, struct view right);

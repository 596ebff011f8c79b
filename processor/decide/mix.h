// Whether two handfuls of misdirected messages are of one kind, by the reasons that they were given.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/verdict.h"

// Whether it is e times likelier that the two have mixes of their own than that they share one: the
// ratio of two to one multinomial with uniform (Dirichlet) priors. Never of next to nothing: of one
// message and one, two and two. Numbers that are invalid do not count. Integers only.
bool mix_differs(const uint32_t a[REASON_COUNT], const uint32_t b[REASON_COUNT]);

// The likely cause of an incident, from what its misdirected messages have in common.
#pragma once

#include "model/incident.h"

// Ranks causes by the share of the misdirected messages that their reasons speak for. The number of
// causes ranked.
uint32_t cause_rank(const uint32_t reasons[REASON_COUNT], struct ranked ret_causes[CAUSE_MAX]);

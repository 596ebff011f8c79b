// The likely cause of an incident, from what its misdirected messages have in common. Pure.
#pragma once

#include "model/cause_evidence.h"
#include "model/incident.h"

// Ranks the causes that the evidence speaks for, likeliest first, with the numbers that spoke most
// for each; shares add up to 1, causes below 1 % are left out. The number of causes ranked: 0 when
// there is nothing to go by.
uint32_t cause_rank(const struct cause_evidence *evidence, struct ranked ret_causes[CAUSE_MAX]);

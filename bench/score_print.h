// The score as one JSON document: overall, by class of incident, by incident.
#pragma once

#include "bench/score_measure.h"
#include "common/json_out.h"

MUST_CHECK enum err score_print(struct strbuf *sb, const struct score_data *data,
        const struct score_match *match, const struct score_measured *measured);

// Parts of it: what was named for the incidents of each planted cause; one incident.
void score_add_causes(
        struct json_out *out, const struct score_data *data, const struct score_measured *measured);
void score_add_incident(struct json_out *out, const struct score_data *data,
        const struct score_match *match, const struct score_measured *measured, uint32_t incident);

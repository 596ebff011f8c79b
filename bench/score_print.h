// The score as one JSON document: overall, by class of incident, by incident.
#pragma once

#include "bench/score_measure.h"
#include "common/strbuf.h"

MUST_CHECK enum err score_print(struct strbuf *sb, const struct score_data *data,
        const struct score_match *match, const struct score_measured *measured);

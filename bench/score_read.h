// Reads what score compares. In this order: the scenario, the labels, the run's records, the
// verdicts. ERR_DATA and ERR_NO_INPUT come with the reason in `why`, as file:line: what.
#pragma once

#include "bench/score_data.h"
#include "common/strbuf.h"

MUST_CHECK enum err score_read_scenario(
        struct score_data *data, const char *path, struct strbuf *why);
MUST_CHECK enum err score_read_labels(
        struct score_data *data, const char *path, struct strbuf *why);
MUST_CHECK enum err score_read_alerts(
        struct score_data *data, const char *path, struct strbuf *why);
MUST_CHECK enum err score_read_commands(
        struct score_data *data, const char *path, struct strbuf *why);
MUST_CHECK enum err score_read_verdicts(
        struct score_data *data, const char *path, struct strbuf *why);
// What summary.json says of framing; a run without one is fine.
MUST_CHECK enum err score_read_summary(
        struct score_data *data, const char *path, struct strbuf *why);

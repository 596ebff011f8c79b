// Reads what score compares: first the scenario and the labels, then the rest. ERR_DATA and
// ERR_NO_INPUT come with the reason in `why`, as file:line: what.
#pragma once

#include "bench/score_data.h"
#include "bench/score_file.h"

// Where the scenario is: `given`, or scenario.json beside the labels when that is NULL.
void score_scenario_path(char *ret_path, size_t path_bytes, const char *labels, const char *given);
MUST_CHECK enum err score_read_scenario(
        struct score_data *data, const char *path, struct strbuf *why);
MUST_CHECK enum err score_read_labels(
        struct score_data *data, const struct score_source *source, struct strbuf *why);
// These may come in parts, one after another.
MUST_CHECK enum err score_read_verdicts(
        struct score_data *data, const struct score_source *source, struct strbuf *why);
MUST_CHECK enum err score_read_alerts(
        struct score_data *data, const struct score_source *source, struct strbuf *why);
MUST_CHECK enum err score_read_commands(
        struct score_data *data, const struct score_source *source, struct strbuf *why);
// What summary.json says of framing; a run without one is fine.
MUST_CHECK enum err score_read_summary(
        struct score_data *data, const struct score_source *source, struct strbuf *why);
// Refuses a run of other messages than those that are labelled.
MUST_CHECK enum err score_check_messages(
        const struct score_data *data, const char *path, struct strbuf *why);

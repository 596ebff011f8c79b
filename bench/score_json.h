// The kinds of values that a score is made of, as JSON.
#pragma once

#include "bench/score_data.h"
#include "bench/statistics.h"
#include "common/json_out.h"

// Six digits; null where there is no number.
void score_add_number(struct json_out *out, const char *key, double number);
// null where there is nothing to compare with.
void score_add_ratio(struct json_out *out, const char *key, double part, double whole);
void score_add_share(struct json_out *out, const char *key, uint64_t part, uint64_t whole);
void score_add_count(struct json_out *out, const char *key, uint64_t count);
// null where there are no values.
void score_add_spread(struct json_out *out, const char *key, const struct spread *spread);
void score_add_scope(
        struct json_out *out, const char *key, const struct score_data *data, uint32_t scope);

#include "bench/score_json.h"

#include <math.h>
#include <stdio.h>

void score_add_number(struct json_out *out, const char *key, double number)
{
    char text[32];
    if (!isfinite(number)) {
        json_null(out, key);
        return;
    }
    int n = snprintf(text, sizeof text, "%.6g", number);
    json_raw(out, key, view_bytes(text, (size_t)n));
}

void score_add_ratio(struct json_out *out, const char *key, double part, double whole)
{
    if (whole > 0) {
        score_add_number(out, key, part / whole);
    } else {
        json_null(out, key);
    }
}

void score_add_share(struct json_out *out, const char *key, uint64_t part, uint64_t whole)
{
    score_add_ratio(out, key, (double)part, (double)whole);
}

void score_add_count(struct json_out *out, const char *key, uint64_t count)
{
    json_int(out, key, (int64_t)count);
}

void score_add_spread(struct json_out *out, const char *key, const struct spread *spread)
{
    if (spread->count == 0) {
        json_null(out, key);
        return;
    }
    json_object(out, key);
    score_add_count(out, "count", spread->count);
    score_add_number(out, "mean", spread->mean);
    score_add_number(out, "median", spread->median);
    score_add_number(out, "p95", spread->p95);
    score_add_number(out, "max", spread->max);
    json_object_end(out);
}

void score_add_scope(
        struct json_out *out, const char *key, const struct score_data *data, uint32_t scope)
{
    json_object(out, key);
    json_text(out, "kind", scope_kind_names[data->scopes[scope].kind]);
    json_string(out, "id", data->scopes[scope].id);
    json_string(out, "tenant_id", data->scopes[scope].tenant_id);
    json_object_end(out);
}

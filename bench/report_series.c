#include "bench/report_series.h"

#include <string.h>

void series_begin(struct report_series *series)
{
    if (!series->has_begun) {
        series->has_begun = true;
        series->message = 0;
        series->merged = 1;
    }
}

static void add_before(struct report_series *series, const struct report_point *point)
{
    series->before[series->before_next] = *point;
    series->before_next = (series->before_next + 1) % SERIES_BEFORE;
    series->before_count += series->before_count < SERIES_BEFORE;
}

static void merge_into(struct report_point *into, const struct report_point *point)
{
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if (point->w_nat6[j] > into->w_nat6[j]) {
            into->w_nat6[j] = point->w_nat6[j];
        }
    }
    into->message = point->message;
    into->judged += point->judged;
    into->misdirected += point->misdirected;
}

static void merge_pairs(struct report_series *series)
{
    for (uint32_t i = 0; i < SERIES_POINTS / 2; i++) {
        struct report_point pair = series->points[2 * i];
        merge_into(&pair, &series->points[2 * i + 1]);
        series->points[i] = pair;
    }
    series->count = SERIES_POINTS / 2;
    series->merged *= 2;
}

void series_add(struct report_series *series, const int64_t w_nat6[NODE_COUNT], uint32_t judged,
        uint32_t misdirected)
{
    if (series->has_ended) {
        return;
    }
    series->message += judged;
    struct report_point point = {
            .message = series->message, .judged = judged, .misdirected = misdirected};
    memcpy(point.w_nat6, w_nat6, sizeof point.w_nat6);
    if (!series->has_begun) {
        add_before(series, &point);
        return;
    }
    struct report_point *last = series->count > 0 ? &series->points[series->count - 1] : NULL;
    if (last != NULL && last->judged < series->merged) {
        merge_into(last, &point);
        return;
    }
    if (series->count == SERIES_POINTS) {
        merge_pairs(series);
    }
    series->points[series->count++] = point;
}

uint32_t series_points(const struct report_series *series, struct report_point *ret_points)
{
    uint32_t n = 0;
    uint32_t oldest = series->before_count < SERIES_BEFORE ? 0 : series->before_next;
    for (uint32_t i = 0; i < series->before_count; i++) {
        ret_points[n] = series->before[(oldest + i) % SERIES_BEFORE];
        ret_points[n++].message = (int64_t)i + 1 - series->before_count;
    }
    memcpy(ret_points + n, series->points, series->count * sizeof *ret_points);
    return n + series->count;
}

static void halve_bins(struct report_bins *bins)
{
    // Pairs begin at multiples of the new width, wherever the base was.
    int64_t width_ms = bins->width_ms * 2;
    int64_t base_ms = bins->base_ms / width_ms * width_ms;
    uint32_t shift = base_ms < bins->base_ms;
    struct report_bin merged[BINS_COUNT] = {{0, 0}};
    for (uint32_t i = 0; i < BINS_COUNT; i++) {
        merged[(i + shift) / 2].judged += bins->at[i].judged;
        merged[(i + shift) / 2].misdirected += bins->at[i].misdirected;
    }
    memcpy(bins->at, merged, sizeof merged);
    bins->base_ms = base_ms;
    bins->width_ms = width_ms;
}

// Moves the bins so that they begin `count` bins earlier. False when the last ones are in use.
static bool shift_bins(struct report_bins *bins, int64_t count)
{
    if (count >= BINS_COUNT) {
        return false;
    }
    uint32_t from;
    uint32_t to;
    bins_range(bins, &from, &to);
    if (to + count > BINS_COUNT) {
        return false;
    }
    memmove(bins->at + count, bins->at, ((size_t)BINS_COUNT - (size_t)count) * sizeof bins->at[0]);
    memset(bins->at, 0, (size_t)count * sizeof bins->at[0]);
    bins->base_ms -= count * bins->width_ms;
    return true;
}

void bins_add(struct report_bins *bins, int64_t ms, bool misdirected)
{
    if (bins->width_ms == 0) {
        bins->width_ms = 1;
        bins->base_ms = ms;
    }
    for (;;) {
        int64_t at = ms - bins->base_ms;
        if (at < 0) {
            if (!shift_bins(bins, (-at + bins->width_ms - 1) / bins->width_ms)) {
                halve_bins(bins);
            }
        } else if (at / bins->width_ms >= BINS_COUNT) {
            halve_bins(bins);
        } else {
            bins->at[at / bins->width_ms].judged++;
            bins->at[at / bins->width_ms].misdirected += misdirected;
            return;
        }
    }
}

void bins_range(const struct report_bins *bins, uint32_t *ret_from, uint32_t *ret_to)
{
    uint32_t from = 0;
    uint32_t to = BINS_COUNT;
    while (from < to && bins->at[from].judged == 0) {
        from++;
    }
    while (to > from && bins->at[to - 1].judged == 0) {
        to--;
    }
    *ret_from = from;
    *ret_to = to;
}

#include "common/metric.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"

// What is stored of a series that is not there.
#define ABSENT INT64_MIN

const struct metric_bounds metric_work_bounds = {
        19, {10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
                    25000000, 50000000, 100000000, 250000000, 500000000, 1000000000, 2500000000,
                    5000000000, 10000000000}};

const struct metric_bounds metric_delay_bounds = {
        18, {1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 120000,
                    300000, 600000}};

struct metric_page {
    const struct metric_table *table;
    struct metric_constant constants[METRIC_CONSTANTS_MAX];
    size_t constant_count;
    size_t *first; // cell of each family
    size_t cell_count;
    _Atomic int64_t *cells;
};

void metric_observe(
        struct metric_histogram *histogram, const struct metric_bounds *bounds, int64_t value)
{
    size_t bucket = 0;
    while (bucket < bounds->count && value > bounds->upper[bucket]) {
        bucket++;
    }
    histogram->counts[bucket]++;
    histogram->sum += value;
}

size_t metric_series_count(const struct metric_family *family)
{
    size_t count = 1;
    for (size_t i = 0; i < METRIC_LABELS_MAX && family->labels[i].name != NULL; i++) {
        count *= family->labels[i].count;
    }
    return count;
}

static bool is_numbered(const struct metric_family *family)
{
    return family->labels[0].name != NULL && family->labels[0].values == NULL;
}

// Of a histogram: its buckets, +Inf, and the sum.
static size_t cells_of(const struct metric_family *family)
{
    return family->type == METRIC_HISTOGRAM ? family->bounds->count + 2
                                            : metric_series_count(family);
}

static void begin_cells(struct metric_page *page)
{
    for (size_t i = 0; i < page->table->count; i++) {
        const struct metric_family *family = &page->table->families[i];
        int64_t value = is_numbered(family) || family->may_be_absent ? ABSENT : 0;
        for (size_t cell = 0; cell < cells_of(family); cell++) {
            atomic_init(&page->cells[page->first[i] + cell], value);
        }
    }
}

enum err metric_page_create(struct metric_page **ret_page, const struct metric_table *table,
        const struct metric_constant *constants, size_t count)
{
    ASSURE(count <= METRIC_CONSTANTS_MAX);
    struct metric_page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        return ERR_NO_MEMORY;
    }
    page->table = table;
    page->constant_count = count;
    for (size_t i = 0; i < count; i++) {
        page->constants[i] = constants[i];
    }
    page->first = calloc(table->count + 1, sizeof *page->first);
    for (size_t i = 0; page->first != NULL && i < table->count; i++) {
        page->first[i + 1] = page->first[i] + cells_of(&table->families[i]);
        page->cell_count = page->first[i + 1];
    }
    page->cells = calloc(page->cell_count + 1, sizeof *page->cells);
    if (page->first == NULL || page->cells == NULL) {
        metric_page_destroy(page);
        return ERR_NO_MEMORY;
    }
    begin_cells(page);
    *ret_page = page;
    return ERR_NONE;
}

void metric_page_destroy(struct metric_page *page)
{
    if (page != NULL) {
        free(page->first);
        free(page->cells);
        free(page);
    }
}

static _Atomic int64_t *cell_of(const struct metric_page *page, size_t family, size_t cell)
{
    ASSURE(family < page->table->count);
    ASSURE(cell < page->first[family + 1] - page->first[family]);
    return &page->cells[page->first[family] + cell];
}

static void store(struct metric_page *page, size_t family, size_t cell, int64_t value)
{
    atomic_store_explicit(cell_of(page, family, cell), value, memory_order_relaxed);
}

static int64_t load(const struct metric_page *page, size_t family, size_t cell)
{
    return atomic_load_explicit(cell_of(page, family, cell), memory_order_relaxed);
}

void metric_set(struct metric_page *page, size_t family, size_t series, int64_t value)
{
    const struct metric_family *row = &page->table->families[family];
    if (!is_numbered(row) || series < metric_series_count(row)) {
        store(page, family, series, value);
    }
}

void metric_clear(struct metric_page *page, size_t family, size_t series)
{
    metric_set(page, family, series, ABSENT);
}

void metric_set_histogram(
        struct metric_page *page, size_t family, const struct metric_histogram *histogram)
{
    const struct metric_family *row = &page->table->families[family];
    ASSURE(row->type == METRIC_HISTOGRAM);
    for (size_t i = 0; i <= row->bounds->count; i++) {
        store(page, family, i, (int64_t)histogram->counts[i]);
    }
    store(page, family, row->bounds->count + 1, histogram->sum);
}

bool metric_get(const struct metric_page *page, size_t family, size_t series, int64_t *ret_value)
{
    int64_t value = load(page, family, series);
    if (value == ABSENT) {
        return false;
    }
    *ret_value = value;
    return true;
}

uint64_t metric_get_bucket(const struct metric_page *page, size_t family, size_t bucket)
{
    return (uint64_t)load(page, family, bucket);
}

int64_t metric_get_sum(const struct metric_page *page, size_t family)
{
    return load(page, family, page->table->families[family].bounds->count + 1);
}

const struct metric_table *metric_page_table(const struct metric_page *page)
{
    return page->table;
}

size_t metric_page_constants(
        const struct metric_page *page, const struct metric_constant **ret_constants)
{
    *ret_constants = page->constants;
    return page->constant_count;
}

bool metric_find(const struct metric_table *table, const char *name, size_t *ret_family)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->families[i].name, name) == 0) {
            *ret_family = i;
            return true;
        }
    }
    return false;
}

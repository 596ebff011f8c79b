#include "ops/board.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"

struct board {
    atomic_int phase;
    struct board_process process;
    atomic_size_t place_count;
    struct board_place places[BOARD_PLACES_MAX];
    pthread_mutex_t lock; // of the report; held for a few instructions
    struct board_report *report;
};

enum err board_create(struct board **ret_board)
{
    struct board *board = calloc(1, sizeof *board);
    if (board == NULL) {
        return ERR_NO_MEMORY;
    }
    pthread_mutex_init(&board->lock, NULL);
    *ret_board = board;
    return ERR_NONE;
}

void board_destroy(struct board *board)
{
    if (board == NULL) {
        return;
    }
    for (size_t i = 0; i < board_place_count(board); i++) {
        for (size_t page = 0; page < BOARD_PAGES_MAX; page++) {
            metric_page_destroy(atomic_load(&board->places[i].pages[page]));
        }
    }
    if (board->report != NULL) {
        board->report->destroy(board->report);
    }
    pthread_mutex_destroy(&board->lock);
    free(board);
}

void board_set_phase(struct board *board, enum board_phase phase)
{
    if (board != NULL) {
        atomic_store(&board->phase, (int)phase);
    }
}

enum board_phase board_phase(const struct board *board)
{
    return (enum board_phase)atomic_load(&board->phase);
}

struct board_process *board_process(struct board *board)
{
    return &board->process;
}

void board_note_reload(struct board *board, bool is_in_force, struct wall_time now)
{
    if (board == NULL) {
        return;
    }
    struct board_process *process = &board->process;
    if (is_in_force) {
        atomic_fetch_add(&process->reloads, 1);
        atomic_store(&process->reload_failed_since_ms, 0);
    } else {
        long long since_ms = 0;
        atomic_fetch_add(&process->reloads_refused, 1);
        atomic_compare_exchange_strong(&process->reload_failed_since_ms, &since_ms, now.ms);
    }
}

struct board_place *board_take(struct board *board, const char *name)
{
    size_t at = board_place_count(board);
    ASSURE(at < BOARD_PLACES_MAX);
    struct board_place *place = &board->places[at];
    place->name = name;
    place->pulse_at = clock_mono();
    atomic_store(&place->is_delivering, true);
    atomic_store(&board->place_count, at + 1); // from here on it is seen
    return place;
}

size_t board_place_count(const struct board *board)
{
    return atomic_load(&board->place_count);
}

struct board_place *board_place_at(struct board *board, size_t i)
{
    ASSURE(i < board_place_count(board));
    return &board->places[i];
}

void board_put(struct board_place *place, struct metric_page *page)
{
    for (size_t i = 0; i < BOARD_PAGES_MAX; i++) {
        if (atomic_load(&place->pages[i]) == NULL) {
            atomic_store(&place->pages[i], page);
            return;
        }
    }
    bool a_place_has_room = false;
    ASSURE(a_place_has_room);
}

static bool is_like(const struct metric_page *page, const struct metric_table *table,
        const struct metric_constant *constants, size_t count)
{
    const struct metric_constant *its;
    bool is_it = metric_page_table(page) == table && metric_page_constants(page, &its) == count;
    for (size_t i = 0; is_it && i < count; i++) {
        is_it = strcmp(its[i].name, constants[i].name) == 0 &&
                strcmp(its[i].value, constants[i].value) == 0;
    }
    return is_it;
}

struct metric_page *board_page(struct board_place *place, const struct metric_table *table,
        const struct metric_constant *constants, size_t count)
{
    struct metric_page *page;
    for (size_t i = 0; i < BOARD_PAGES_MAX; i++) {
        page = atomic_load(&place->pages[i]);
        if (page != NULL && is_like(page, table, constants, count)) {
            return page;
        }
    }
    if (metric_page_create(&page, table, constants, count) != ERR_NONE) {
        return NULL;
    }
    board_put(place, page);
    return page;
}

const struct metric_page *board_find(
        const struct board_place *place, const struct metric_table *table)
{
    for (size_t i = 0; i < BOARD_PAGES_MAX; i++) {
        const struct metric_page *page = atomic_load(&place->pages[i]);
        if (page != NULL && metric_page_table(page) == table) {
            return page;
        }
    }
    return NULL;
}

void board_report(struct board *board, struct board_report *report)
{
    pthread_mutex_lock(&board->lock);
    struct board_report *before = board->report;
    board->report = report;
    bool is_free = before != NULL && before->borrowed_count == 0;
    if (before != NULL) {
        before->is_replaced = true;
    }
    pthread_mutex_unlock(&board->lock);
    if (is_free) {
        before->destroy(before);
    }
}

struct board_report *board_borrow(struct board *board)
{
    pthread_mutex_lock(&board->lock);
    struct board_report *report = board->report;
    if (report != NULL) {
        report->borrowed_count++;
    }
    pthread_mutex_unlock(&board->lock);
    return report;
}

void board_return(struct board *board, struct board_report *report)
{
    if (report == NULL) {
        return;
    }
    pthread_mutex_lock(&board->lock);
    report->borrowed_count--;
    bool is_free = report->is_replaced && report->borrowed_count == 0;
    pthread_mutex_unlock(&board->lock);
    if (is_free) {
        report->destroy(report);
    }
}

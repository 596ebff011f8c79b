// What the halves tell those who look: metrics, whether they live and are ready, and what is going on.
// Each half has a place of its own on the board and writes only there. Nobody waits for a reader:
// values are atomics, and a report (below) is handed over whole.
//
// A place is taken before the half's thread begins and stays until the board goes, so that the HTTP
// thread may read it at any time.
#pragma once

#include <stdatomic.h>

#include "common/clock.h"
#include "common/metric.h"

enum { BOARD_PLACES_MAX = 8, BOARD_PAGES_MAX = 12 };

// What a half tells in words, for the status page. Its kind is known by who made it.
struct board_report {
    void (*destroy)(struct board_report *report);
    unsigned borrowed_count; // the board's
    bool is_replaced;
};

struct board_place {
    const char *name;          // of the half
    atomic_uint pulse;         // counted up while the half lives
    atomic_bool is_running;    // its thread
    atomic_bool has_joined;    // it has had a place in its group
    atomic_bool is_delivering; // its producer is well
    atomic_bool asks_cache;    // it looks recipients up, so that the next one matters
    atomic_bool has_cache;     // the last lookup was answered, be it to be believed or not
    struct metric_page *_Atomic pages[BOARD_PAGES_MAX];
    // When its pulse was last seen to go on: the thread of whoever looks after the pulses, alone.
    unsigned pulse_seen;
    struct mono_time pulse_at;
    atomic_long pulse_age_ms; // written by that thread
};

enum board_phase { BOARD_STARTING, BOARD_RUNNING, BOARD_DRAINING };

struct board;

MUST_CHECK enum err board_create(struct board **ret_board);
// After all halves have ended and nobody looks any more.
void board_destroy(struct board *board);

// What is so of the whole process. Written by its main thread.
struct board_process {
    atomic_llong reloads;         // policies that came into force by SIGHUP
    atomic_llong reloads_refused; // and such that did not
    atomic_llong
            reload_failed_since_ms;    // wall clock; 0 = the last one went well, or there was none
    atomic_bool has_audit;             // what follows
    atomic_llong audit_records;        // the number of the last one
    atomic_llong audit_renewals;       // of files that did not come to disk (audit/audit_log.h, A4)
    atomic_llong audit_unsynced_bytes; // that may not be on disk yet
};
struct board_process *board_process(struct board *board);
// The policy was read anew: it is in force, or was refused. NULL is fine.
void board_note_reload(struct board *board, bool is_in_force, struct wall_time now);

void board_set_phase(struct board *board, enum board_phase phase);
enum board_phase board_phase(const struct board *board);

// Takes a place; before the half's thread begins. There is always room for the halves there are.
struct board_place *board_take(struct board *board, const char *name);
size_t board_place_count(const struct board *board);
struct board_place *board_place_at(struct board *board, size_t i);

// Puts up a page, which is the board's from then on. The half's thread, once a page.
void board_put(struct board_place *place, struct metric_page *page);
// The page of that table and those constants: the one that is up, of a half that begins again, or a new
// one that is put up. NULL for want of memory: then there is none.
struct metric_page *board_page(struct board_place *place, const struct metric_table *table,
        const struct metric_constant *constants, size_t count);
// The page of a table that the place has put up, NULL when it has none. Any thread.
const struct metric_page *board_find(
        const struct board_place *place, const struct metric_table *table);

// Hands a report over, which is the board's from then on, in the place of the one before.
void board_report(struct board *board, struct board_report *report);
// The last report, to be given back; NULL when there is none.
struct board_report *board_borrow(struct board *board);
void board_return(struct board *board, struct board_report *report);

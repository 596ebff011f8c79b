// The phone numbers that the scopes of a chunk have messaged last, as integers: does a new one lie
// near one of them? Numbers go in and signals come out; no number does, and all are overwritten
// when their chunk ends.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/view.h"
#include "model/frame.h"

enum {
    NUMBERS_KEPT = 64, // a list; the 65th takes the place of the first
    NUMBER_DIGITS_MAX = 15,
    NUMBER_WALK = 10,     // numbers that differ by no more than this walk
    NUMBER_BLOCK = 10000, // a block has so many numbers
    NUMBER_PAGE_LISTS = 64,
    NUMBER_PAGES = CHUNK_OFFSETS / NUMBER_PAGE_LISTS,
};

#define NO_NUMBERS UINT32_MAX

struct number_list;

// Lists lie in pages, so that none ever moves and leaves a copy behind. No more than one list an
// offset of the chunk: the ceiling.
struct numbers {
    struct number_list *pages[NUMBER_PAGES]; // made when first needed, kept for the next chunk
    uint32_t list_count;
};

// All zero is a good beginning.
void numbers_fini(struct numbers *numbers);
// Overwrites all numbers.
void numbers_forget(struct numbers *numbers);
// Compares a number with those of `*list`, then adds it there; NO_NUMBERS begins a list and gives
// its index. walking: it differs by 1 .. NUMBER_WALK from one of them. same_block: it has the
// digits of one of them but for the last four, and is not equal to it.
MUST_CHECK enum err numbers_note(
        struct numbers *numbers, uint32_t *list, uint64_t number, signal_set *ret_signals);

// Whether a Chinese number is none that people are written to: a fixed line, or one that begins with
// the digits of a day of the years 1950 to 1999, as identity cards have them. Hardly one mobile in
// 400 does. Of other countries' numbers nothing is known.
bool number_is_misread(uint64_t number);
// The digits of an E.164 number, "+8613800138000", as an integer. 0 for what is no such number.
uint64_t number_read(struct view e164);

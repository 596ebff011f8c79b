// Whether many tenants have gone wrong at once, or the cache is not to be trusted: then it is rather
// the cache or the feed than anything that was sent (design §3). Fed by every frame; goes by its cache
// state and its source's totals (model/frame.h), by log time and by nothing else. One thread.
//
//   calm --a source not trusted for UNTRUSTED_MS--> untrusted --a source jumps--> jumped
//    ^  '--a source jumps--------------------------------------------------------^  |
//    '--- every source heard of within FORGET_MS has been well for CALM_MS -----------'
//
// A source *jumps* when its totals have (totals_have_jumped) and JUMP_RISE tenants more are wrong than
// they were half a minute to a minute before; or JUMP_MANY at least and three quarters of those heard,
// however they came to be so: where traffic is thin they are heard one after the other. Why by these numbers:
//   - A cache that is empty, or half empty, and yet believed to be whole makes every second message of
//     every tenant wrong, or all: of 16 messages at 50 % six or more are wrong with 89 %, so that soon
//     all tenants and vendors have jumped. At a healthy rate of 3 % it is one tenant in 170,000 looks,
//     and at least three have to at once.
//   - One lender's incident, or its feed's, is one tenant. Lists of several lenders that went wrong
//     one after the other do not rise together.
//   - A vendor that works for many lenders and goes wrong with all of them leaves the other vendors'
//     messages well. Where all lenders have one and the same vendor, that cannot be told apart, nor
//     what befalls fewer than three lenders.
//   - The quarter of the source's last messages is there because a tenant that has fallen silent says
//     no more than what it said last.
// Only a jump suspends holds: while the cache is not trusted nothing is judged by it, and what other
// sources look up in caches that they can trust stands.
#pragma once

#include "common/archive.h"
#include "common/err.h"
#include "model/frame.h"

enum {
    BREAKER_UNTRUSTED_MS = 1000,
    BREAKER_CALM_MS = 2000,
    BREAKER_FORGET_MS = 10 * 1000,
    BREAKER_LEVEL_MS = 30 * 1000,
    BREAKER_JUMP_RISE = 3,
    BREAKER_JUMP_MANY = 4,
    BREAKER_SOURCES_MAX = 8192, // more are left out of account
};

enum breaker_state { BREAKER_CALM, BREAKER_UNTRUSTED, BREAKER_JUMPED };

struct breaker;

MUST_CHECK enum err breaker_create(struct breaker **ret_breaker);
void breaker_destroy(struct breaker *breaker);

// Takes a frame that the fold has applied. The state before and after it differ where there is
// something to tell.
MUST_CHECK enum err breaker_note(
        struct breaker *breaker, const struct frame *frame, int64_t log_time_ms);
enum breaker_state breaker_state(const struct breaker *breaker);

// Saves the breaker, or restores it into a new one.
void breaker_archive(struct archive *archive, struct breaker *breaker);

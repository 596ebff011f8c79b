// How often somebody may be contacted: limits of the policy, and packs of them by name. Pure.
//
// Every limit that a message matches counts it, whatever becomes of it; it is over the limit when it is more
// than the limit-th of its window. Messages without a valid recipient, of purposes that are exempt, and of
// drills are no attempts.
#pragma once

#include "common/zone.h"
#include "policy/rules.h"

enum { FREQUENCY_MAX = 16, FREQUENCY_LIMIT_MAX = 500, FREQUENCY_ID_BYTES = 8 };

enum frequency_per { PER_NUMBER, PER_LOAN };
// Whose messages are counted together: a tenant's of all its vendors, a vendor's, everybody's.
enum frequency_across { ACROSS_TENANT, ACROSS_VENDOR, ACROSS_ALL };

struct frequency_limit {
    uint32_t parts; // RULE_PART of what it names
    char *names[4]; // owned, as all texts
    uint32_t limit;
    char *window; // "day", of the clocks of `zone`, or a time such as "7d" up to the message
    char *zone;   // NULL = UTC
    enum frequency_per per;
    enum frequency_across across;
    enum mode mode;
    char *reason;
    bool is_of_pack;
    int64_t window_ms;  // 0 = a day
    struct zone *clock; // owned
    uint8_t id
            [FREQUENCY_ID_BYTES]; // of what it counts: the same while only limit, mode or reason change
};

// All zero = none.
struct frequency {
    struct frequency_limit limits[FREQUENCY_MAX];
    uint32_t count;
};

extern const char *const frequency_per_names[];
extern const char *const frequency_across_names[];
// Packs by name; bit i of frequency_add_packs is the i-th.
extern const char *const frequency_pack_names[];

// "day", or 1h to 31d; false when it is none.
bool frequency_read_window(struct view text, int64_t *ret_window_ms);
// Takes over the limit, whose clock is open. ERR_CEILING at FREQUENCY_MAX: then it stays the caller's.
MUST_CHECK enum err frequency_add(struct frequency *frequency, const struct frequency_limit *limit);
// The limits of packs, each in monitor mode. ERR_CEILING, ERR_NO_MEMORY; ERR_CONFIG: their zones cannot be
// read, and `why` says so.
MUST_CHECK enum err frequency_add_packs(
        struct frequency *frequency, uint32_t packs, struct strbuf *why);
void frequency_limit_release(struct frequency_limit *limit);
void frequency_clear(struct frequency *frequency);

bool frequency_matches(const struct frequency_limit *limit, const struct policy_subject *subject);
// From when on others count with a message of that time, and from when on it counts no more.
void frequency_window(const struct frequency_limit *limit, int64_t at_ms, int64_t *ret_from_ms,
        int64_t *ret_until_ms);
// How long an attempt may matter: the window, and a day for what comes out of order.
int64_t frequency_kept_ms(const struct frequency_limit *limit);
// Adds them to the canonical text under a key of their own; nothing where there are none.
void frequency_add_canonical(const struct frequency *frequency, struct json_out *out);

#include "bench/generate_again.h"

#include <stdlib.h>

enum { WAITING_MAX = 4096 };
static const uint64_t soonest_us = 500000;
static const uint64_t latest_us = 30000000;

struct again {
    uint32_t millionths;
    uint64_t taken;
    uint64_t offered;
    struct sent_message *waiting; // a ring, in the order of their due times
};

enum err again_create(struct again **ret_again, uint32_t millionths)
{
    struct again *again = calloc(1, sizeof *again);
    if (again == NULL) {
        return ERR_NO_MEMORY;
    }
    again->millionths = millionths;
    if (millionths > 0) {
        again->waiting = calloc(WAITING_MAX, sizeof *again->waiting);
        if (again->waiting == NULL) {
            free(again);
            return ERR_NO_MEMORY;
        }
    }
    *ret_again = again;
    return ERR_NONE;
}

void again_destroy(struct again *again)
{
    if (again != NULL) {
        free(again->waiting);
        free(again);
    }
}

void again_offer(struct again *again, struct random *rng, uint64_t now_us,
        const struct message *message, const struct label *label, const struct incident *incident)
{
    if (again->millionths == 0 || !random_chance(rng, again->millionths) ||
            again->offered - again->taken >= WAITING_MAX - 1) {
        return;
    }
    uint64_t due_us = now_us + soonest_us + random_below(rng, latest_us - soonest_us);
    if (again->offered > again->taken) {
        uint64_t last_us = again->waiting[(again->offered - 1) % WAITING_MAX].due_us;
        due_us = due_us > last_us ? due_us : last_us; // behind those that wait
    }
    struct sent_message *sent = &again->waiting[again->offered++ % WAITING_MAX];
    *sent = (struct sent_message){
            .message = *message,
            .campaign = *message->campaign,
            .label = *label,
            .incident = incident,
            .due_us = due_us,
    };
    sent->message.campaign = &sent->campaign;
}

const struct sent_message *again_take(struct again *again, uint64_t by_us)
{
    if (again->offered == again->taken ||
            again->waiting[again->taken % WAITING_MAX].due_us > by_us) {
        return NULL;
    }
    return &again->waiting[again->taken++ % WAITING_MAX];
}

uint64_t again_count(const struct again *again)
{
    return again->taken;
}

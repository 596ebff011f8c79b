// What is learnt of healthy rates, as a snapshot keeps it, and then some more to learn. What must
// hold: a state that is let through comes back the same, and no number that follows from it is
// beyond what its type can hold.
//
// Three numbers of two bytes for what is learnt next, then a learner, then two times what is usual.
#include "common/assure.h"
#include "detect/learner.h"
#include "detect/usual.h"
#include "input.h"

enum { STATE_BYTES = 1024, CEILING_PPB = 30000000, PRIOR_PPB = 5000000, WEIGHT = 2000 };

struct learnt {
    struct learner learner;
    struct usual tenant;
    struct usual vendor;
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static void learnt_archive(struct archive *archive, struct learnt *learnt)
{
    learner_archive(archive, &learnt->learner);
    usual_archive(archive, &learnt->tenant);
    usual_archive(archive, &learnt->vendor);
}

static void check_written_again(struct learnt *learnt, struct view bytes)
{
    struct strbuf sb;
    strbuf_init(&sb, STATE_BYTES);
    struct archive writer = archive_writer(&sb);
    learnt_archive(&writer, learnt);
    ASSURE(archive_end(&writer) == ERR_NONE && view_equal(strbuf_view(&sb), bytes));
    strbuf_fini(&sb);
}

static void learn_usual(struct usual *usual, uint32_t judged, uint32_t misdirected)
{
    struct usual_part part = {0};
    struct usual_part more = usual_take(&part, judged, misdirected);
    usual_add(usual, &more);
    if (part.judged >= USUAL_SIZED) {
        usual_meet(usual, &part);
    }
}

static void check_usual(const struct learnt *learnt, const struct usual_part *own)
{
    for (enum tier tier = TIER_NONE; tier <= TIER_STOP; tier++) {
        struct usual_rates rates;
        if (usual_rates(&learnt->vendor, &learnt->tenant, own, CEILING_PPB, tier, &rates)) {
            ASSURE(rates.upper_ppb >= 0 && rates.upper_ppb <= CEILING_PPB);
            ASSURE(rates.limit_ppb >= 0 && rates.limit_ppb <= 500000000);
        }
    }
    int64_t limit = usual_cold_limit(&learnt->tenant, own, PRIOR_PPB, CEILING_PPB);
    ASSURE(limit >= 0 && limit <= 5 * (int64_t)CEILING_PPB);
}

static void learn_rate(
        struct learner *learner, uint32_t judged, uint32_t misdirected, uint32_t now_s)
{
    if (learner_note(learner, judged, misdirected)) {
        struct learner_counts block = learner_close(learner, PRIOR_PPB);
        if (learner_take(learner, &block, now_s)) {
            learner_roll(learner, now_s);
        }
    }
    int64_t rate_ppb = learner_rate_ppb(learner, PRIOR_PPB, WEIGHT);
    ASSURE(rate_ppb >= 0);
    learner_follow(learner, rate_ppb < CEILING_PPB ? rate_ppb : CEILING_PPB, now_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    uint32_t judged = fuzz_take_be16(&rest);
    uint32_t misdirected = fuzz_take_be16(&rest) % (judged + 1);
    uint32_t seconds = fuzz_take_be16(&rest) * 64U;
    struct view bytes = fuzz_copy(rest);
    struct learnt learnt;
    struct archive reader = archive_reader(bytes);
    learnt_archive(&reader, &learnt);
    if (archive_end(&reader) == ERR_NONE) {
        check_written_again(&learnt, bytes);
        const struct usual_part own = {(uint16_t)(judged % USUAL_CAMPAIGN), 0};
        for (unsigned i = 0; i < 4; i++) {
            check_usual(&learnt, &own);
            learn_usual(&learnt.tenant, judged, misdirected);
            learn_usual(&learnt.vendor, judged, misdirected);
            learn_rate(&learnt.learner, judged, misdirected,
                    seconds_since(0, learnt.learner.slow_s) + seconds);
        }
    }
    fuzz_free(bytes);
    return 0;
}

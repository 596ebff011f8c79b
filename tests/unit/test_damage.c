// Damaged states of the detect half: each is refused, with the place where it stopped making sense. What
// single damaged bytes leave readable is a state like any other: it is saved and restored as itself.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/late_world.h"
#include "unit.h"

enum { STATE_BYTES = 64 << 20, EDGE_BYTES = 256 };

struct saved {
    struct late_world world; // with incidents, entries and late clearances
    struct strbuf state;
};

static void saved_init(struct saved *saved)
{
    const struct late_options options = {.seed = 5,
            .frames = 60,
            .step_ms = 500,
            .late_permille = 100,
            .bad_permille = 400,
            .learning = true};
    late_world_init(&saved->world, &options, LATE_CLEARED);
    while (late_world_step(&saved->world)) {
    }
    CU_ASSERT_TRUE(saved->world.alerts > 0);
    late_world_save(&saved->world, &saved->state);
}

static void saved_fini(struct saved *saved)
{
    strbuf_fini(&saved->state);
    late_world_fini(&saved->world);
}

// Restores from these bytes, which end where they end; `ret_again` gets what a line that took them saves.
static enum err restore(const struct saved *saved, struct view bytes, const char **ret_why,
        struct strbuf *ret_again)
{
    char *copy = malloc(bytes.n + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    if (bytes.n > 0) {
        memcpy(copy, bytes.p, bytes.n);
    }
    struct emitter emitter = saved->world.emitter;
    struct detect_line *line = NULL;
    CU_ASSERT_EQUAL_FATAL(detect_line_create(&line, saved->world.config, &emitter), ERR_NONE);
    struct archive reader = archive_reader(view_bytes(copy, bytes.n));
    detect_line_archive(line, &reader);
    enum err e = archive_end(&reader);
    *ret_why = reader.wrong;
    if (e == ERR_NONE && ret_again != NULL) {
        strbuf_reset(ret_again);
        struct archive writer = archive_writer(ret_again);
        detect_line_archive(line, &writer);
        CU_ASSERT_EQUAL(archive_end(&writer), ERR_NONE);
    }
    detect_line_destroy(line);
    free(copy);
    return e;
}

static void check_refused(const struct saved *saved, struct view bytes, const char *name)
{
    const char *why = NULL;
    enum err e = restore(saved, bytes, &why, NULL);
    if (e != ERR_DATA || why == NULL || why[0] == '\0') {
        CU_FAIL("a damaged state is taken, or refused without a reason");
        printf("\n  %s: error %d, reason %s\n", name, (int)e, why != NULL ? why : "none");
    }
}

// --- named damages ------------------------------------------------------------------------------

struct damage {
    const char *name;
    const char *word; // a mark of the state; NULL = its bytes as a whole
    int at;           // from the mark's beginning, or from the state's beginning (end if negative)
    int cut;          // so many bytes are taken out,
    const char *instead; // and these come in their place
};

static const struct damage damages[] = {
        {"the first byte is gone", NULL, 0, 1, ""},
        {"the last byte is gone", NULL, -1, 1, ""},
        {"a byte more than there should be", NULL, -1, 0, "x"},
        {"something else in front", NULL, 0, 0, "{}"},
        {"another detector's version", "bank", 0, 4, "banc"},
        {"fold: the mark", "fold", 0, 1, "F"},
        {"policy: the mark", "policy", 0, 1, "P"},
        {"scopes: the mark", "scopes", 5, 1, "S"},
        {"recent: the mark", "recent", 0, 6, "------"},
        {"detect: the mark", "detect", 0, 1, "D"},
        {"learners: the mark", "learners", 7, 1, "z"},
        {"side: the mark", "side", 0, 4, "edis"},
        {"incidents: the mark", "incidents", 0, 1, "\xff"},
        {"breaker: the mark", "breaker", 0, 1, "\0"},
        {"hold_cap: the mark", "hold_cap", 4, 1, "-"},
        {"tenants: the mark", "tenants", 0, 7, "tenant5"},
        {"watch: the mark", "watch", 0, 1, "w "},
        {"clearables: the mark", "clearables", 0, 1, "k"},
        {"late: the mark", "late", 0, 1, "L"},
        {"scopes: so many as there is no room for", "scopes", 6, 1, "\xff\xff\xff\xff\x7f"},
        {"tenants: so many as the bytes cannot hold", "tenants", 7, 1, "\xff\xff\x03"},
        {"learners: a number that never ends", "learners", 8, 1,
                "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"},
        {"hold_cap: more holds than the cap has room for", "hold_cap", 8, 1, "\xff\xff\x7f"},
};

static size_t find(struct view state, const char *word)
{
    size_t n = strlen(word);
    const char *at = memmem(state.p, state.n, word, n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    return (size_t)(at - state.p);
}

static void test_named(void)
{
    struct saved saved;
    saved_init(&saved);
    struct view state = strbuf_view(&saved.state);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        const struct damage *damage = &damages[i];
        size_t at = damage->word != NULL ? find(state, damage->word) + (size_t)damage->at
                    : damage->at < 0     ? state.n - (size_t)damage->cut
                                         : (size_t)damage->at;
        size_t instead = strlen(damage->instead) + (damage->instead[0] == '\0' && damage->word);
        struct strbuf bytes;
        strbuf_init(&bytes, STATE_BYTES);
        strbuf_add(&bytes, state.p, at);
        strbuf_add(&bytes, damage->instead, instead);
        strbuf_add_view(&bytes, view_skip(state, at + (size_t)damage->cut));
        check_refused(&saved, strbuf_view(&bytes), damage->name);
        strbuf_fini(&bytes);
    }
    saved_fini(&saved);
}

// --- every place ----------------------------------------------------------------------------------

// Near its ends every length, in between every so often.
static void test_cut_anywhere(void)
{
    struct saved saved;
    saved_init(&saved);
    struct view state = strbuf_view(&saved.state);
    for (size_t n = 0; n < state.n;) {
        check_refused(&saved, view_bytes(state.p, n), "cut");
        n += n < EDGE_BYTES || n + EDGE_BYTES > state.n ? 1 : 1 + state.n / 500;
    }
    saved_fini(&saved);
}

// A byte that is wrong is refused, or gives a state that is saved as it was read.
static void test_byte_anywhere(void)
{
    struct saved saved;
    saved_init(&saved);
    struct view state = strbuf_view(&saved.state);
    struct strbuf bytes;
    struct strbuf again;
    strbuf_init(&bytes, STATE_BYTES);
    strbuf_init(&again, STATE_BYTES);
    strbuf_add_view(&bytes, state);
    uint64_t random = 7;
    unsigned refused = 0;
    unsigned tried = 0;
    for (size_t at = 0; at < state.n; at += 1 + state.n / 1500, tried++) {
        bytes.p[at] = (char)(state.p[at] ^ (char)(1 + test_random_below(&random, 255)));
        const char *why = NULL;
        enum err e = restore(&saved, strbuf_view(&bytes), &why, &again);
        CU_ASSERT_TRUE(e == ERR_NONE || (e == ERR_DATA && why != NULL));
        CU_ASSERT_TRUE(e != ERR_NONE || view_equal(strbuf_view(&again), strbuf_view(&bytes)));
        refused += e != ERR_NONE;
        bytes.p[at] = state.p[at];
    }
    CU_ASSERT_TRUE(refused > tried / 10);
    const char *why = NULL;
    CU_ASSERT_EQUAL(restore(&saved, strbuf_view(&bytes), &why, &again), ERR_NONE);
    strbuf_fini(&bytes);
    strbuf_fini(&again);
    saved_fini(&saved);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"named", test_named},
            {"cut_anywhere", test_cut_anywhere},
            {"byte_anywhere", test_byte_anywhere},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "damage", tests);
}

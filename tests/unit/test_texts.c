// Short texts by number: of every length, kept and given back at random, each with its own bytes.
#include "state/texts.h"

#include <stdbool.h>
#include <string.h>

#include "frame_log.h"
#include "unit.h"

enum { KEPT = 3000, STEPS = 60000, LONGEST = 700 };

struct kept {
    uint32_t text; // TEXT_NONE = none
    size_t bytes;
    unsigned char fill;
};

static bool is_whole(const struct texts *texts, const struct kept *kept)
{
    const char *p = texts_at(texts, kept->text);
    for (size_t i = 0; i < kept->bytes; i++) {
        if ((unsigned char)p[i] != kept->fill) {
            return false;
        }
    }
    return true;
}

static void take(struct texts *texts, struct kept *kept, size_t bytes, unsigned char fill)
{
    *kept = (struct kept){TEXT_NONE, bytes, fill};
    CU_ASSERT_EQUAL_FATAL(texts_take(texts, bytes, &kept->text), ERR_NONE);
    CU_ASSERT_NOT_EQUAL_FATAL(kept->text, TEXT_NONE);
    memset(texts_at(texts, kept->text), fill, bytes);
}

static void test_at_random(void)
{
    struct texts texts;
    static struct kept kept[KEPT];
    uint64_t random = 5;
    texts_init(&texts);
    memset(kept, 0, sizeof kept);
    bool all_whole = true;
    for (unsigned step = 0; step < STEPS; step++) {
        struct kept *at = &kept[test_random_below(&random, KEPT)];
        if (at->text != TEXT_NONE) {
            all_whole = all_whole && is_whole(&texts, at);
            texts_give(&texts, at->text);
            at->text = TEXT_NONE;
        } else {
            uint32_t most = test_random_below(&random, 20) == 0 ? LONGEST : 60;
            take(&texts, at, test_random_below(&random, most), (unsigned char)step);
        }
    }
    for (unsigned i = 0; i < KEPT; i++) {
        all_whole = all_whole && (kept[i].text == TEXT_NONE || is_whole(&texts, &kept[i]));
    }
    CU_ASSERT_TRUE(all_whole);
    texts_fini(&texts);
}

// What is given back is there for texts of any length, so that none takes room away for good.
static void test_room_is_used_again(void)
{
    struct texts texts;
    static struct kept kept[KEPT];
    texts_init(&texts);
    uint32_t pages = 0;
    for (size_t bytes = TEXT_SHORT_MAX; bytes > 0; bytes -= 8) {
        for (unsigned i = 0; i < KEPT; i++) {
            take(&texts, &kept[i], bytes, 1);
        }
        for (unsigned i = 0; i < KEPT; i++) {
            texts_give(&texts, kept[i].text);
        }
        pages = pages == 0 ? texts.page_count : pages;
    }
    CU_ASSERT_TRUE(pages > 0);
    CU_ASSERT_EQUAL(texts.page_count, pages);
    texts_fini(&texts);
}

// Neighbours of one length lie side by side, without what a heap puts between.
static void test_bytes_a_text(void)
{
    struct texts texts;
    struct kept kept;
    texts_init(&texts);
    for (unsigned i = 0; i < 10000; i++) {
        take(&texts, &kept, 26, 1);
    }
    CU_ASSERT_TRUE(texts.page_count * 4096 <= 10000 * 27);
    texts_give(&texts, TEXT_NONE);
    texts_fini(&texts);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"at_random", test_at_random},
            {"room_is_used_again", test_room_is_used_again},
            {"bytes_a_text", test_bytes_a_text},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "texts", tests);
}

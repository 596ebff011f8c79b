// Canaries: when what is gone says that the data are damaged, and when it does not.
#include <stdio.h>
#include <string.h>

#include "redis/canaries.h"
#include "unit.h"

enum { PEOPLE = 100 };

struct fixture {
    struct canaries canaries;
    struct epoch epoch;
    char texts[PEOPLE][16];
    struct lookup lookups[PEOPLE];
    bool is_there[PEOPLE];
    struct mono_time now;
};

static void set_up(struct fixture *f, size_t people)
{
    memset(f, 0, sizeof *f);
    f->epoch = (struct epoch){.generation = 7, .record_count = 1000};
    f->now.ns = 1000000;
    for (size_t i = 0; i < people; i++) {
        snprintf(f->texts[i], sizeof f->texts[i], "+86138%08u", (unsigned)(i % 100000000));
        f->lookups[i] = (struct lookup){.recipient = {RECIPIENT_PHONE, view_of(f->texts[i])},
                .facts = {.lookup = LOOKUP_FOUND}};
        f->is_there[i] = true;
    }
    CU_ASSERT_TRUE(canaries_look(&f->canaries, &f->epoch, f->now)); // the generation is known
    canaries_choose(&f->canaries, f->lookups, people, &f->epoch, f->now);
}

// A pipeline as the data are now.
static bool look(struct fixture *f)
{
    canaries_prepare(&f->canaries);
    for (size_t i = 0; i < f->canaries.along_count; i++) {
        struct lookup *lookup = &f->canaries.along[i];
        for (size_t k = 0; k < PEOPLE; k++) {
            if (view_is(lookup->recipient.canonical, f->texts[k])) {
                lookup->facts.lookup = f->is_there[k] ? LOOKUP_FOUND : LOOKUP_MISS;
            }
        }
    }
    return canaries_look(&f->canaries, &f->epoch, f->now);
}

static size_t standing(const struct fixture *f)
{
    size_t of;
    size_t gone = canaries_gone(&f->canaries, &of);
    return of - gone;
}

static void lose(struct fixture *f, size_t from, size_t count)
{
    // Those that were chosen, in the order of their places.
    for (size_t i = from; i < from + count; i++) {
        const struct canary *canary = &f->canaries.each[i];
        for (size_t k = 0; k < PEOPLE; k++) {
            if (view_equal(view_of(f->texts[k]), (struct view){canary->text, canary->text_bytes})) {
                f->is_there[k] = false;
            }
        }
    }
}

static void test_chosen(void)
{
    struct fixture f;
    set_up(&f, PEOPLE);
    CU_ASSERT_EQUAL(standing(&f), CANARY_COUNT);
    set_up(&f, 5);
    CU_ASSERT_EQUAL(standing(&f), 5);
    canaries_choose(&f.canaries, f.lookups, 5, &f.epoch, f.now);
    CU_ASSERT_EQUAL(standing(&f), 5); // each once
    f.lookups[5] = f.lookups[4];
    f.lookups[5].recipient.canonical = VIEW("+8613900000000");
    f.lookups[5].facts.lookup = LOOKUP_MISS;
    canaries_choose(&f.canaries, f.lookups + 5, 1, &f.epoch, f.now);
    CU_ASSERT_EQUAL(standing(&f), 5); // who was not found is none
    // One changes now and then.
    set_up(&f, PEOPLE);
    char first[CANARY_TEXT_BYTES];
    memcpy(first, f.canaries.each[f.canaries.next].text, sizeof first);
    size_t place = f.canaries.next;
    f.now = mono_after_ms(f.now, CANARY_CHANGE_MS);
    canaries_choose(&f.canaries, f.lookups + 1, PEOPLE - 1, &f.epoch, f.now);
    CU_ASSERT_NOT_EQUAL(memcmp(first, f.canaries.each[place].text, sizeof first), 0);
    CU_ASSERT_EQUAL(standing(&f), CANARY_COUNT);
}

static void test_some_are_gone(void)
{
    struct fixture f;
    set_up(&f, PEOPLE);
    CU_ASSERT_TRUE(look(&f));
    lose(&f, 0, CANARY_GONE_LEAST - 1);
    CU_ASSERT_TRUE(look(&f)); // people are deleted one by one
    lose(&f, 2, 1);
    CU_ASSERT_FALSE(look(&f));
    CU_ASSERT_FALSE(look(&f));
    canaries_choose(&f.canaries, f.lookups, PEOPLE, &f.epoch, f.now);
    CU_ASSERT_EQUAL(standing(&f), CANARY_COUNT - 3); // nobody takes their place meanwhile
    memset(f.is_there, true, sizeof f.is_there);
    CU_ASSERT_TRUE(look(&f)); // all are back
}

static void test_explained(void)
{
    struct fixture f;
    // Few: by any change of the count, or by time.
    set_up(&f, PEOPLE);
    lose(&f, 0, 4);
    CU_ASSERT_FALSE(look(&f));
    f.epoch.record_count++;
    CU_ASSERT_TRUE(look(&f));
    CU_ASSERT_EQUAL(standing(&f), CANARY_COUNT - 4);
    canaries_choose(&f.canaries, f.lookups + 50, 50, &f.epoch, f.now);
    CU_ASSERT_EQUAL(standing(&f), CANARY_COUNT);

    set_up(&f, PEOPLE);
    lose(&f, 0, 4);
    CU_ASSERT_FALSE(look(&f));
    f.now = mono_after_ms(f.now, CANARY_GONE_MS - 1);
    CU_ASSERT_FALSE(look(&f));
    f.now = mono_after_ms(f.now, 1);
    CU_ASSERT_TRUE(look(&f));

    // Many: by nothing but as many records fewer.
    set_up(&f, PEOPLE);
    lose(&f, 0, 16);
    CU_ASSERT_FALSE(look(&f));
    f.epoch.record_count = 1001;
    f.now = mono_after_ms(f.now, 10 * CANARY_GONE_MS);
    CU_ASSERT_FALSE(look(&f));
    f.epoch.record_count = 751;
    CU_ASSERT_FALSE(look(&f));
    f.epoch.record_count = 750; // half of half of them
    CU_ASSERT_TRUE(look(&f));

    // Or by a new generation.
    set_up(&f, PEOPLE);
    lose(&f, 0, CANARY_COUNT);
    CU_ASSERT_FALSE(look(&f));
    f.epoch.generation++;
    CU_ASSERT_TRUE(look(&f));
    CU_ASSERT_EQUAL(standing(&f), 0);
}

static void test_no_answer_says_nothing(void)
{
    struct fixture f;
    set_up(&f, PEOPLE);
    canaries_prepare(&f.canaries);
    CU_ASSERT_EQUAL(f.canaries.along_count, CANARY_COUNT);
    for (size_t i = 0; i < f.canaries.along_count; i++) {
        f.canaries.along[i].facts.lookup = i % 2 == 0 ? LOOKUP_UNREACHABLE : LOOKUP_UNTRUSTED;
    }
    CU_ASSERT_TRUE(canaries_look(&f.canaries, &f.epoch, f.now));
    CU_ASSERT_EQUAL(standing(&f), CANARY_COUNT);
    lose(&f, 0, CANARY_COUNT);
    CU_ASSERT_FALSE(look(&f));
    CU_ASSERT_FALSE(canaries_look(&f.canaries, &f.epoch, f.now)); // nor does it heal
    // Without an epoch they are all that there is.
    memset(&f.epoch, 0, sizeof f.epoch);
    set_up(&f, PEOPLE);
    f.canaries = (struct canaries){.generation = 0};
    canaries_choose(&f.canaries, f.lookups, PEOPLE, NULL, f.now);
    lose(&f, 0, 3);
    canaries_prepare(&f.canaries);
    for (size_t i = 0; i < f.canaries.along_count; i++) {
        f.canaries.along[i].facts.lookup = i < 3 ? LOOKUP_MISS : LOOKUP_FOUND;
    }
    CU_ASSERT_FALSE(canaries_look(&f.canaries, NULL, f.now));
}

static void test_wound(void)
{
    struct fixture f;
    set_up(&f, 1);
    canaries_mind(&f.canaries, (struct recipient){RECIPIENT_PHONE, VIEW("+8613900000001")});
    canaries_mind(&f.canaries, (struct recipient){RECIPIENT_PHONE, VIEW("+8613900000002")});
    for (int i = 0; i < 3; i++) {
        canaries_prepare(&f.canaries);
        CU_ASSERT_EQUAL_FATAL(f.canaries.along_count, 2);
        CU_ASSERT_TRUE(view_is(f.canaries.along[1].recipient.canonical, "+8613900000001"));
        f.canaries.along[1].facts.lookup = i == 2 ? LOOKUP_MISS : LOOKUP_UNTRUSTED;
        CU_ASSERT_TRUE(canaries_look(&f.canaries, &f.epoch, f.now));
    }
    canaries_prepare(&f.canaries);
    CU_ASSERT_EQUAL(f.canaries.along_count, 1); // its bucket is there
    // What is too long to be kept is not.
    char text[CANARY_TEXT_BYTES + 1];
    memset(text, 'a', sizeof text);
    canaries_mind(&f.canaries, (struct recipient){RECIPIENT_EMAIL, {text, sizeof text}});
    canaries_prepare(&f.canaries);
    CU_ASSERT_EQUAL(f.canaries.along_count, 1);
}

static const struct unit_test tests[] = {
        {"chosen", test_chosen},
        {"some_are_gone", test_some_are_gone},
        {"explained", test_explained},
        {"no_answer_says_nothing", test_no_answer_says_nothing},
        {"wound", test_wound},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "canaries", tests);
}

// The policy feed: a half goes by one policy until it takes the next, and none goes away under it.
#include "run/policy_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static struct config *config_of(enum mode mode)
{
    struct config *config;
    CU_ASSERT_EQUAL_FATAL(config_create_default(&config), ERR_NONE);
    config->policy.mode = mode;
    CU_ASSERT_EQUAL_FATAL(policy_seal(&config->policy), ERR_NONE);
    return config;
}

static void test_each_takes_in_its_time(void)
{
    struct config *first = config_of(MODE_ENFORCE);
    struct policy_feed *feed;
    struct policy_slot judge = {NULL};
    struct policy_slot detect = {NULL};
    CU_ASSERT_EQUAL_FATAL(policy_feed_create(&feed, first), ERR_NONE);
    const struct policy *of_judge = policy_feed_take(feed, &judge);
    CU_ASSERT_PTR_EQUAL(of_judge, &first->policy);
    CU_ASSERT_EQUAL_FATAL(policy_feed_give(feed, config_of(MODE_MONITOR)), ERR_NONE);
    CU_ASSERT_EQUAL(of_judge->mode, MODE_ENFORCE); // until it takes again
    const struct policy *of_detect = policy_feed_take(feed, &detect);
    CU_ASSERT_EQUAL(of_detect->mode, MODE_MONITOR);
    // Two more, the one between never taken; what detect goes by stays (ASan sees it otherwise).
    CU_ASSERT_EQUAL_FATAL(policy_feed_give(feed, config_of(MODE_ENFORCE)), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(policy_feed_give(feed, config_of(MODE_ENFORCE)), ERR_NONE);
    CU_ASSERT_EQUAL(of_detect->mode, MODE_MONITOR);
    CU_ASSERT_EQUAL(policy_feed_take(feed, &judge)->mode, MODE_ENFORCE);
    CU_ASSERT_PTR_EQUAL(policy_feed_take(feed, &judge), policy_feed_take(feed, &detect));
    policy_feed_return(feed, &judge);
    policy_feed_return(feed, &detect);
    policy_feed_destroy(feed);
    config_destroy(first);
}

// Only what verdicts, holds and alerts go by can change under a running process.
static void test_what_needs_a_restart(void)
{
    struct config *running = config_of(MODE_ENFORCE);
    struct config *other = config_of(MODE_MONITOR);
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    other->policy.budget = 0;
    other->policy.hold_cap = 3;
    other->policy.purpose_count = 1;
    CU_ASSERT_TRUE(config_differs_in_policy_only(running, other, &findings));
    CU_ASSERT_EQUAL(findings.n, 0);
    other->policy.learning = false;
    other->drain_ms++;
    CU_ASSERT_FALSE(config_differs_in_policy_only(running, other, &findings));
    unit_check_text("findings", strbuf_view(&findings).p,
            "detector.learning: needs a restart to change\ndrain: needs a restart to change\n");
    strbuf_fini(&findings);
    config_destroy(running);
    config_destroy(other);
}

// Of a key file of so many times this letter. Its path stays the same.
static struct config *config_of_key(char letter)
{
    char text[96];
    char key[32];
    char yaml[] = "/tmp/wn-feed-yaml-XXXXXX";
    snprintf(key, sizeof key, "/tmp/wn-k-%u", (unsigned)getpid() % 1000000);
    FILE *file = fopen(key, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (unsigned i = 0; i < 32; i++) {
        CU_ASSERT_EQUAL(putc(letter, file), letter);
    }
    CU_ASSERT_EQUAL(fclose(file), 0);
    int fd = mkstemp(yaml);
    int n = snprintf(text, sizeof text, "pseudonym: {key_id: k1, key_file: %s}\n", key);
    CU_ASSERT_EQUAL(write(fd, text, (size_t)n), n);
    CU_ASSERT_EQUAL(close(fd), 0);
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    struct config *config = NULL;
    CU_ASSERT_EQUAL_FATAL(config_load(&config, yaml, &findings), ERR_NONE);
    strbuf_fini(&findings);
    unlink(yaml);
    unlink(key);
    return config;
}

// The key is read once; lists of a file that holds another by now would be about nobody.
static void test_another_key(void)
{
    struct config *running = config_of_key('a');
    struct config *same = config_of_key('a');
    struct config *other = config_of_key('b');
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    CU_ASSERT_TRUE(config_differs_in_policy_only(running, same, &findings));
    CU_ASSERT_FALSE(config_differs_in_policy_only(running, other, &findings));
    unit_check_text("findings", strbuf_view(&findings).p,
            "pseudonym.key_file: another key needs a restart\n");
    strbuf_fini(&findings);
    config_destroy(running);
    config_destroy(same);
    config_destroy(other);
}

static const struct unit_test tests[] = {
        {"each_takes_in_its_time", test_each_takes_in_its_time},
        {"what_needs_a_restart", test_what_needs_a_restart},
        {"another_key", test_another_key},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "policy_feed", tests);
}

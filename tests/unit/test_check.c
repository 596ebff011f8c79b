// The verb check: what it prints where, and its exit status.
#include "commands/commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/strbuf.h"
#include "tests/support/unit.h"

enum { OUTPUT_MAX = 256 * 1024 };

struct run {
    int status;
    struct strbuf out;
    struct strbuf err;
};

// Sends a stream to an unnamed file; returns what stream_back needs.
static int stream_away(FILE *stream, FILE *file)
{
    fflush(stream);
    int saved = dup(fileno(stream));
    CU_ASSERT_TRUE_FATAL(saved >= 0 && dup2(fileno(file), fileno(stream)) >= 0);
    return saved;
}

static void stream_back(FILE *stream, int saved, FILE *file, struct strbuf *ret_text)
{
    fflush(stream);
    dup2(saved, fileno(stream));
    close(saved);
    rewind(file);
    strbuf_init(ret_text, OUTPUT_MAX);
    char *room = strbuf_room(ret_text, OUTPUT_MAX);
    CU_ASSERT_PTR_NOT_NULL_FATAL(room);
    strbuf_grown(ret_text, fread(room, 1, OUTPUT_MAX, file));
    fclose(file);
}

// Runs `check` with up to three arguments, ended by NULL.
static void run_check(struct run *run, const char *a, const char *b, const char *c)
{
    char *argv[] = {strdup("check"), a != NULL ? strdup(a) : NULL, b != NULL ? strdup(b) : NULL,
            c != NULL ? strdup(c) : NULL, NULL};
    int argc = 1 + (a != NULL) + (b != NULL) + (c != NULL);
    char *owned[] = {argv[0], argv[1], argv[2], argv[3]}; // getopt_long may turn argv round
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    CU_ASSERT_TRUE_FATAL(out != NULL && err != NULL);
    int saved_out = stream_away(stdout, out);
    int saved_err = stream_away(stderr, err);
    run->status = command_check(argc, argv);
    stream_back(stdout, saved_out, out, &run->out);
    stream_back(stderr, saved_err, err, &run->err);
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) {
        free(owned[i]);
    }
}

static void run_fini(struct run *run)
{
    strbuf_fini(&run->out);
    strbuf_fini(&run->err);
}

static void write_config(char path[32], const char *yaml)
{
    snprintf(path, 32, "/tmp/wn-check-XXXXXX");
    int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, yaml, strlen(yaml)), (ssize_t)strlen(yaml));
    close(fd);
}

static void test_good(void)
{
    struct run run;
    run_check(&run, "-c", "deploy/wrongnumber.yaml", NULL);
    CU_ASSERT_EQUAL(run.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out.p, "deploy/wrongnumber.yaml: good\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out.p, "roles     judge, detect\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out.p, "policy    7eb07978b4ec5015, enforce\n"));
    CU_ASSERT_PTR_NOT_NULL(
            strstr(run.out.p, "holds     20 scopes in ten minutes and tally partition at most\n"));
    CU_ASSERT_PTR_NOT_NULL(
            strstr(run.out.p, "budget    sum of 1/A 1e-08: one false quarantine of a "
                              "campaign in 200000000 healthy messages at most, of "
                              "each wider kind in 800000000\n"));
    unit_check_text("warnings", run.err.p,
            "warning: pseudonym.key_file is not set: the demo key is known to everybody\n"
            "warning: control.key_file is not set: whoever may write collections.control.v1 is "
            "obeyed\n");
    static const char *const said[] = {
            "in        collections.outbound.v1, collections.control.v1\n",
            "control   commands are obeyed unsigned: no key\n",
            "people    vendors and tenants want two of them, the second within 30 min\n",
            "told again after 15 min; its hold goes on\n", "audit     off\n", "ops       off\n"};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        CU_ASSERT_PTR_NOT_NULL(strstr(run.out.p, said[i]));
    }
    run_fini(&run);
}

// Whether keys are there, and nothing of them.
static void test_people(void)
{
    char path[32];
    char key[32];
    char yaml[512];
    write_config(key, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
    snprintf(yaml, sizeof yaml,
            "complaints: on\n"
            "control:\n  key_file: %s\n  previous_key_file: %s\n"
            "audit:\n  directory: /tmp\n  key_file: %s\n"
            "ops:\n  listen: \"127.0.0.1:9464\"\n",
            key, key, key);
    write_config(path, yaml);
    struct run run;
    run_check(&run, "-c", path, NULL);
    CU_ASSERT_EQUAL(run.status, 0);
    static const char *const said[] = {", collections.control.v1, collections.complaints.v1\n",
            "control   signed commands only: a key and the one before are there\n",
            "audit     /tmp, chained with a key\n", "ops       http://127.0.0.1:9464\n"};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        CU_ASSERT_PTR_NOT_NULL(strstr(run.out.p, said[i]));
    }
    CU_ASSERT_PTR_NULL(strstr(run.out.p, "0123456789abcdef"));
    CU_ASSERT_PTR_NULL(strstr(run.err.p, "control"));
    run_fini(&run);
    unlink(path);
    write_config(path, "control:\n  enabled: false\n");
    run_check(&run, "-c", path, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out.p, "in        collections.outbound.v1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out.p, "control   off: nobody's commands are read\n"));
    run_fini(&run);
    unlink(path);
    unlink(key);
}

static void test_print(void)
{
    struct run run;
    run_check(&run, "--print", "--config", "deploy/wrongnumber.yaml");
    CU_ASSERT_EQUAL(run.status, 0);
    CU_ASSERT_EQUAL(strncmp(run.out.p, "roles: [judge, detect]\nkafka:\n", 30), 0);
    CU_ASSERT_PTR_NULL(strstr(run.out.p, "good"));
    run_fini(&run);
}

static void test_describe_and_help(void)
{
    struct run run;
    run_check(&run, "--describe", NULL, NULL);
    CU_ASSERT_EQUAL(run.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out.p, "\ndetector.prior_rate\n    percent, default 0.5%"));
    run_fini(&run);
    run_check(&run, "--help", NULL, NULL);
    CU_ASSERT_EQUAL(run.status, 0);
    CU_ASSERT_EQUAL(strncmp(run.out.p, "usage: wrongnumber check", 24), 0);
    CU_ASSERT_EQUAL(run.err.n, 0);
    run_fini(&run);
}

// The rules in the order in which they win, and what a tenant's own budget adds up to.
static void test_rules(void)
{
    char path[32];
    write_config(path, "policy:\n"
                       "  rules:\n"
                       "    - {match: {channel: voice}, mode: monitor}\n"
                       "    - {match: {tenant: acme, vendor: v}, unknown: hold, scope_hold: 2h}\n"
                       "    - {match: {tenant: acme}, budget: 1e9}\n");
    struct run run;
    run_check(&run, "-c", path, NULL);
    CU_ASSERT_EQUAL(run.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out.p,
            "rule      policy.rules[1]: tenant acme, vendor v sets unknown, scope_hold\n"
            "rule      policy.rules[0]: channel voice sets mode monitor\n"
            "rule      policy.rules[2]: tenant acme sets budget\n"
            "budget    tenant acme: sum of 1/A 2e-09: one false quarantine of a campaign in "
            "1000000000 "
            "healthy messages at most, of each wider kind in 4000000000\n"));
    run_fini(&run);
    unlink(path);
    write_config(path,
            "policy:\n"
            "  lists:\n"
            "    - {list: allow, vendor: v, reason: a trial, owner: o, expires: 2020-01-01}\n"
            "    - {list: block, vendor: w, reason: r, owner: o, expires: 2099-01-01}\n");
    run_check(&run, "-c", path, NULL);
    CU_ASSERT_EQUAL(run.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out.p, "lists     2 entries\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err.p, "warning: policy.lists: entry 0 (allow, a trial) has "
                                             "expired and does nothing: 2020-01-01\n"));
    CU_ASSERT_PTR_NULL(strstr(run.err.p, "entry 1"));
    run_fini(&run);
    unlink(path);
}

// What is allowed and can do nothing, or does more than it seems, is told; a tenant that nobody has heard of is not.
static void test_rules_warned_of(void)
{
    static const struct {
        const char *yaml;
        const char *warning; // NULL: none of any rule
    } rows[] = {
            {"policy: {rules: [{match: {tenant: nobody-yet}, mode: monitor, budget: 1e9}]}\n",
                    NULL},
            {"policy: {rules: [{match: {vendor: v}, budget: 1e6}]}\n",
                    "warning: policy.rules[0]: budget 1e6 allows a false quarantine in 500000 "
                    "healthy messages over all kinds of scopes; 2e8 promises one in 100000000\n"},
            {"detector: {budget: 1e7}\n",
                    "warning: detector.budget: budget 1e7 allows a false quarantine in 5000000 "
                    "healthy messages over all kinds of scopes; 2e8 promises one in 100000000\n"},
            {"policy: {rules: [{match: {tenant: t, channel: voice}, budget: 1e9}]}\n",
                    "warning: policy.rules[0]: budget 1e9: wider scopes go by 2e8, and what "
                    "explains their alarm is held by theirs\n"},
            {"policy: {rules: [{match: {tenant: t}, ceiling_rate: 0.3%}]}\n",
                    "warning: policy.rules[0]: ceiling_rate 0.3%: budgets hold for who has no more "
                    "wrong numbers than that when nothing is wrong; simulated, twice as many bring "
                    "a false quarantine in 6 million messages instead of 1400 million\n"},
            {"policy: {rules: [{match: {tenant: t}, mode: monitor}, {match: {tenant: t}, mode: "
             "enforce, unknown: hold}]}\n",
                    "warning: policy.rules[1]: its mode never applies: policy.rules[0] names the "
                    "same and stands before it\n"},
            {"policy: {rules: [{match: {purpose: otp}, mode: monitor}]}\n",
                    "warning: policy.rules[0] never applies: policy.purposes does not name otp, "
                    "which is exempt\n"},
            {"policy: {reasons_off: [third_party], rules: [{match: {tenant: t}, reasons: "
             "[third_party]}]}\n",
                    "warning: policy.rules[0]: third_party never counts: policy.reasons_off has "
                    "it\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[32];
        struct run run;
        write_config(path, rows[i].yaml);
        run_check(&run, "-c", path, NULL);
        CU_ASSERT_EQUAL(run.status, 0);
        const char *found = strstr(
                run.err.p, rows[i].warning != NULL ? rows[i].warning : "warning: policy.rules");
        CU_ASSERT_EQUAL(found != NULL, rows[i].warning != NULL);
        if ((found != NULL) != (rows[i].warning != NULL)) {
            fprintf(stderr, "%s\n", run.err.p);
        }
        run_fini(&run);
        unlink(path);
    }
}

// librdkafka's own opinion of a property has its place in the file too.
static void test_bad(void)
{
    char path[32];
    char expected[512];
    write_config(path, "redis: {deadline: 5}\nkafka:\n  properties:\n    linger.ms: 5\n"
                       "    no.such.thing: 1\n");
    snprintf(expected, sizeof expected,
            "%s:1:19: redis.deadline: expected a duration from 1ms to 30s, got '5' without a unit "
            "(ms, s, m, h, d)\n"
            "%s:5:20: kafka.properties.no.such.thing: ",
            path, path);
    struct run run;
    run_check(&run, "-c", path, NULL);
    CU_ASSERT_EQUAL(run.status, 78);
    CU_ASSERT_EQUAL(run.out.n, 0);
    strbuf_truncate(&run.err, run.err.n < strlen(expected) ? run.err.n : strlen(expected));
    unit_check_text("findings", run.err.p, expected);
    run_fini(&run);
    unlink(path);
}

static void test_warnings(void)
{
    char path[32];
    write_config(path, "redis: {layout: hash, assume_complete: true}\n"
                       "policy: {purposes: {reminder: [no_record]}}\n");
    struct run run;
    run_check(&run, "-c", path, NULL);
    CU_ASSERT_EQUAL(run.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err.p, "warning: redis.assume_complete: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err.p, "warning: policy.purposes leaves out collection: "));
    run_fini(&run);
    unlink(path);
    write_config(path, "redis: {layout: hash}\n");
    run_check(&run, "-c", path, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err.p, "warning: redis.hash.epoch_key is not set: "));
    run_fini(&run);
    unlink(path);
}

static void test_wrong_use(void)
{
    static const struct {
        const char *a;
        const char *b;
        const char *c;
        int status;
    } cases[] = {
            {NULL, NULL, NULL, 64},
            {"--print", NULL, NULL, 64},
            {"-c", NULL, NULL, 64},
            {"--nonsense", NULL, NULL, 64},
            {"deploy/wrongnumber.yaml", NULL, NULL, 64},
            {"-c", "deploy/wrongnumber.yaml", "more", 64},
            {"-c", "/nonexistent/c.yaml", NULL, 66},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct run run;
        run_check(&run, cases[i].a, cases[i].b, cases[i].c);
        CU_ASSERT_EQUAL(run.status, cases[i].status);
        CU_ASSERT_EQUAL(run.out.n, 0);
        CU_ASSERT_TRUE(run.err.n > 0);
        run_fini(&run);
    }
}

static const struct unit_test tests[] = {
        {"good", test_good},
        {"people", test_people},
        {"print", test_print},
        {"rules", test_rules},
        {"describe_and_help", test_describe_and_help},
        {"bad", test_bad},
        {"rules_warned_of", test_rules_warned_of},
        {"warnings", test_warnings},
        {"wrong_use", test_wrong_use},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "check", tests);
}

// What follows from an answer of the transactional producer: every answer there can be, call by call.
#include "kafka/transaction_rules.h"
#include "tests/support/unit.h"

static const enum txn_call calls[] = {TXN_INIT, TXN_BEGIN, TXN_SEND_OFFSETS, TXN_COMMIT, TXN_ABORT};
enum { CALLS = sizeof calls / sizeof calls[0] };

struct row {
    const char *name;
    struct txn_answer answer;
    enum txn_next next[CALLS]; // in the order of `calls`
};

static const struct row rows[] = {
        {"it went well", {0}, {TXN_GO_ON, TXN_GO_ON, TXN_GO_ON, TXN_GO_ON, TXN_GO_ON}},
        {"it went well, but who knows how often", {.is_indefinite = true},
                {TXN_GO_ON, TXN_GO_ON, TXN_REBUILD, TXN_REBUILD, TXN_REBUILD}},
        {"fenced", {.failed = true, .is_fenced = true},
                {TXN_GIVE_UP, TXN_GIVE_UP, TXN_GIVE_UP, TXN_GIVE_UP, TXN_GIVE_UP}},
        {"fenced, whatever else it is",
                {.failed = true,
                        .is_fenced = true,
                        .is_fatal = true,
                        .requires_abort = true,
                        .is_retriable = true,
                        .is_indefinite = true},
                {TXN_GIVE_UP, TXN_GIVE_UP, TXN_GIVE_UP, TXN_GIVE_UP, TXN_GIVE_UP}},
        {"fatal", {.failed = true, .is_fatal = true},
                {TXN_REBUILD, TXN_REBUILD, TXN_REBUILD, TXN_REBUILD, TXN_REBUILD}},
        {"fatal before abortable and retriable",
                {.failed = true, .is_fatal = true, .requires_abort = true, .is_retriable = true},
                {TXN_REBUILD, TXN_REBUILD, TXN_REBUILD, TXN_REBUILD, TXN_REBUILD}},
        {"abortable", {.failed = true, .requires_abort = true},
                {TXN_ABORT_IT, TXN_ABORT_IT, TXN_ABORT_IT, TXN_ABORT_IT, TXN_REBUILD}},
        {"abortable before retriable",
                {.failed = true, .requires_abort = true, .is_retriable = true},
                {TXN_ABORT_IT, TXN_ABORT_IT, TXN_ABORT_IT, TXN_ABORT_IT, TXN_REBUILD}},
        {"abortable, and a connection broke",
                {.failed = true, .requires_abort = true, .is_indefinite = true},
                {TXN_ABORT_IT, TXN_ABORT_IT, TXN_REBUILD, TXN_REBUILD, TXN_REBUILD}},
        {"retriable", {.failed = true, .is_retriable = true},
                {TXN_CALL_AGAIN, TXN_CALL_AGAIN, TXN_ABORT_IT, TXN_CALL_AGAIN, TXN_CALL_AGAIN}},
        {"timed out", {.failed = true, .is_retriable = true, .is_indefinite = true},
                {TXN_CALL_AGAIN, TXN_CALL_AGAIN, TXN_REBUILD, TXN_REBUILD, TXN_REBUILD}},
        {"anything else", {.failed = true},
                {TXN_REBUILD, TXN_REBUILD, TXN_REBUILD, TXN_REBUILD, TXN_REBUILD}},
};

static void test_rows(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t j = 0; j < CALLS; j++) {
            enum txn_next next = txn_rule(calls[j], &rows[i].answer);
            if (next != rows[i].next[j]) {
                printf("%s, call %zu: %d, not %d\n", rows[i].name, j, (int)next,
                        (int)rows[i].next[j]);
            }
            CU_ASSERT_EQUAL(next, rows[i].next[j]);
        }
    }
}

// Over all answers: what the rules are for.
static void test_promises(void)
{
    for (unsigned bits = 0; bits < 64; bits++) {
        const struct txn_answer answer = {
                .failed = (bits & 1) != 0,
                .is_fenced = (bits & 2) != 0,
                .is_fatal = (bits & 4) != 0,
                .requires_abort = (bits & 8) != 0,
                .is_retriable = (bits & 16) != 0,
                .is_indefinite = (bits & 32) != 0,
        };
        for (size_t j = 0; j < CALLS; j++) {
            enum txn_next next = txn_rule(calls[j], &answer);
            bool ends = calls[j] == TXN_COMMIT || calls[j] == TXN_ABORT;
            // A producer whose last end is not sure never begins another transaction.
            CU_ASSERT_TRUE(!ends || !answer.is_indefinite || next >= TXN_REBUILD);
            CU_ASSERT_TRUE(!answer.failed || next != TXN_GO_ON);
            // Nobody who is fenced takes the id back.
            CU_ASSERT_TRUE(!answer.failed || !answer.is_fenced || next == TXN_GIVE_UP);
            CU_ASSERT_TRUE(next != TXN_GIVE_UP || answer.is_fenced);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"rows", test_rows}, {"promises", test_promises}, {NULL, NULL}};
    return unit_main(argc, argv, "transaction_rules", tests);
}

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands/stop.h"
#include "tests/support/unit.h"

// How a process ends that wants to stop by itself, or not, and is then told to so many times.
static int status_after(bool stops_itself, int signals)
{
    pid_t pid = fork();
    if (pid == 0) {
        stop_on_signals();
        if (stops_itself) {
            stop_request();
        }
        for (int i = 0; i < signals; i++) {
            raise(SIGTERM);
        }
        _exit(stop_is_requested() ? 0 : 1);
    }
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_the_second_signal_ends_at_once(void)
{
    CU_ASSERT_EQUAL(status_after(false, 0), 1);
    CU_ASSERT_EQUAL(status_after(false, 1), 0);
    CU_ASSERT_EQUAL(status_after(false, 2), 128 + SIGTERM);
}

static void test_a_process_that_is_ending_is_told_once_more(void)
{
    CU_ASSERT_EQUAL(status_after(true, 0), 0);
    CU_ASSERT_EQUAL(status_after(true, 1), 0);
    CU_ASSERT_EQUAL(status_after(true, 2), 128 + SIGTERM);
}

static const struct unit_test tests[] = {
        {"the second signal ends at once", test_the_second_signal_ends_at_once},
        {"a process that is ending is told once more",
                test_a_process_that_is_ending_is_told_once_more},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "stop", tests);
}

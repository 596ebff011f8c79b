#include "commands/stop.h"

#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t stop_requested;

static void on_signal(int signal_number)
{
    if (stop_requested != 0) {
        _exit(128 + signal_number); // asked twice: at once
    }
    stop_requested = 1;
}

void stop_on_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

void stop_request(void)
{
    stop_requested = 1;
}

bool stop_is_requested(void)
{
    return stop_requested != 0;
}

const volatile sig_atomic_t *stop_flag(void)
{
    return &stop_requested;
}

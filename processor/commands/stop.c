#include "commands/stop.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

// Written by a signal handler and by threads, read by all threads: only a lock-free atomic may be
// both.
_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "the stop flag must be lock-free");
static atomic_bool stop_requested;
static atomic_bool stop_signalled; // by somebody outside
static atomic_bool stop_hangup;

static void on_signal(int signal_number)
{
    if (atomic_exchange(&stop_signalled, true)) {
        _exit(128 + signal_number); // asked twice: at once
    }
    stop_requested = true;
}

static void on_hangup(int signal_number)
{
    (void)signal_number;
    stop_hangup = true;
}

bool stop_take_hangup(void)
{
    return atomic_exchange(&stop_hangup, false);
}

void stop_on_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = on_hangup;
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

void stop_request(void)
{
    stop_requested = true;
}

bool stop_is_requested(void)
{
    return stop_requested;
}

const atomic_bool *stop_flag(void)
{
    return &stop_requested;
}

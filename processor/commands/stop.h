// The stop flag: set by SIGINT and SIGTERM (a second one ends the process at once), looked at by
// every loop of a verb that runs until it is told to end.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

// Installs the handlers, that of SIGHUP too, and ignores SIGPIPE. System calls that wait come back with EINTR.
void stop_on_signals(void);
// Whether SIGHUP has come since the last call, or before the first.
bool stop_take_hangup(void);
// Sets it from within; any thread.
void stop_request(void);
bool stop_is_requested(void);
// For those who wait elsewhere, on any thread: true once a stop is requested.
const atomic_bool *stop_flag(void);

// Errors: one table gives each its text and its fate. Stages report, lines decide, main exits.
#pragma once

#define MUST_CHECK __attribute__((warn_unused_result))

// What the caller of a stage does next.
enum fate {
    FATE_NONE,  // nothing is wrong
    FATE_NEXT,  // this one input is bad: dead-letter it, go on
    FATE_RETRY, // the outside world is in trouble: hold what is in flight, try again
    FATE_STOP,  // cannot go on: exit, be restarted
};

// name, fate, sysexits status when main ends with it, text
#define ERR_TABLE(ROW)                                                                             \
    ROW(ERR_NONE, FATE_NONE, 0, "no error")                                                        \
    ROW(ERR_NO_MEMORY, FATE_STOP, 71, "out of memory")                                             \
    ROW(ERR_CEILING, FATE_RETRY, 70, "a configured ceiling is reached")                            \
    ROW(ERR_USAGE, FATE_STOP, 64, "wrong use of the command line")                                 \
    ROW(ERR_DATA, FATE_STOP, 65, "bad input data")                                                 \
    ROW(ERR_NO_INPUT, FATE_STOP, 66, "cannot open the input")                                      \
    ROW(ERR_UNAVAILABLE, FATE_RETRY, 69, "a service is unavailable")                               \
    ROW(ERR_DEADLINE, FATE_RETRY, 69, "the deadline has passed")                                   \
    ROW(ERR_PROTOCOL, FATE_RETRY, 76, "the peer broke the protocol")                               \
    ROW(ERR_REFUSED, FATE_STOP, 77, "the peer refused")                                            \
    ROW(ERR_LOCKED, FATE_STOP, 75, "somebody else holds the lock")                                 \
    ROW(ERR_STALLED, FATE_STOP, 75, "no progress; a new start may help")                           \
    ROW(ERR_INTERNAL, FATE_STOP, 70, "a bug in wrongnumber")                                       \
    ROW(ERR_IO, FATE_STOP, 74, "input/output error")                                               \
    ROW(ERR_CONFIG, FATE_STOP, 78, "bad configuration")

enum err {
#define ERR_ROW(name, fate, status, text) name,
    ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

const char *err_text(enum err e);
enum fate err_fate(enum err e);
// The sysexits status of a program that ends because of `e`.
int err_exit_status(enum err e);

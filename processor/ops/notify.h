// Tells systemd how we are (sd_notify(3)), without libsystemd: one datagram of lines to the socket that
// NOTIFY_SOCKET names. Where there is none, nothing happens.
#pragma once

#include <stdint.h>

struct notify {
    int fd;              // -1 = nobody listens
    int64_t watchdog_ms; // WATCHDOG=1 is expected once in that time; 0 = never
};

// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
void notify_open(struct notify *notify);
// Such as "READY=1\nSTATUS=reading". What cannot be sent is lost.
void notify_send(const struct notify *notify, const char *lines);
void notify_close(struct notify *notify);

// For a process with a wrong clock: preloaded, this adds what the file CLOCK_FILE says, in milliseconds, to the time of day.
// Clocks that only ever go on are left alone. The file is read again at most every ten milliseconds.
//
// A shared library of its own (tests/fault/env/clock.sh builds it); nothing of ours is in it.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t offset_ms;
static _Atomic int64_t read_at_ms;

static int64_t read_clock(clockid_t id, struct timespec *ret)
{
    syscall(SYS_clock_gettime, id, ret);
    return (int64_t)ret->tv_sec * 1000 + ret->tv_nsec / 1000000;
}

static int64_t wanted_ms(void)
{
    struct timespec now;
    int64_t now_ms = read_clock(CLOCK_MONOTONIC, &now);
    int64_t before_ms = read_at_ms;
    if (now_ms - before_ms >= 10 &&
            atomic_compare_exchange_strong(&read_at_ms, &before_ms, now_ms)) {
        const char *path = getenv("CLOCK_FILE");
        int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        char text[32] = "";
        ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
        if (fd >= 0) {
            close(fd);
        }
        if (n > 0) {
            offset_ms = strtoll(text, NULL, 10);
        }
    }
    return offset_ms;
}

static void add_ms(struct timespec *ts, int64_t ms)
{
    int64_t ns = ts->tv_nsec + ms % 1000 * 1000000;
    ts->tv_sec += ms / 1000 + (ns >= 1000000000) - (ns < 0);
    ts->tv_nsec = ns + (ns < 0 ? 1000000000 : ns >= 1000000000 ? -1000000000 : 0);
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
    int result = (int)syscall(SYS_clock_gettime, id, ret);
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        add_ms(ret, wanted_ms());
    }
    return result;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL) {
        *ret = now.tv_sec;
    }
    return now.tv_sec;
}

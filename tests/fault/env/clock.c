// For a process with a wrong clock: preloaded, this adds what the file CLOCK_FILE says, in milliseconds, to the time of day.
// Clocks that only ever go on are left alone. The file is read again at most every ten milliseconds.
//
// The kernel knows nothing of it: who reads the time here and has the kernel wait until a time of day
// would wait an hour too long, as on no machine. So such waits are translated. POSIX's feel a jump, as
// they do on a machine. C11's, which are librdkafka's alone, last as long as they were to last when they
// began: on a machine a clock set back lengthens them (librdkafka #2145), which is not what is tested.
//
// A shared library of its own (tests/fault/env/clock.sh builds it); nothing of ours is in it.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

// MONOTONIC_END_S: no machine has been up for ten years, and all times of day are later.
enum { FEEL_MS = 50, MONOTONIC_END_S = 10 * 365 * 86400 };

static _Atomic int64_t offset_ms;
static _Atomic int64_t read_at_ms;
// What was added to the time of day that this thread read last in each of the two ways in which librdkafka
// begins a deadline. What else reads the time in between has no part in a wait.
static _Thread_local int64_t timespec_ms;
static _Thread_local int64_t timeval_ms;

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

// Returns what was added.
static int64_t read_for_deadline(struct timespec *ret)
{
    int64_t added_ms = wanted_ms();
    read_clock(CLOCK_REALTIME, ret);
    add_ms(ret, added_ms);
    return added_ms;
}

int timespec_get(struct timespec *ret, int base)
{
    if (base == TIME_UTC) {
        timespec_ms = read_for_deadline(ret);
        ret->tv_nsec |= 1; // no whole microsecond: cnd_timedwait tells its deadlines by that
    }
    return base == TIME_UTC ? base : 0;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    timeval_ms = read_for_deadline(&now);
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

// --- waits ------------------------------------------------------------------------------------

// How long it is until a time of day to which so much was added.
static int64_t left_ns(const struct timespec *until, int64_t added_ms)
{
    struct timespec now;
    read_clock(CLOCK_REALTIME, &now);
    add_ms(&now, added_ms);
    return (until->tv_sec - now.tv_sec) * 1000000000 + until->tv_nsec - now.tv_nsec;
}

static int wait_ns(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t ns)
{
    struct timespec until;
    read_clock(CLOCK_MONOTONIC, &until);
    ns = (ns > 0 ? ns : 0) + until.tv_nsec;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    return pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, &until);
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict lock,
        const struct timespec *restrict until)
{
    if (until->tv_sec < MONOTONIC_END_S) {
        return pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, until);
    }
    int64_t ns = left_ns(until, wanted_ms());
    int64_t slice_ns = ns < FEEL_MS * 1000000 ? ns : FEEL_MS * 1000000;
    int result = wait_ns(condition, lock, slice_ns);
    // Everybody must bear to be woken for nothing, and asks again then.
    return result == ETIMEDOUT && slice_ns < ns ? 0 : result;
}

int cnd_timedwait(
        cnd_t *restrict condition, mtx_t *restrict lock, const struct timespec *restrict until)
{
    // In Debian's C library these are the POSIX ones by another name.
    // Whole milliseconds were added to either: what gettimeofday began has whole microseconds.
    int64_t added_ms = until->tv_nsec % 1000 == 0 ? timeval_ms : timespec_ms;
    int result =
            wait_ns((pthread_cond_t *)condition, (pthread_mutex_t *)lock, left_ns(until, added_ms));
    return result == 0 ? thrd_success : result == ETIMEDOUT ? thrd_timedout : thrd_error;
}

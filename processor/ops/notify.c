#include "ops/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// A number from the environment; 0 when there is none.
static int64_t number_of(const char *name)
{
    const char *text = getenv(name);
    char *end = NULL;
    long long number = text != NULL ? strtoll(text, &end, 10) : 0;
    return end != NULL && *end == '\0' && number > 0 ? (int64_t)number : 0;
}

static int64_t watchdog_ms_of_environment(void)
{
    int64_t pid = number_of("WATCHDOG_PID");
    return pid == 0 || pid == getpid() ? number_of("WATCHDOG_USEC") / 1000 : 0;
}

void notify_open(struct notify *notify)
{
    *notify = (struct notify){.fd = -1};
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = path != NULL ? strlen(path) : 0;
    if (n == 0 || n >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(address.sun_path, path, n);
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; // an abstract name
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, size) != 0) {
        close(fd);
        fd = -1;
    }
    notify->fd = fd;
    notify->watchdog_ms = fd >= 0 ? watchdog_ms_of_environment() : 0;
}

void notify_send(const struct notify *notify, const char *lines)
{
    if (notify->fd >= 0) {
        (void)!send(notify->fd, lines, strlen(lines), MSG_NOSIGNAL);
    }
}

void notify_close(struct notify *notify)
{
    if (notify->fd >= 0) {
        close(notify->fd);
    }
    notify->fd = -1;
}

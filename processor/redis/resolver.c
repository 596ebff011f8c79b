#include "redis/resolver.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "common/mono_wait.h"

// One call of getaddrinfo. Its thread and its resolver share it; whoever is last frees it.
struct job {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *host;
    char *port;
    unsigned owners;
    bool done;
    int failed; // EAI_*
    struct addrinfo *list;
};

struct resolver {
    char *host;
    char *port;
    struct job *job; // under way, or NULL
};

enum err resolver_create(struct resolver **ret_resolver, const char *host, const char *port)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (resolver == NULL) {
        return ERR_NO_MEMORY;
    }
    resolver->host = strdup(host);
    resolver->port = strdup(port);
    if (resolver->host == NULL || resolver->port == NULL) {
        resolver_destroy(resolver);
        return ERR_NO_MEMORY;
    }
    *ret_resolver = resolver;
    return ERR_NONE;
}

static void free_job(struct job *job)
{
    if (job->list != NULL) {
        freeaddrinfo(job->list);
    }
    pthread_mutex_destroy(&job->lock);
    pthread_cond_destroy(&job->changed);
    free(job->host);
    free(job->port);
    free(job);
}

static void leave_job(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    unsigned owners = --job->owners;
    pthread_mutex_unlock(&job->lock);
    if (owners == 0) {
        free_job(job);
    }
}

void resolver_destroy(struct resolver *resolver)
{
    if (resolver == NULL) {
        return;
    }
    if (resolver->job != NULL) {
        leave_job(resolver->job);
    }
    free(resolver->host);
    free(resolver->port);
    free(resolver);
}

static int look_up(const struct job *job, int flags, struct addrinfo **ret_list)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    return getaddrinfo(job->host, job->port, &hints, ret_list);
}

static void *run_job(void *argument)
{
    struct job *job = argument;
    struct addrinfo *list = NULL;
    int failed = look_up(job, AI_ADDRCONFIG, &list);
    pthread_mutex_lock(&job->lock);
    job->failed = failed;
    job->list = failed == 0 ? list : NULL;
    job->done = true;
    pthread_cond_signal(&job->changed);
    pthread_mutex_unlock(&job->lock);
    leave_job(job);
    return NULL;
}

static struct job *create_job(const struct resolver *resolver)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return NULL;
    }
    // Neither can fail in glibc.
    pthread_mutex_init(&job->lock, NULL);
    (void)mono_condition_init(&job->changed);
    job->host = strdup(resolver->host);
    job->port = strdup(resolver->port);
    job->owners = 1;
    if (job->host == NULL || job->port == NULL) {
        free_job(job);
        return NULL;
    }
    return job;
}

// Detached, and with all signals blocked: those are for the main thread.
static bool start_job(struct job *job)
{
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    job->owners = 2;
    bool started = pthread_create(&thread, NULL, run_job, job) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        pthread_detach(thread);
    } else {
        job->owners = 1;
    }
    return started;
}

static bool await_job(struct job *job, struct mono_time deadline)
{
    const struct timespec until = mono_until(deadline);
    int waited = 0;
    pthread_mutex_lock(&job->lock);
    while (!job->done && waited == 0) {
        waited = pthread_cond_timedwait(&job->changed, &job->lock, &until);
    }
    bool done = job->done;
    pthread_mutex_unlock(&job->lock);
    return done;
}

static enum err conclude(const struct resolver *resolver, int failed, struct strbuf *ret_why)
{
    if (failed != 0) {
        strbuf_printf(ret_why, "cannot resolve %s: %s", resolver->host, gai_strerror(failed));
        return ERR_UNAVAILABLE;
    }
    return ERR_NONE;
}

enum err resolver_ask(struct resolver *resolver, struct addrinfo **ret_list,
        struct mono_time deadline, struct strbuf *ret_why)
{
    if (resolver->job == NULL) {
        struct job *job = create_job(resolver);
        if (job == NULL) {
            strbuf_add_text(ret_why, "out of memory");
            return ERR_NO_MEMORY;
        }
        int failed = look_up(job, AI_NUMERICHOST, ret_list);
        if (failed != EAI_NONAME) {
            free_job(job);
            return conclude(resolver, failed, ret_why);
        }
        if (!start_job(job)) {
            free_job(job);
            strbuf_add_text(ret_why, "cannot start a thread to resolve a name");
            return ERR_UNAVAILABLE;
        }
        resolver->job = job;
    }
    struct job *job = resolver->job;
    if (!await_job(job, deadline)) {
        strbuf_printf(ret_why, "cannot resolve %s in time", resolver->host);
        return ERR_DEADLINE;
    }
    // Done: the thread touches nothing of it any more but its share in it.
    int failed = job->failed;
    if (failed == 0) {
        *ret_list = job->list;
        job->list = NULL;
    }
    resolver->job = NULL;
    leave_job(job);
    return conclude(resolver, failed, ret_why);
}

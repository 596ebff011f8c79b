// starved: linked around `main` and the allocations of our own objects (-Wl,--wrap), it makes the n-th of them fail. The
// libraries' own allocations are left alone: some of them abort by themselves.
//
//   STARVE_AT=n        the n-th allocation fails; STARVE_ON=1: that and all that follow
//   STARVE_SWEEP=FROM:TO:STEP
//                      instead: forks before main, once with all memory (in the folder whole/), then once for each n (in
//                      again/) as far as the run with all memory came. Each must end by itself, not by a signal; with 0 it
//                      must have written the same as the whole run; else with a status of sysexits.h and a text on stderr.
//   STARVE_SAME=FILES  what must be the same, separated by blanks: stdout, or paths below the folder
//   STARVE_STDIN=FILE  stdin of each of them
//   STARVE_ELSE=COMMAND
//                      may say by 0 that what is not the same, and ended with 0, is well
//   STARVE_THEN=COMMAND
//                      must succeed behind each of them
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, RUN_SECONDS_MAX = 60, TOLD_MAX = 40, STATUS_LOW = 64, STATUS_HIGH = 78 };

static atomic_long allocation_count;
static atomic_long *counter = &allocation_count;
static long fails_at; // 0: never
static bool fails_on; // and all behind it

void starved_here(void);
int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
char *__wrap_strndup(const char *text, size_t n);
FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);
int __real_pthread_create(
        pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *argument);
int __wrap_pthread_create(
        pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *argument);

// --- allocations ---------------------------------------------------------------------------------

// Where a debugger breaks to see whose allocation it is.
__attribute__((noinline)) void starved_here(void)
{
    errno = ENOMEM;
}

static bool starves(void)
{
    long n = atomic_fetch_add(counter, 1) + 1;
    bool fails = fails_at != 0 && (fails_on ? n >= fails_at : n == fails_at);
    if (fails) {
        starved_here();
    }
    return fails;
}

void *__wrap_malloc(size_t size)
{
    return starves() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return starves() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return starves() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return starves() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
    return starves() ? NULL : __real_strndup(text, n);
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
    return starves() ? NULL : __real_fopen64(path, mode);
}

int __wrap_pthread_create(
        pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *argument)
{
    return starves() ? EAGAIN : __real_pthread_create(thread, attr, run, argument);
}

// --- one run -------------------------------------------------------------------------------------

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "starved: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void redirect(int fd, const char *path, int flags)
{
    int opened = open(path, flags, 0666);
    if (opened < 0 || dup2(opened, fd) < 0) {
        give_up(path);
    }
    close(opened);
}

// Runs main in a new process and the folder `name`, which is made afresh; gives what waitpid gives.
static int run_in(const char *name, long n, int argc, char **argv)
{
    if (nftw(name, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT) {
        give_up(name);
    }
    if (mkdir(name, 0777) != 0) {
        give_up(name);
    }
    *counter = 0;
    pid_t pid = fork();
    if (pid < 0) {
        give_up("fork");
    }
    if (pid == 0) {
        const char *input = getenv("STARVE_STDIN");
        redirect(STDIN_FILENO, input != NULL ? input : "/dev/null", O_RDONLY);
        if (chdir(name) != 0) {
            give_up(name);
        }
        redirect(STDOUT_FILENO, "stdout", O_WRONLY | O_CREAT | O_TRUNC);
        redirect(STDERR_FILENO, "stderr", O_WRONLY | O_CREAT | O_TRUNC);
        alarm(RUN_SECONDS_MAX);
        fails_at = n;
        exit(__real_main(argc, argv));
    }
    int status;
    while (waitpid(pid, &status, 0) != pid) {
        if (errno != EINTR) {
            give_up("waitpid");
        }
    }
    return status;
}

// --- what came of it -----------------------------------------------------------------------------

struct sweep {
    long runs;
    long wrong;
    long ended[STATUS_HIGH + 1]; // by status
};

static void show_file(const char *path)
{
    FILE *file = __real_fopen64(path, "re");
    char line[512];
    for (int i = 0; file != NULL && i < 8 && fgets(line, sizeof line, file) != NULL; i++) {
        printf("    %s", line);
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void tell(struct sweep *sweep, long n, const char *what, int number)
{
    if (sweep->wrong++ < TOLD_MAX) {
        printf("  n=%ld: %s %d\n", n, what, number);
        show_file("again/stderr");
        fflush(stdout);
    }
}

// Whether the two say the same as far as one of them goes, or to the end of both.
static bool is_same_file(const char *name, bool to_the_end)
{
    char path[2][PATH_BYTES];
    FILE *files[2];
    const char *const folders[2] = {"whole", "again"};
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], PATH_BYTES, "%s/%s", folders[i], name);
        files[i] = __real_fopen64(path[i], "re");
    }
    bool same = files[0] != NULL && files[1] != NULL;
    bool ends = !same;
    while (same && !ends) {
        int a = getc_unlocked(files[0]);
        int b = getc_unlocked(files[1]);
        same = a == b || (b == EOF && !to_the_end);
        ends = a == EOF || b == EOF;
    }
    for (int i = 0; i < 2; i++) {
        if (files[i] != NULL) {
            fclose(files[i]);
        }
    }
    return same;
}

static bool is_same(void)
{
    const char *names = getenv("STARVE_SAME");
    bool same = true;
    while (names != NULL && *names != '\0' && same) {
        char name[PATH_BYTES / 2];
        size_t n = strcspn(names, " ");
        snprintf(name, sizeof name, "%.*s", (int)n, names);
        same = is_same_file(name, true);
        names += n + strspn(names + n, " ");
    }
    return same;
}

static bool is_well_all_the_same(void)
{
    const char *command = getenv("STARVE_ELSE");
    return command != NULL && system(command) == 0;
}

static void look_at(struct sweep *sweep, long n, int status)
{
    sweep->runs++;
    if (WIFSIGNALED(status)) {
        tell(sweep, n, "died of signal", WTERMSIG(status));
        return;
    }
    int code = WEXITSTATUS(status);
    const char *then = getenv("STARVE_THEN");
    int after = then != NULL ? system(then) : 0;
    if (after != 0) {
        tell(sweep, n, "what must hold behind it does not; it ended with", code);
    } else if (code != 0 && (code < STATUS_LOW || code > STATUS_HIGH)) {
        tell(sweep, n, "no status of sysexits.h:", code);
    } else if (code != 0 && is_same_file("stderr", false)) {
        tell(sweep, n, "says nothing of its status", code);
    } else if (code == 0 && !is_same() && !is_well_all_the_same()) {
        tell(sweep, n, "writes something else and ends with", code);
    } else {
        sweep->ended[code]++;
    }
}

static int sweep_all(const char *range, int argc, char **argv)
{
    long from = 1;
    long to = 0;
    long step = 1;
    if (sscanf(range, "%ld:%ld:%ld", &from, &to, &step) < 1 || from < 1 || step < 1) {
        fprintf(stderr, "starved: STARVE_SWEEP=%s: expected FROM:TO:STEP\n", range);
        return EXIT_FAILURE;
    }
    counter =
            mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counter == MAP_FAILED) {
        give_up("mmap");
    }
    int whole = run_in("whole", 0, argc, argv);
    long allocations = *counter;
    if (!WIFEXITED(whole) || WEXITSTATUS(whole) != 0 || allocations == 0) {
        printf("  with all memory it ends with %d\n", whole);
        show_file("whole/stderr");
        return EXIT_FAILURE;
    }
    struct sweep sweep = {0};
    for (long n = from; n <= allocations && (to == 0 || n <= to); n += step) {
        look_at(&sweep, n, run_in("again", n, argc, argv));
    }
    printf("  %ld allocations; %ld runs:", allocations, sweep.runs);
    for (int code = 0; code <= STATUS_HIGH; code++) {
        if (sweep.ended[code] > 0) {
            printf(" %ld ended with %d,", sweep.ended[code], code);
        }
    }
    printf(" %ld wrong\n", sweep.wrong);
    return sweep.wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int __wrap_main(int argc, char **argv)
{
    const char *range = getenv("STARVE_SWEEP");
    const char *at = getenv("STARVE_AT");
    const char *on = getenv("STARVE_ON");
    fails_on = on != NULL && on[0] == '1';
    if (range != NULL) {
        return sweep_all(range, argc, argv);
    }
    fails_at = at != NULL ? strtol(at, NULL, 10) : 0;
    return __real_main(argc, argv);
}

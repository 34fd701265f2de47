#include "policy/live.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/answer.h"
#include "policy/instruction.h"

enum {
    STACK_BYTES = 256 * 1024,
    CPU_SECONDS = 5, /* of one process: a hundred times what a batch takes */
    UNEXPECTED_DEATHS_MAX = 8,
};

enum step { STEP_FORK, STEP_WAIT, STEP_SIGNALS, STEP_PRIVILEGES, STEP_THREAD, STEP_FILTER, STEP_DEATHS, STEPS };
static const char *const failures[STEPS] = {
    [STEP_FORK] = "cannot start a process",
    [STEP_WAIT] = "cannot wait for a process",
    [STEP_SIGNALS] = "cannot set signal handlers",
    [STEP_PRIVILEGES] = "cannot give up privileges",
    [STEP_THREAD] = "cannot start a thread",
    [STEP_FILTER] = "the kernel does not take the filter",
    [STEP_DEATHS] = "the processes that make the calls die, and not of the filter",
};

const char *live_failure(const struct live_batch *batch)
{
    return failures[batch->step < STEPS ? batch->step : STEP_DEATHS];
}

/* ---- the program ------------------------------------------------------------- */

int live_prepare(struct live_program *program, const struct sock_filter *filter, uint32_t length,
                 enum live_kills kills)
{
    static const uint32_t actions[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_TRAP,
                                        SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS };
    const unsigned replaced = kills == LIVE_KILLS_REAL ? 2 : 5;
    memset(program, 0, sizeof *program);
    program->length = length;
    memcpy(program->filter, filter, length * sizeof *filter);
    for (unsigned i = 0; i < LIVE_ERRNOS; i++) {
        program->meaning[i] = ANSWER_EXECUTED;
    }
    for (uint32_t i = 0; i < length; i++) {
        if (filter[i].code == (BPF_RET | BPF_K) && (filter[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO) {
            program->meaning[(filter[i].k & SECCOMP_RET_DATA) % LIVE_ERRNOS] = filter[i].k;
        }
    }
    /* From the top: Linux itself has no errno that high. */
    uint32_t number = LIVE_ERRNOS - 1;
    for (unsigned a = 0; a < replaced; a++) {
        while (number > 0 && program->meaning[number] != ANSWER_EXECUTED) {
            number--;
        }
        if (number == 0) {
            return -1;
        }
        program->meaning[number] = actions[a];
        for (uint32_t i = 0; i < length; i++) {
            if (filter[i].code == (BPF_RET | BPF_K) && filter[i].k == actions[a]) {
                program->filter[i].k = SECCOMP_RET_ERRNO | number;
            }
        }
    }
    return 0;
}

/* What came back from a call, as the answer of the filter before it was changed. */
static uint32_t answer_of(const struct live_program *program, long result)
{
    return result < 0 && result > -LIVE_ERRNOS ? program->meaning[-result] : ANSWER_EXECUTED;
}

/* ---- the process that makes the calls -------------------------------------------- */

struct work {
    const struct live_program *program;
    struct live_batch *batch;
};

static void failed(struct live_batch *batch, enum step step, int error)
{
    batch->step = step;
    batch->error = error;
}

static void *make_calls(void *argument)
{
    const struct work *work = argument;
    struct live_batch *batch = work->batch;
    struct sock_fprog program = { (unsigned short)work->program->length,
                                  (struct sock_filter *)(uintptr_t)work->program->filter };
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
        failed(batch, STEP_FILTER, errno);
        return NULL;
    }
    /* From here on no call of the C library: each would be answered by the filter. */
    for (uint32_t i = batch->next; i < batch->count; i = batch->next) {
        struct live_call *call = &batch->calls[i];
        long result = instruction_call(&call->call);
        call->answer = answer_of(work->program, result);
        batch->next = i + 1;
    }
    instruction_illegal();
    return NULL;
}

static void on_trap(int number)
{
    (void)number;
    instruction_breakpoint();
}

/*
 * SIGILL and SIGTRAP are blocked and have a handler: a fault then ends the process all
 * the same, and the kernel writes no line into its log about a signal that somebody
 * handles.
 */
static int set_signals(void)
{
    const struct sigaction action = { .sa_handler = on_trap };
    sigset_t deadly, trap;
    sigemptyset(&deadly);
    sigaddset(&deadly, SIGILL);
    sigaddset(&deadly, SIGTRAP);
    sigemptyset(&trap);
    sigaddset(&trap, SIGSYS);
    return sigaction(SIGSYS, &action, NULL) == 0 && sigaction(SIGILL, &action, NULL) == 0
            && sigaction(SIGTRAP, &action, NULL) == 0 && sigprocmask(SIG_BLOCK, &deadly, NULL) == 0
            && sigprocmask(SIG_UNBLOCK, &trap, NULL) == 0
        ? 0
        : errno;
}

/* At most this much, or less if the caller has less. */
static int lower(int resource, rlim_t value)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) {
        return -1;
    }
    now.rlim_cur = now.rlim_cur < value ? now.rlim_cur : value;
    now.rlim_max = now.rlim_max < value ? now.rlim_max : value;
    return setrlimit(resource, &now);
}

static int give_up(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0
        || lower(RLIMIT_CORE, 0) != 0 || lower(RLIMIT_CPU, CPU_SECONDS) != 0
        || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return errno;
    }
    return getppid() == parent ? 0 : ESRCH;
}

/* One thread until it is gone; returns 0 or an errno. */
static int run_thread(struct work *work)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);
    if (error != 0) {
        return error;
    }
    error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (error == 0) {
        error = pthread_create(&thread, &attributes, make_calls, work);
    }
    (void)pthread_attr_destroy(&attributes);
    return error != 0 ? error : pthread_join(thread, NULL);
}

_Noreturn static void be_the_process(const struct live_program *program, struct live_batch *batch, pid_t parent)
{
    struct work work = { program, batch };
    int error = give_up(parent);
    if (error != 0) {
        failed(batch, STEP_PRIVILEGES, error);
        _exit(1);
    }
    error = set_signals();
    if (error != 0) {
        failed(batch, STEP_SIGNALS, error);
        _exit(1);
    }
    while (batch->next < batch->count) {
        error = run_thread(&work);
        if (error != 0) {
            failed(batch, STEP_THREAD, error);
        }
        if (batch->error != 0) {
            _exit(1);
        }
        /* The thread is gone and this process is not. */
        batch->calls[batch->next].answer = SECCOMP_RET_KILL_THREAD;
        batch->next++;
    }
    _exit(0);
}

/* ---- the program that wants to know -------------------------------------------------- */

struct live_batch *live_open(void)
{
    void *memory = mmap(NULL, sizeof(struct live_batch), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    return memory;
}

void live_close(struct live_batch *batch)
{
    if (batch != NULL) {
        (void)munmap(batch, sizeof *batch);
    }
}

/* One process: as many calls as it survives.  *status is what waitpid(2) said. */
static int run_process(const struct live_program *program, struct live_batch *batch, int *status)
{
    pid_t parent = getpid(), child = fork(), got;
    if (child == 0) {
        be_the_process(program, batch, parent);
    }
    if (child < 0) {
        failed(batch, STEP_FORK, errno);
        return -1;
    }
    do {
        got = waitpid(child, status, 0);
    } while (got < 0 && errno == EINTR);
    if (got != child) {
        failed(batch, STEP_WAIT, errno);
        return -1;
    }
    return batch->error == 0 ? 0 : -1;
}

/* The answer that lies in a death; ANSWER_DIED if no filter can be its cause. */
static uint32_t answer_of_death(int status)
{
    if (!WIFSIGNALED(status)) {
        return ANSWER_NOT_ASKED;
    }
    int number = WTERMSIG(status);
    return number == SIGSYS ? SECCOMP_RET_KILL_PROCESS
        : number == SIGTRAP ? SECCOMP_RET_TRAP
                            : ANSWER_DIED | (uint32_t)number;
}

static bool by_filter(uint32_t answer)
{
    return answer == SECCOMP_RET_KILL_PROCESS || answer == SECCOMP_RET_TRAP;
}

int live_run(const struct live_program *program, struct live_batch *batch)
{
    unsigned deaths = 0;
    batch->next = 0;
    batch->error = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        batch->calls[i].answer = ANSWER_NOT_ASKED;
    }
    while (batch->next < batch->count) {
        int status = 0;
        if (run_process(program, batch, &status) != 0) {
            return -1;
        }
        if (batch->next >= batch->count) {
            break;
        }
        struct live_call *deadly = &batch->calls[batch->next];
        uint32_t answer = answer_of_death(status);
        /* Somebody else may have killed it: a call is deadly only if it is so twice. */
        bool again = !by_filter(answer) && deadly->answer == ANSWER_NOT_ASKED;
        deadly->answer = answer;
        batch->next += again ? 0 : 1;
        deaths += by_filter(answer) ? 0 : 1;
        if (deaths > UNEXPECTED_DEATHS_MAX) {
            failed(batch, STEP_DEATHS, 0);
            return -1;
        }
    }
    return 0;
}

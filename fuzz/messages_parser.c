/*
 * The parser's master: its own main(), fed with messages from the monitor's end.  A fork gives
 * the master's side, or the child's, which answers and ends; what a child does with documents
 * the harnesses of documents see, so here it has a short one.
 *
 * Oracle of its own: a child says nothing but the answer that its document gets, which is valid.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/plan_check.h"
#include "role.h"
#include "role_wraps.h"

enum { FD_MONITOR = 3, FD_DOCUMENT = 790, FD_LARGE, FD_ANSWER };
enum { DOC_BYTES_BEYOND = 16 << 20 }; /* more than any kind may have */

int role_main(void);
WRAPPED(pid_t, fork, void);
void (*__real_signal(int number, void (*handler)(int)))(int);
void (*__wrap_signal(int number, void (*handler)(int)))(int);
WRAPPED(unsigned, seccomp_api_get, void);
WRAPPED(int, setrlimit, __rlimit_resource_t resource, const struct rlimit *limit);
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);

static uint32_t asked; /* the kind of the last PARSE that brought a socket of ours */

static const uint8_t allowed[PARSER_STATES][WIRE_PEERS][MSG_TYPES] = {PARSER_RULES(ROLE_ALLOWED)};

static bool follows(unsigned from, unsigned to)
{
    return from == PARSER_READY && to == PARSER_READY;
}

static void fill(uint32_t type, const struct sequence_step *step, union wire_any *body)
{
    if (type == MSG_PARSE) {
        body->as_MSG_PARSE.kind = step->fds == 3 ? DOC_POLICY : step->extra / 2 % DOC_KINDS;
    }
}

/* It keeps nothing of what a PARSE brought. */
static unsigned may_hold(void)
{
    return 0;
}

/* ---- documents and answers -------------------------------------------------------------- */

static void place(int fd, int where)
{
    if (fd < 0 || dup3(fd, where, O_CLOEXEC) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no descriptor");
    }
    close(fd);
}

static void begin(void)
{
    static const char text[] = "{\"preScriptLocation\":\"/opt/pre\",\"postScriptLocation\":\"/opt/post\"}";
    int fd = memfd_create("document", MFD_CLOEXEC);

    if (write(fd, text, sizeof(text) - 1) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no document");
    }
    place(fd, FD_DOCUMENT);
    fd = memfd_create("large", MFD_CLOEXEC);
    if (ftruncate(fd, DOC_BYTES_BEYOND) != 0) {
        fuzz_fail(__FILE__, __LINE__, "no document");
    }
    place(fd, FD_LARGE);
    asked = DOC_KINDS;
}

/* A PARSE with a document and a socket for its answer; fds counts which document it is. */
static bool ask(const struct sequence_step *step)
{
    static union wire_any body;
    const int documents[] = {FD_DOCUMENT, FD_LARGE, role_null()};
    int ends[2];

    if (step->kind != STEP_MESSAGE || step->type != MSG_PARSE || step->fds < 100) {
        return false;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        fuzz_fail(__FILE__, __LINE__, "no socket");
    }
    place(ends[0], FD_ANSWER);
    asked = step->extra % DOC_KINDS;
    memset(&body, 0, sizeof(body));
    body.as_MSG_PARSE.kind = asked;
    memcpy(body.as_MSG_PARSE.argument, "db", sizeof("db"));
    const int fds[] = {documents[step->fds % 3], ends[1], documents[step->header & 1]};
    bool sent = wire_send_now(role_peer_end(PEER_MONITOR), MSG_PARSE, &body, fds, asked == DOC_POLICY ? 3 : 2) == 0;
    role_sent(PEER_MONITOR, sent ? (int)MSG_PARSE : SEQUENCE_NOT_SENT);
    close(ends[1]);
    if (step->longer != 0) {
        close(FD_ANSWER); /* the monitor waits no longer */
    }
    return true;
}

/* What the child said on its socket. */
static void check_answer(void)
{
    static struct wire_buffer buffer;
    struct wire_packet packet;
    struct pollfd one = {FD_ANSWER, POLLIN, 0};

    if (asked == DOC_KINDS || __real_poll(&one, 1, 0) <= 0 || (one.revents & POLLIN) == 0) {
        return;
    }
    int got = __real_wire_receive(FD_ANSWER, &buffer, &packet);
    FUZZ_CHECK(got == 0 || (got == 1 && packet.type == WIRE_ANSWER(asked) && plan_valid((enum document_kind)asked, packet.body)),
               "the answer about a document of kind %u", asked);
}

/* ---- the kernel's part -------------------------------------------------------------------- */

pid_t __wrap_fork(void)
{
    uint8_t choice;

    if (!role_running()) {
        return __real_fork();
    }
    errno = EAGAIN;
    choice = role_choice() % 16;
    return choice == 1 ? -1 : choice == 2 ? 0 : 4242;
}

/* A sanitizer's run-time calls these two before its shadow is there. */
#ifdef __clang__
#define EARLY __attribute__((no_sanitize("address", "memory", "undefined")))
#else
#define EARLY __attribute__((no_sanitize("address", "undefined")))
#endif

EARLY int __wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    if (!role_running()) {
        return __real_setrlimit(resource, limit);
    }
    FUZZ_CHECK(limit->rlim_cur == limit->rlim_max, "a limit that can be raised again");
    return 0;
}

/* The run-time of a profile asks for what is set when it writes. */
EARLY int __wrap_prctl(int option, ...)
{
    va_list list;
    unsigned long value;

    va_start(list, option);
    value = va_arg(list, unsigned long);
    va_end(list);
    if (!role_running()) {
        return __real_prctl(option, value, 0, 0, 0);
    }
    FUZZ_CHECK(option == PR_SET_PDEATHSIG && value == SIGKILL, "prctl %d", option);
    return 0;
}

void (*__wrap_signal(int number, void (*handler)(int)))(int)
{
    return role_running() ? SIG_DFL : __real_signal(number, handler);
}

unsigned __wrap_seccomp_api_get(void)
{
    return 5;
}

static void run(const char *bytes, size_t n)
{
    static const struct role_peer peers[] = {{FD_MONITOR, PEER_MONITOR}};
    static const struct role_harness harness = {
        .main = role_main, .peers = peers, .peers_count = 1, .first_null = 1, .last_null = 0, .allowed = allowed,
        .fill = fill, .follows = follows, .may_hold = may_hold, .begin = begin, .answer = ask,
    };

    role_run(&harness, bytes, n);
    check_answer();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}

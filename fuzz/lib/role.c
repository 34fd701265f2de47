#include "role.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/drop.h"
#include "role_wraps.h"

/* The program's own descriptors are low, ours above them; two of AFL++'s lie between. */
enum { FD_FIRST = 3, FD_AFL = 198, FD_AFL_LAST = 199, FD_ENDS = 700, FD_LAST = 799, FD_NULL = 800 };
enum { PEERS_MAX = 8, QUEUE = 64, WAITS_MAX = 2000, ENDINGS_MAX = 16, BURST_MAX = 8, WITH_CREDENTIALS = 255 };

static struct program {
    const struct role_harness *harness;
    jmp_buf end;
    bool running, must_end, dispatched, spoke, late, in_burst, has_choices;
    bool credentials[PEERS_MAX]; /* the kernel tells the program who sent: nothing of that is a message of ours any more */
    struct sequence input;
    unsigned waits, endings, state, received_fds;
    int fds[PEERS_MAX], ends[PEERS_MAX]; /* of the peers' sockets the program's end, and ours */
    struct queue {
        unsigned first, count;
        int types[QUEUE];
    } queues[PEERS_MAX];
    int lowest; /* the lowest free descriptor at the beginning */
} program;

/* Where the program's .bss lies, if its objects are linked with that name (fuzz.mk). */
extern char __start_role_bss[] __attribute__((weak)), __stop_role_bss[] __attribute__((weak));

ROLE_UNSANITIZED bool role_running(void)
{
    return program.running;
}

_Noreturn void role_end(void)
{
    longjmp(program.end, 1);
}

int role_null(void)
{
    return FD_NULL;
}

void role_late(void)
{
    program.late = true;
}

bool role_at_rest(void)
{
    return !program.in_burst;
}

unsigned role_received_fds(void)
{
    return program.received_fds;
}

static bool poll_readable(int fd)
{
    struct pollfd one = {fd, POLLIN, 0};

    return __real_poll(&one, 1, 0) > 0;
}

static unsigned peer_of(enum wire_peer peer)
{
    unsigned i = 0;

    while (i < program.harness->peers_count && program.harness->peers[i].peer != peer) {
        i++;
    }
    return i;
}

int role_peer_end(enum wire_peer peer)
{
    unsigned i = peer_of(peer);

    return i < program.harness->peers_count ? program.ends[i] : -1;
}

/* Of whole units alone none is taken for a choice: they are all steps. */
uint8_t role_choice(void)
{
    return program.has_choices && program.input.end > program.input.at ? *--program.input.end : 0;
}

void role_closed(int fd)
{
    for (unsigned i = 0; i < program.harness->peers_count; i++) {
        program.fds[i] = program.fds[i] == fd ? -1 : program.fds[i];
    }
}

/* ---- feeding ------------------------------------------------------------------------ */

static void close_peer(unsigned i)
{
    if (program.ends[i] >= 0) {
        close(program.ends[i]);
        program.ends[i] = -1;
    }
}

static void note_sent(unsigned i, int type)
{
    struct queue *q = &program.queues[i];

    if (type != SEQUENCE_NOT_SENT) {
        type = program.credentials[i] ? SEQUENCE_MALFORMED : type;
        FUZZ_CHECK(q->count < QUEUE, "more messages than a queue holds");
        q->types[(q->first + q->count++) % QUEUE] = type;
    }
}

void role_sent(enum wire_peer peer, int type)
{
    note_sent(peer_of(peer), type);
}

void role_peer_made(unsigned i, int fd, int end)
{
    close_peer(i);
    program.fds[i] = fd;
    program.ends[i] = fcntl(end, F_DUPFD_CLOEXEC, FD_ENDS);
    program.queues[i].count = 0;
    close(end);
}

void role_peer_gone(unsigned i)
{
    close_peer(i);
    program.fds[i] = -1;
    program.queues[i].count = 0;
}

bool role_can_send(enum wire_peer peer)
{
    unsigned i = peer_of(peer);

    return role_peer_end(peer) >= 0 && program.queues[i].count < QUEUE;
}

static void send_step(const struct sequence_step *step)
{
    unsigned i = step->peer % program.harness->peers_count;
    int fd = program.harness->hand > 0 ? program.harness->hand : FD_NULL;

    if (step->kind == STEP_RAW && step->extra == WITH_CREDENTIALS && program.queues[i].count == 0) {
        const int one = 1;
        program.credentials[i] = setsockopt(program.fds[i], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) == 0;
    }
    if (program.ends[i] >= 0 && program.queues[i].count < QUEUE) {
        note_sent(i, sequence_send(program.ends[i], step, program.harness->fill, fd));
    }
}

static void take_step(struct sequence_step *step)
{
    const struct role_harness *h = program.harness;

    if (step->kind == STEP_CLOSE) {
        if (!h->hang_up || !h->hang_up(step)) {
            close_peer(step->peer % h->peers_count);
        }
    } else if (step->kind == STEP_EVENT) {
        if (h->event) {
            h->event(step);
        }
    } else if (!h->answer || !h->answer(step)) {
        send_step(step);
    }
}

/* Steps of the input that happen at once, mostly one; at its end the peers go, one after another.  False:
 * nothing can happen any more. */
static bool feed(void)
{
    struct sequence_step step;
    unsigned taken = 0;
    bool more = true;

    while (more && sequence_next(&program.input, &step)) {
        program.in_burst = taken > 0;
        more = program.harness->bursts && step.peer & ROLE_BURST && taken + 1 < BURST_MAX;
        step.peer &= program.harness->bursts ? (uint8_t)~ROLE_BURST : UINT8_MAX;
        take_step(&step);
        taken++;
    }
    program.in_burst = false;
    if (taken > 0) {
        return true;
    }
    for (unsigned i = 0; i < program.harness->peers_count; i++) {
        if (program.ends[i] >= 0) {
            close_peer(i);
            return true;
        }
    }
    if (program.harness->event) {
        program.harness->event(NULL);
    }
    return program.endings++ < ENDINGS_MAX;
}

/* ---- oracles --------------------------------------------------------------------------- */

/* The program waits: what it had to end for is behind it, and it holds no more than it may. */
static void check_waiting(void)
{
    FUZZ_CHECK(!program.must_end || program.harness->goes_on, "the program goes on after a message that ends it");
    if (program.harness->may_hold) {
        int fd = fcntl(FD_NULL, F_DUPFD, FD_FIRST);
        close(fd);
        int most = program.lowest + (int)program.harness->may_hold();
        most += most >= FD_AFL ? FD_AFL_LAST - FD_AFL + 1 : 0;
        FUZZ_CHECK(fd <= most, "a descriptor more than it may hold: %d is free, %d should be", fd, most);
    }
}

int __wrap_wire_receive(int socket, struct wire_buffer *buffer, struct wire_packet *packet)
{
    struct pollfd readable = {socket, POLLIN, 0};
    int got;

    if (!program.running) {
        return __real_wire_receive(socket, buffer, packet);
    }
    /* Some wait here, without asking first. */
    (void)__wrap_poll(&readable, 1, -1);
    got = __real_wire_receive(socket, buffer, packet);
    for (unsigned i = 0; i < program.harness->peers_count; i++) {
        struct queue *q = &program.queues[i];
        if (program.fds[i] != socket || got == 0 || got == -EAGAIN) {
            continue;
        }
        FUZZ_CHECK(q->count > 0, "a message that was not sent");
        int type = q->types[q->first];
        q->first = (q->first + 1) % QUEUE;
        q->count--;
        FUZZ_CHECK(got < 0 || got == 1, "wire_receive returns %d", got);
        FUZZ_CHECK((got == 1) == (type >= 0), "a record of type %d is %s", type, got == 1 ? "accepted" : "refused");
        FUZZ_CHECK(got != 1 || (packet->type == (uint32_t)type && packet->body == &buffer->body), "type %u, not %d",
                   packet->type, type);
        FUZZ_CHECK(got == 1 || packet->fds_count == 0, "descriptors of a refused message are kept");
        program.must_end = got < 0;
        program.received_fds += packet->fds_count;
    }
    return got;
}

int __wrap_wire_find(const struct wire_rule *rules, size_t count, unsigned state, unsigned peer, uint32_t type)
{
    int rule = __real_wire_find(rules, count, state, peer, type);

    if (program.running && program.harness->allowed) {
        FUZZ_CHECK(!program.dispatched || program.harness->follows(program.state, state), "state %u follows state %u", state,
                   program.state);
        FUZZ_CHECK((rule >= 0) == (program.harness->allowed[state][peer][type] == 1), "state %u, peer %u, %s: rule %d", state,
                   peer, wire_name(type), rule);
        program.dispatched = true;
        program.state = state;
        program.must_end = rule < 0;
    }
    return rule;
}

/* ---- what the program says ------------------------------------------------------------------ */

/* Reads what has come at a peer's end: each a message of wire.h. */
static void hear(unsigned i)
{
    static struct wire_buffer buffer;
    struct wire_packet packet;

    while (program.ends[i] >= 0 && poll_readable(program.ends[i])) {
        int got = __real_wire_receive(program.ends[i], &buffer, &packet);
        FUZZ_CHECK(got >= 0, "the program says what is no message");
        if (got == 0) {
            return;
        }
        if (program.harness->heard) {
            program.harness->heard(program.harness->peers[i].peer, &packet);
        }
        wire_close(&packet);
    }
}

static void hear_all(void)
{
    if (program.spoke) {
        program.spoke = false;
        for (unsigned i = 0; i < program.harness->peers_count; i++) {
            hear(i);
        }
    }
}

/* Nobody else can make room where the program would wait for it. */
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t sent;

    if (!program.running) {
        return __real_sendmsg(fd, message, flags);
    }
    program.spoke = true;
    sent = __real_sendmsg(fd, message, flags | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) {
        hear_all();
        program.spoke = true;
        sent = __real_sendmsg(fd, message, flags | MSG_DONTWAIT);
    }
    return sent;
}

/* ---- what the program calls ----------------------------------------------------------------- */

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    if (!program.running) {
        return __real_poll(fds, n, timeout);
    }
    check_waiting();
    for (;;) {
        hear_all();
        int ready = __real_poll(fds, n, 0);
        if (ready != 0 || timeout == 0) { /* who only looks is told what is there */
            return ready;
        }
        if (program.waits++ == WAITS_MAX) {
            role_end();
        }
        if (timeout >= 0 && (n == 0 || program.late || program.input.at + SEQUENCE_UNIT > program.input.end)) {
            program.late = false;
            role_time_passes((uint64_t)timeout * 1000000u);
            return 0;
        }
        if (!feed()) {
            role_end();
        }
    }
}

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int count, int timeout)
{
    if (!program.running) {
        return __real_epoll_wait(epoll, events, count, timeout);
    }
    check_waiting();
    for (;;) {
        hear_all();
        int ready = __real_epoll_wait(epoll, events, count, 0);
        if (ready != 0 || timeout == 0) {
            return ready;
        }
        if (program.waits++ == WAITS_MAX || !feed()) {
            role_end();
        }
    }
}

void __wrap__exit(int status)
{
    if (program.running) {
        role_end();
    }
    __real__exit(status);
}

/* The last words of a program, which only whoever looks at one input wants to read. */
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count)
{
    ssize_t n = 0;

    if (!program.running || fd != STDERR_FILENO || getenv("FUZZ_LAST_WORDS")) {
        return __real_writev(fd, parts, count);
    }
    for (int i = 0; i < count; i++) {
        n += (ssize_t)parts[i].iov_len;
    }
    return n;
}

int __lsan_is_turned_off(void);

/* What a program holds when it ends is not given back. */
int __lsan_is_turned_off(void)
{
    return 1;
}

void __wrap_role_begin(void);
void __wrap_drop_privileges(const struct role *role);

void __wrap_role_begin(void)
{
}

void __wrap_drop_privileges(const struct role *role)
{
    (void)role;
}

/* ---- one input --------------------------------------------------------------------------------- */

/* Between the variables lie a sanitizer's red zones, so this is no memset(). */
__attribute__((no_sanitize("address"))) static void clear(char *begin, const char *end)
{
    for (volatile char *at = begin; at < end; at++) {
        *at = 0;
    }
}

/* Zeros again; of what is large only the pages that were used are touched. */
static void reset_program(void)
{
    const size_t page = 4096;
    char *begin = __start_role_bss, *end = __stop_role_bss;
    char *first = (char *)(((uintptr_t)begin + page - 1) & ~(page - 1)), *last = (char *)((uintptr_t)end & ~(page - 1));

    if (!begin) {
        return;
    }
    if (first + 16 * page > last) {
        clear(begin, end);
        return;
    }
    clear(begin, first);
    clear(last, end);
    if (madvise(first, (size_t)(last - first), MADV_DONTNEED) != 0) {
        abort();
    }
}

static void lay_descriptors(const struct role_harness *h)
{
    (void)syscall(SYS_close_range, FD_FIRST, FD_AFL - 1, 0);
    (void)syscall(SYS_close_range, FD_AFL_LAST + 1, FD_LAST, 0);
    if (fcntl(FD_NULL, F_GETFD) < 0) {
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0 || fcntl(fd, F_DUPFD_CLOEXEC, FD_NULL) != FD_NULL) {
            abort();
        }
        close(fd);
    }
    for (unsigned i = 0; i < h->peers_count; i++) {
        int pair[2];
        program.fds[i] = h->peers[i].fd;
        program.ends[i] = -1;
        if (h->peers[i].fd == ROLE_MADE_LATER) {
            continue;
        }
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
            abort();
        }
        /* First out of the way, then to their places. */
        program.ends[i] = fcntl(pair[0], F_DUPFD_CLOEXEC, FD_ENDS);
        int other = fcntl(pair[1], F_DUPFD_CLOEXEC, FD_ENDS);
        close(pair[0]);
        close(pair[1]);
        if (program.ends[i] < 0 || other < 0 || dup3(other, h->peers[i].fd, O_CLOEXEC) < 0) {
            abort();
        }
        close(other);
    }
    for (int fd = h->first_null; fd <= h->last_null; fd++) {
        if (dup3(FD_NULL, fd, O_CLOEXEC) < 0) {
            abort();
        }
    }
}

void role_run(const struct role_harness *harness, const char *bytes, size_t n)
{
    const uint8_t *input = (const uint8_t *)bytes;

    memset(&program, 0, sizeof(program));
    program.harness = harness;
    program.input = (struct sequence){input, input + n};
    program.has_choices = n % SEQUENCE_UNIT != 0;
    lay_descriptors(harness);
    reset_program();
    role_clock_reset();
    if (harness->begin) {
        harness->begin();
    }
    program.lowest = fcntl(FD_NULL, F_DUPFD, FD_FIRST);
    close(program.lowest);
    if (setjmp(program.end) == 0) {
        fuzz_meter_start();
        program.running = true;
        (void)harness->main();
    }
    program.running = false;
    fuzz_meter_stop();
}

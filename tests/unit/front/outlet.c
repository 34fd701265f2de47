/*
 * Lines never wait for whoever takes them: a write that would sleep is seen by an
 * alarm, which ends the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "front/outlet.h"

enum { LINES = 4000, LINE = 64, PATIENCE_S = 20, CAPACITY = 1 << 20 };

static struct outlet outlet;

static int begin(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as a run does */
    alarm(PATIENCE_S);
    return 0;
}

static int end(void **state)
{
    (void)state;
    alarm(0);
    return 0;
}

/* Line n, LINE bytes long. */
static void put(int n)
{
    char line[LINE + 1];
    snprintf(line, sizeof line, "%-*d\n", LINE - 1, n);
    outlet_put(&outlet, line, LINE);
}

/* What can be read now without waiting, behind what text has already. */
static size_t drain(int fd, char *text, size_t used)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    while (poll(&ready, 1, 0) == 1) {
        ssize_t n = read(fd, text + used, CAPACITY - used - 1);
        if (n <= 0) {
            break;
        }
        used += (size_t)n;
    }
    text[used] = '\0';
    return used;
}

/* The numbers of all lines follow one another from 0; returns how many there are.  What
 * is behind them says how many are missing. */
static int check_order(const char *text, int total)
{
    static const char said[] = "quiesce: ";
    int next = 0;
    size_t lost = 0;
    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1) {
        if (strncmp(at, said, sizeof said - 1) == 0) {
            lost = strtoul(at + sizeof said - 1, NULL, 10);
            break;
        }
        assert_int_equal(strtol(at, NULL, 10), next);
        next++;
    }
    assert_int_equal(next + (int)lost, total);
    return next;
}

/* Far more than the way takes: no put waits, what is kept is bounded and in order, what
 * is lost is counted. */
static void never_waits(int out, int in, bool terminal)
{
    static char text[CAPACITY];
    outlet_open(&outlet, out, true);
    assert_int_equal(outlet.terminal, terminal);
    assert_int_equal(outlet_waits(&outlet), -1);
    for (int n = 0; n < LINES; n++) {
        put(n);
    }
    assert_true(outlet.lost > 0 && outlet.length > 0 && outlet.length <= sizeof outlet.held);
    outlet_try(&outlet, "not to be seen\n", 15);
    assert_true(outlet_waits(&outlet) >= 0);
    size_t used = 0;
    while (outlet_waits(&outlet) >= 0) {
        used = drain(in, text, used);
        struct pollfd room = { .fd = outlet_waits(&outlet), .events = POLLOUT };
        assert_int_equal(poll(&room, 1, PATIENCE_S * 1000), 1);
        outlet_push(&outlet);
    }
    used = drain(in, text, used);
    assert_null(strstr(text, "not to be seen"));
    assert_true(check_order(text, LINES) < LINES);
    outlet_try(&outlet, "seen\n", 5);
    drain(in, text, used);
    assert_string_equal(text + used, "seen\n");
    outlet_close(&outlet);
    close(in);
    close(out);
}

static void a_pipe(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    never_waits(ends[1], ends[0], false);
}

static void a_pipe_stays_as_it_is(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    outlet_open(&outlet, ends[1], true);
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0); /* it is the caller's, and others write to it */
    outlet_close(&outlet);
    close(ends[0]);
    close(ends[1]);
}

static void a_socket(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    never_waits(ends[1], ends[0], false);
}

static int open_terminal(int *master)
{
    struct termios mode;
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(*master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0);
    int slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    assert_int_equal(tcgetattr(slave, &mode), 0);
    cfmakeraw(&mode);
    assert_int_equal(tcsetattr(slave, TCSANOW, &mode), 0);
    return slave;
}

static void a_terminal(void **state)
{
    (void)state;
    int master, slave = open_terminal(&master);
    never_waits(slave, master, true);
}

/* Ctrl-S. */
static void a_terminal_that_is_stopped(void **state)
{
    (void)state;
    static char text[CAPACITY];
    int master, slave = open_terminal(&master);
    outlet_open(&outlet, slave, true);
    assert_int_equal(tcflow(slave, TCOOFF), 0);
    put(0);
    put(1);
    outlet_try(&outlet, "not to be seen\n", 15);
    assert_int_equal(drain(master, text, 0), 0);
    assert_int_equal(tcflow(slave, TCOON), 0);
    struct pollfd room = { .fd = outlet_waits(&outlet), .events = POLLOUT };
    assert_int_equal(poll(&room, 1, PATIENCE_S * 1000), 1);
    outlet_push(&outlet);
    drain(master, text, 0);
    assert_int_equal(check_order(text, 2), 2);
    outlet_close(&outlet);
    close(slave);
    close(master);
}

/* Opened again it would be another terminal, at which nobody looks. */
static void the_other_end_of_a_terminal(void **state)
{
    (void)state;
    static char text[CAPACITY];
    int master, slave = open_terminal(&master);
    outlet_open(&outlet, master, true);
    assert_false(outlet.terminal);
    put(0);
    assert_int_equal(drain(slave, text, 0), 0);
    outlet_thawed(&outlet);
    drain(slave, text, 0);
    assert_int_equal(check_order(text, 1), 1);
    outlet_close(&outlet);
    close(slave);
    close(master);
}

static void a_reader_that_goes(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    outlet_open(&outlet, ends[1], true);
    for (int n = 0; n < LINES; n++) {
        put(n);
    }
    close(ends[0]);
    outlet_push(&outlet);
    assert_int_equal(outlet_waits(&outlet), -1); /* or poll(2) would never sleep again */
    put(0);
    assert_int_equal(outlet.length, 0);
    outlet_close(&outlet);
    close(ends[1]);
}

static void nothing_there(void **state)
{
    (void)state;
    outlet_open(&outlet, -1, true);
    put(0);
    outlet_try(&outlet, "x", 1);
    assert_int_equal(outlet_waits(&outlet), -1);
    outlet_close(&outlet);
}

static void a_file(void **state)
{
    (void)state;
    static char text[CAPACITY];
    int fd = memfd_create("file", MFD_CLOEXEC);
    outlet_open(&outlet, fd, true);
    for (int n = 0; n < LINES; n++) {
        put(n);
    }
    outlet_push(&outlet);
    assert_int_equal(outlet_waits(&outlet), -1);
    assert_int_equal(lseek(fd, 0, SEEK_END), 0);
    outlet_thawed(&outlet);
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    assert_true(n > 0);
    assert_int_equal(check_order(text, LINES), OUTLET_HELD_MAX / LINE);
    outlet_close(&outlet);
    close(fd);
}

/* The end waits for the reader, as any program does, and says everything. */
static void all_of_it_at_the_end(void **state)
{
    (void)state;
    static char text[CAPACITY];
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0); /* a caller's own that does not block: waited for as well */
    outlet_open(&outlet, ends[1], true);
    for (int n = 0; n < LINES; n++) {
        put(n);
    }
    pid_t child = fork();
    if (child == 0) {
        outlet_close(&outlet);
        put(-1); /* said when all was over */
        _exit(0);
    }
    outlet.length = outlet.lost = 0; /* the child's now */
    outlet_close(&outlet);
    close(ends[1]);
    size_t used = 0;
    ssize_t n;
    assert_int_equal(fcntl(ends[0], F_SETFL, 0), 0);
    while ((n = read(ends[0], text + used, sizeof text - used - 1)) > 0) {
        used += (size_t)n;
    }
    text[used] = '\0';
    assert_true(check_order(text, LINES) < LINES);
    assert_non_null(strstr(text, "\n-1 "));
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pipe, begin, end),
        cmocka_unit_test_setup_teardown(a_pipe_stays_as_it_is, begin, end),
        cmocka_unit_test_setup_teardown(a_socket, begin, end),
        cmocka_unit_test_setup_teardown(a_terminal, begin, end),
        cmocka_unit_test_setup_teardown(a_terminal_that_is_stopped, begin, end),
        cmocka_unit_test_setup_teardown(the_other_end_of_a_terminal, begin, end),
        cmocka_unit_test_setup_teardown(a_reader_that_goes, begin, end),
        cmocka_unit_test_setup_teardown(nothing_there, begin, end),
        cmocka_unit_test_setup_teardown(a_file, begin, end),
        cmocka_unit_test_setup_teardown(all_of_it_at_the_end, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

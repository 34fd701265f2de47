/*
 * Arguments of system calls in words: numbers, flags, requests, what pointers lead to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/call_text.h"
#include "base/call_words.h"
#include "base/syscall_names.h"
#include "base/utf8.h"

const char program_name[] = "test-call-text";

enum { SOME = 0x1000 }; /* an address */
#define AT_CWD (uint32_t)AT_FDCWD

static const struct {
    const char *call;
    uint64_t args[6];
    const char *text;
} scalars[] = {
    { "ioctl", { 3, TIOCSTI, SOME }, "TIOCSTI" },
    { "ioctl", { 3, TIOCSTI | 7ull << 32, SOME }, "TIOCSTI" }, /* the kernel looks at 32 bits */
    { "ioctl", { 3, 0xc0045877 }, "FIFREEZE" },
    { "ioctl", { 3, LOOP_CONFIGURE }, "LOOP_CONFIGURE" },
    { "ioctl", { 3, 0x4711 }, "0x4711" },
    { "ioctl", { 3, 0xc0045107 }, "0xc0045107 (read and write, type 0x51, number 7, 4 bytes)" },
    { "ioctl", { 3, 0x40085102 }, "0x40085102 (write, type 0x51, number 2, 8 bytes)" },
    { "clone", { SIGCHLD }, "SIGCHLD" },
    { "clone", { CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD }, "CLONE_NEWNS|CLONE_NEWUSER|SIGCHLD" },
    { "unshare", { CLONE_NEWPID | 0x80 }, "CLONE_NEWPID|CLONE_NEWTIME" },
    { "unshare", { 0 }, "0" },
    { "socket", { AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 17 }, "AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC, 17" },
    { "socket", { 99, 9 }, "0x63, 0x9, 0" },
    { "setresuid", { 0, UINT32_MAX, 1000 }, "0, -1, 1000" },
    { "kill", { (uint32_t)-7, SIGKILL }, "-7, SIGKILL" },
    { "fcntl", { 3, F_SETOWN, 5 }, "F_SETOWN, 0x5" },
    { "mmap", { 0, 4096, 7, 0x22 }, "PROT_READ|PROT_WRITE|PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS" },
    { "mprotect", { 0, 4096, 0 }, "PROT_NONE" },
    { "personality", { 0xffffffff }, "query" },
    { "reboot", { 0xfee1dead, 672274793, 0x4321fedc }, "LINUX_REBOOT_CMD_POWER_OFF" },
    { "vhangup", { 1, 2, 3 }, "" },
    { "getpid", { 1, 2, 3 }, "..." }, /* not in the table */
    { "openat", { AT_CWD, 0, O_WRONLY | O_CREAT, 0644 }, "NULL, O_WRONLY|O_CREAT, 0644" },
    { "openat", { AT_CWD, 0, O_RDWR, 0644 }, "NULL, O_RDWR" },
    { "openat", { 5, SOME, 0 }, "5, <not readable>, O_RDONLY" },
};

static const char *say(const char *call, const uint64_t args[6], const struct call_memory *memory)
{
    static char text[640];
    static const struct call_memory none[CALL_MEMORIES];

    call_text(text, sizeof(text), CALL_ARCH, (uint32_t)syscall_number(call), args, memory ? memory : none);
    assert_true(utf8_valid(text, strlen(text)));
    return text;
}

static void numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++)
        assert_string_equal(say(scalars[i].call, scalars[i].args, NULL), scalars[i].text);
}

static void foreign(void **state)
{
    const uint64_t args[6] = {0};
    const struct call_memory none[CALL_MEMORIES] = {0};
    char text[64];

    (void)state;
    call_text(text, sizeof(text), CALL_ARCH ^ 1, __NR_kill, args, none);
    assert_string_equal(text, "...");
    call_text(text, sizeof(text), CALL_ARCH, 100000, args, none);
    assert_string_equal(text, "...");
}

static struct call_memory memory(enum call_memory_state state, const char *bytes, size_t length)
{
    struct call_memory m = {.state = (uint16_t)state, .length = (uint16_t)length};

    memcpy(m.bytes, bytes, length);
    return m;
}

static void pointers(void **state)
{
    const uint64_t args[6] = {AT_CWD, SOME, 0750}, two[6] = {SOME, SOME, SOME, 1};
    struct call_memory m[CALL_MEMORIES] = {0};

    (void)state;
    m[0] = memory(MEMORY_READ, "/a b", 4);
    assert_string_equal(say("mkdirat", args, m), "\"/a b\", 0750");
    m[0].state = MEMORY_CUT;
    assert_string_equal(say("mkdirat", args, m), "\"/a b\"..., 0750");
    m[0].state = MEMORY_FAULT;
    assert_string_equal(say("mkdirat", args, m), "<bad address>, 0750");
    m[0].state = MEMORY_CLOSED;
    assert_string_equal(say("mkdirat", args, m), "<not readable>, 0750");
    m[0] = memory(MEMORY_READ, "\"\\\n\t\x1b\xff\xc3\xa9", 8);
    assert_string_equal(say("mkdirat", args, m), "\"\\\"\\\\\\n\\t\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9\", 0750");
    m[0] = memory(MEMORY_READ, "a", 1);
    m[1] = memory(MEMORY_READ, "b", 1);
    m[2] = memory(MEMORY_FAULT, "", 0);
    assert_string_equal(say("mount", two, m), "\"a\", \"b\", <bad address>, MS_RDONLY");
}

/* What does not fit is left out by whole characters. */
static void long_text(void **state)
{
    const uint64_t args[6] = {SOME, SOME, SOME};
    struct call_memory m[CALL_MEMORIES];
    const char *text;
    size_t length;

    (void)state;
    memset(m, 0xc3, sizeof(m)); /* each byte becomes a character of three */
    for (size_t i = 0; i < CALL_MEMORIES; i++) {
        m[i].state = MEMORY_CUT;
        m[i].length = CALL_MEMORY_MAX;
    }
    text = say("mount", args, m);
    length = strlen(text);
    assert_in_range(length, 632, 639);
    assert_string_equal(text + length - 3, "...");
}

static void addresses(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *text;
    } rows[] = {
        { "\x02\0\x15\x38\x0a\0\0\x01\0\0\0\0\0\0\0\0", 16, "AF_INET 10.0.0.1:5432" },
        { "\x02\0\x15\x38\x0a\0\0", 7, "AF_INET" }, /* too short */
        { "\x0a\0\0\x50\0\0\0\0\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0", 28, "AF_INET6 [2001:db8::1]:80" },
        { "\x01\0/run/x\0junk", 13, "AF_UNIX \"/run/x\"" },
        { "\x01\0/run/x", 8, "AF_UNIX \"/run/x\"" }, /* without a NUL */
        { "\x01\0\0abc\0d", 8, "AF_UNIX \"@abc\xef\xbf\xbd" "d\"" },
        { "\x01\0", 2, "AF_UNIX unnamed" },
        { "\x01", 1, "..." },
        { "\x10\0\0\0\x07\0\0\0\x01\0\0\0", 12, "AF_NETLINK port 7 groups 0x1" },
        { "\x28\0\0\0\x39\x30\0\0\x02\0\0\0\0\0\0\0", 16, "AF_VSOCK 2:12345" },
        { "\x11\0\0\x03\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, "AF_PACKET interface 5" },
        { "\x4d\0\0\0", 4, "0x4d" },
    };
    struct call_memory m[CALL_MEMORIES] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const uint64_t args[6] = {3, SOME, rows[i].length};

        m[0] = memory(MEMORY_READ, rows[i].bytes, rows[i].length);
        assert_string_equal(say("connect", args, m), rows[i].text);
    }
}

static void structures(void **state)
{
    const uint64_t args[6] = {SOME, 88}, how[6] = {AT_CWD, SOME, SOME, 24};
    const uint64_t clone_flags = CLONE_NEWUSER | CLONE_INTO_CGROUP, open_flags = O_RDWR | O_CLOEXEC;
    struct call_memory m[CALL_MEMORIES] = {0};

    (void)state;
    m[0] = memory(MEMORY_READ, (const char *)&clone_flags, 8);
    assert_string_equal(say("clone3", args, m), "CLONE_NEWUSER|0x200000000");
    m[0].length = 7;
    assert_string_equal(say("clone3", args, m), "...");
    m[0] = memory(MEMORY_READ, "f", 1);
    m[1] = memory(MEMORY_READ, (const char *)&open_flags, 8);
    assert_string_equal(say("openat2", how, m), "\"f\", O_RDWR|O_CLOEXEC");
}

/* What is read of a process, and never more. */
static void wants(void **state)
{
    static const struct {
        const char *call;
        uint64_t args[6];
        unsigned count;
        struct call_want wants[CALL_MEMORIES];
    } rows[] = {
        { "mount", { 1, 2, 3 }, 3, { { 0, 1, 256 }, { 1, 1, 256 }, { 2, 1, 256 } } },
        { "connect", { 3, SOME, 16 }, 1, { { 1, 0, 16 } } },
        { "connect", { 3, SOME, 5000 }, 1, { { 1, 0, 128 } } },
        { "connect", { 3, SOME, 0 }, 0, { { 0, 0, 0 } } },
        { "connect", { 3, SOME, 1ull << 32 | 8 }, 1, { { 1, 0, 8 } } },
        { "sendto", { 3, SOME, 100, 0, SOME, 16 }, 1, { { 4, 0, 16 } } }, /* not what is sent */
        { "write", { 3, SOME, 100 }, 0, { { 0, 0, 0 } } },
        { "clone3", { SOME, 88 }, 1, { { 0, 0, 8 } } },
        { "kill", { 1, 9 }, 0, { { 0, 0, 0 } } },
    };
    struct call_want got[CALL_MEMORIES];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(got, 0, sizeof(got));
        assert_int_equal(call_wants((uint32_t)syscall_number(rows[i].call), rows[i].args, got), rows[i].count);
        assert_memory_equal(got, rows[i].wants, sizeof(got[0]) * rows[i].count);
    }
}

/* Every row of the table: each kind has words, no call stands twice, none wants more
 * memory than is read. */
static void table(void **state)
{
    unsigned listed = 0;

    (void)state;
    for (uint32_t number = 0; number < 512; number++) {
        const uint8_t *kinds = call_arguments(number);
        unsigned pointers_of = 0;

        for (size_t i = 0; kinds && i < CALL_ARGUMENTS; i++) {
            size_t count = 1;

            assert_in_range(kinds[i], ARG_END, CALL_ARGUMENT_KINDS - 1);
            if (kinds[i] >= ARG_WORDS)
                assert_non_null(call_words((enum call_argument)kinds[i], &count));
            assert_int_not_equal(count, 0);
            pointers_of += kinds[i] == ARG_STRING || kinds[i] == ARG_ADDRESS;
        }
        assert_in_range(pointers_of, 0, CALL_MEMORIES);
        listed += kinds != NULL;
    }
    assert_in_range(listed, 150, 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers), cmocka_unit_test(foreign), cmocka_unit_test(pointers), cmocka_unit_test(long_text),
        cmocka_unit_test(addresses), cmocka_unit_test(structures), cmocka_unit_test(wants), cmocka_unit_test(table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

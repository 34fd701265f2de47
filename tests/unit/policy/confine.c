/*
 * The children that touch documents: they answer, and can do nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy/confine.h"

const char program_name[] = "confine";

enum { WORDS = 20000 };
struct numbers {
    uint32_t count, words[WORDS];
};

static void fill(void *answer, const void *context)
{
    struct numbers *n = answer;
    const uint32_t *first = context;
    assert_int_equal(n->count, 0);
    for (n->count = 0; n->count < WORDS; n->count++) {
        n->words[n->count] = *first + n->count;
    }
}

static void answers(void **state)
{
    (void)state;
    static struct numbers n;
    const uint32_t first = 7;
    assert_int_equal(confined_run("test", fill, &first, &n, sizeof n), 0);
    assert_int_equal(n.count, WORDS);
    assert_int_equal(n.words[WORDS - 1], 7 + WORDS - 1);
}

/* Each is a way out that is closed; what returns from it says so in the answer. */
static void open_file(void *answer, const void *context)
{
    *(int *)answer = open(context, O_RDONLY);
}
static void make_socket(void *answer, const void *context)
{
    (void)context;
    *(int *)answer = socket(AF_INET, SOCK_STREAM, 0);
}
static void execute(void *answer, const void *context)
{
    char *const none[] = { NULL };
    *(int *)answer = execve(context, none, none);
}
static void signal_parent(void *answer, const void *context)
{
    (void)context;
    *(int *)answer = (int)syscall(SYS_kill, 1, 0);
}
static void end_badly(void *answer, const void *context)
{
    (void)answer;
    (void)context;
    (void)syscall(SYS_exit_group, 3); /* a sanitizer makes calls of its own before _exit(3) */
}

/* Standard error is where a child complains; here it goes to a pipe. */
static void fails(confined_work *work, const void *context, const char *message)
{
    int ends[2], answer = -7, before = dup(STDERR_FILENO);
    char text[256] = "";
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    int status = confined_run("test", work, context, &answer, sizeof answer);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    assert_true(n > 0);
    assert_int_equal(status, -1);
    assert_int_equal(answer, -7);
    assert_non_null(strstr(text, message));
}

static void ways_out(void **state)
{
    (void)state;
    fails(open_file, "/etc/passwd", "test: the process that reads it was ended by SIGSYS: it did");
    fails(make_socket, NULL, "SIGSYS");
    fails(execute, "/bin/true", "SIGSYS");
    fails(signal_parent, NULL, "SIGSYS");
    fails(end_badly, NULL, "test: the process that reads it failed (wait status 768)");
}

/* Descriptors: nothing but standard error; what was open here is not there. */
static void look_around(void *answer, const void *context)
{
    bool *open_there = answer;
    (void)context;
    for (int fd = 0; fd < 64; fd++) {
        /* close(2) is what the filter lets it ask. */
        open_there[fd] = fd != STDERR_FILENO && close(fd) == 0;
    }
}

static void descriptors(void **state)
{
    (void)state;
    bool open_there[64];
    int extra = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(extra >= 0);
    assert_int_equal(confined_run("test", look_around, NULL, open_there, sizeof open_there), 0);
    for (int fd = 0; fd < 64; fd++) {
        assert_false(open_there[fd]);
    }
    close(extra);
}

/* More memory than any document needs. */
static void take_memory(void *answer, const void *context)
{
    (void)context;
    char *bytes = malloc(200u << 20);
    *(int *)answer = bytes != NULL ? 1 : 2;
    free(bytes);
}

static void memory(void **state)
{
    (void)state;
    int answer = 0;
#ifdef __SANITIZE_ADDRESS__
    /* Its allocator ends the process instead. */
    assert_int_equal(confined_run("test", take_memory, NULL, &answer, sizeof answer), -1);
#else
    assert_int_equal(confined_run("test", take_memory, NULL, &answer, sizeof answer), 0);
    assert_int_equal(answer, 2);
#endif
}

int main(void)
{
    /* Of confine_self() what a filter needs. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),     cmocka_unit_test(ways_out),
        cmocka_unit_test(descriptors), cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What a person sees of a run: the live line, the lines per step, and that
 * nothing is written to a file before file systems are thawed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "front/progress.h"

static const struct {
    struct msg_progress message;
    uint64_t took_ns;
    const char *line;
} lines[] = {
    { { .step = STEP_PRE, .kind = PROGRESS_BEGIN, .plugin = "db" }, 0, "" },
    { { .step = STEP_PRE, .kind = PROGRESS_END, .plugin = "db", .attempt = 1, .at_ns = 1500000000 }, 2500000,
      "   1.5000 s  pre-script db: done in 0.0025 s\n" },
    { { .step = STEP_PRE, .kind = PROGRESS_END, .failed = 1, .plugin = "db", .attempt = 3, .text = "exit 7" }, NS_PER_S,
      "   0.0000 s  pre-script db, try 3: FAILED after 1.0000 s: exit 7\n" },
    { { .step = STEP_POST, .kind = PROGRESS_STILL, .plugin = "db", .attempt = 1, .budget_ns = 27 * NS_PER_S, .at_ns = 3 * NS_PER_S }, 0,
      "   3.0000 s  post-script db: goes on, 27.0 s left\n" },
    { { .step = STEP_FREEZE, .kind = PROGRESS_WARNING, .text = "x\033[31m" }, 0, "   0.0000 s  freeze: warning: x\\x1b[31m\n" },
    { { .step = STEP_THAW, .kind = PROGRESS_END }, 0, "   0.0000 s  thaw: done in 0.0000 s\n" },
    { { .step = STEP_FREEZE, .kind = PROGRESS_END }, PROGRESS_UNKNOWN, "   0.0000 s  freeze: done\n" },
    { { .step = STEP_PRE, .kind = PROGRESS_END, .failed = 1 }, PROGRESS_UNKNOWN, "   0.0000 s  pre-scripts: FAILED\n" },
    { { .step = STEP_LOAD, .kind = PROGRESS_END, .plugin = "\033]0;x\007" }, 0,
      "   0.0000 s  documents \\x1b]0;x\\x07: done in 0.0000 s\n" },
};

static void step_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char line[PROGRESS_LINE_MAX];
        size_t n = progress_step_line(line, &lines[i].message, lines[i].took_ns);
        assert_string_equal(line, lines[i].line);
        assert_int_equal(n, strlen(line));
    }
}

static void longest_line_ends(void **state)
{
    (void)state;
    struct msg_progress m = { .step = STEP_PRE, .kind = PROGRESS_END, .attempt = UINT32_MAX, .at_ns = UINT64_MAX };
    memset(m.plugin, '\033', sizeof m.plugin - 1);
    memset(m.text, '\033', sizeof m.text - 1);
    char line[PROGRESS_LINE_MAX];
    size_t n = progress_step_line(line, &m, UINT64_MAX);
    assert_true(n < sizeof line);
    assert_int_equal(line[n - 1], '\n');
}

static void live_line(void **state)
{
    (void)state;
    static struct progress p;
    char line[PROGRESS_LINE_MAX];
    assert_int_equal(progress_live_line(line, &p, 0, 80), 0);

    p.active_count = 1;
    p.active[0] = (struct progress_step){ .step = STEP_SNAPSHOT, .began_ns = NS_PER_S };
    progress_live_line(line, &p, 3 * NS_PER_S + NS_PER_S / 2, 80);
    assert_string_equal(line, "snapshot  2.5 s");

    p.active[0].told_ns = 2 * NS_PER_S;
    p.active[0].budget_ns = 60 * NS_PER_S;
    progress_live_line(line, &p, 4 * NS_PER_S, 80);
    assert_string_equal(line, "snapshot  3.0 s, 58.0 s left");
    progress_live_line(line, &p, 100 * NS_PER_S, 80);
    assert_string_equal(line, "snapshot  99.0 s, 0.0 s left");

    p.active_count = 2;
    p.active[1] = (struct progress_step){ .step = STEP_PRE, .attempt = 2, .plugin = "a\033b" };
    progress_live_line(line, &p, NS_PER_S, 80);
    assert_string_equal(line, "pre-script a\\x1bb, try 2 and 1 more  1.0 s");
    p.active[0] = (struct progress_step){ .step = STEP_PRE };
    progress_live_line(line, &p, NS_PER_S, 80);
    assert_string_equal(line, "pre-script a\\x1bb, try 2  1.0 s");
    progress_budget(&p, STEP_PRE, 9 * NS_PER_S, NS_PER_S);
    progress_budget(&p, STEP_POST, 1, NS_PER_S);
    progress_live_line(line, &p, 2 * NS_PER_S, 80);
    assert_string_equal(line, "pre-script a\\x1bb, try 2  2.0 s, 8.0 s left");
    for (unsigned columns = 0; columns < 120; columns++) {
        size_t n = progress_live_line(line, &p, NS_PER_S, columns);
        assert_true(n < (columns < 20 ? 20 : columns));
    }
}

static void message(struct progress *p, uint8_t step, uint8_t kind, const char *plugin)
{
    struct msg_progress m = { .step = step, .kind = kind };
    snprintf(m.plugin, sizeof m.plugin, "%s", plugin);
    progress_message(p, &m, 0);
}

static off_t size_of(int fd)
{
    return lseek(fd, 0, SEEK_END);
}

/* A regular file may lie on what is frozen, and when that begins cannot be known here:
 * the supervisor does not wait for its messages to be read. */
static void a_file_is_told_after_the_thaw(void **state)
{
    (void)state;
    static struct progress p;
    int fd = memfd_create("stderr", MFD_CLOEXEC);
    assert_true(fd >= 0);
    progress_start(&p, fd, false, true);
    assert_false(p.outlet.terminal);
    message(&p, STEP_PRE, PROGRESS_END, "");
    message(&p, STEP_FLUSH, PROGRESS_BEGIN, "");
    message(&p, STEP_FREEZE, PROGRESS_END, "");
    message(&p, STEP_SNAPSHOT, PROGRESS_WARNING, "");
    progress_say(&p, "a word");
    assert_int_equal(size_of(fd), 0);
    message(&p, STEP_THAW, PROGRESS_END, "");
    off_t thawed = size_of(fd);
    assert_true(thawed > 0);
    progress_say(&p, "another");
    assert_true(size_of(fd) > thawed);
    char text[4096] = "";
    assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
    assert_non_null(strstr(text, "quiesce: a word\n"));
    progress_end(&p);
    close(fd);
}

static void a_file_is_told_after_a_freeze_that_failed(void **state)
{
    (void)state;
    static struct progress p;
    int fd = memfd_create("stderr", MFD_CLOEXEC);
    progress_start(&p, fd, false, true);
    struct msg_progress m = { .step = STEP_FREEZE, .kind = PROGRESS_END, .failed = 1 };
    progress_message(&p, &m, 0);
    assert_true(size_of(fd) > 0);
    progress_end(&p);
    close(fd);
}

static void a_file_is_told_at_once_where_nothing_freezes(void **state)
{
    (void)state;
    static struct progress p;
    int fd = memfd_create("stderr", MFD_CLOEXEC);
    progress_start(&p, fd, false, false);
    message(&p, STEP_LOAD, PROGRESS_WARNING, "");
    assert_true(size_of(fd) > 0);
    progress_end(&p);
    close(fd);
}

static void tells_a_pipe_at_once(void **state)
{
    (void)state;
    static struct progress p;
    int ends[2];
    char text[512];
    assert_int_equal(pipe(ends), 0);
    progress_start(&p, ends[1], false, true);
    message(&p, STEP_FREEZE, PROGRESS_BEGIN, "");
    message(&p, STEP_FREEZE, PROGRESS_END, "");
    assert_true(read(ends[0], text, sizeof text) > 0);
    progress_end(&p);
    close(ends[0]);
    close(ends[1]);
}

/* Steps of several plugins begin and end in any order; more than fit are no harm. */
static void several_at_once(void **state)
{
    (void)state;
    static struct progress p;
    int fd = memfd_create("stderr", MFD_CLOEXEC);
    char name[16];
    progress_start(&p, fd, true, true);
    for (int i = 0; i < PROGRESS_ACTIVE_MAX + 3; i++) {
        snprintf(name, sizeof name, "p%d", i);
        message(&p, STEP_PRE, PROGRESS_BEGIN, name);
        message(&p, STEP_PRE, PROGRESS_STILL, name);
    }
    assert_int_equal(p.active_count, PROGRESS_ACTIVE_MAX);
    message(&p, STEP_PRE, PROGRESS_END, "p3");
    message(&p, STEP_PRE, PROGRESS_END, "p3");
    assert_int_equal(p.active_count, PROGRESS_ACTIVE_MAX - 1);
    assert_string_equal(p.active[3].plugin, "p4");
    assert_int_equal(size_of(fd), 0); /* quiet */
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_lines),
        cmocka_unit_test(longest_line_ends),
        cmocka_unit_test(live_line),
        cmocka_unit_test(a_file_is_told_after_the_thaw),
        cmocka_unit_test(a_file_is_told_after_a_freeze_that_failed),
        cmocka_unit_test(a_file_is_told_at_once_where_nothing_freezes),
        cmocka_unit_test(tells_a_pipe_at_once),
        cmocka_unit_test(several_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

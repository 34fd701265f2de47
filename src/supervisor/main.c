/*
 * quiesce-supervisor: the run itself - order, deadlines, retries, output, journal, outcome.
 *
 * Started by the monitor with these descriptors:
 *   0, 1  /dev/null                    5  socket to the launcher
 *   2     log pipe to the front        6  the report: memfd of sizeof(struct report)
 *   3     socket to the monitor        7  journal, for appending, or /dev/null
 *   4     socket to the front          8  journal, for reading, or /dev/null
 *   15    the empty root
 *
 * Runs as a uid of its own without any capability, in an empty root, behind
 * policy/roles/supervisor.json.  It can open nothing and start nothing: it says
 * to the launcher which of the verified scripts to start, and to the monitor when
 * to freeze and to thaw.
 */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/fatal.h"
#include "quiesce/outcome.h"
#include "run.h"

const char program_name[] = "quiesce-supervisor";

enum { FD_MONITOR = ROLE_FD_CONTROL, FD_FRONT, FD_LAUNCHER, FD_REPORT, FD_JOURNAL_APPEND, FD_JOURNAL_READ };

static const struct sock_filter role_filter[] = {
#include "filter_supervisor.inc"
};

static const struct role role = {
    .id = ROLE_SUPERVISOR,
    .last_fd = FD_JOURNAL_READ,
    .nofile = 1024,          /* nine for each script that runs or has left something running */
    .nproc = 1,
    .memory = 1u << 30,      /* the report is 40 MB, and as JSON a few times that if it is full */
    .may_write_files = true, /* the journal */
    .works_frozen = true,
    .filter = role_filter,
    .filter_length = sizeof(role_filter) / sizeof(role_filter[0]),
};

int main(void)
{
    static struct run run; /* large; only the pages that are used count */
    static const struct run_fds fds = {FD_MONITOR, FD_FRONT, FD_LAUNCHER, FD_REPORT, FD_JOURNAL_APPEND, FD_JOURNAL_READ};

    role_begin();
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        fatal("cannot ignore a signal", 0);
    drop_privileges(&role);
    run_start(&run, &fds);
    while (run_turn(&run))
        continue;
    return 0;
}

#include "reports.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/report.h"
#include "quiesce/outcome.h"

void report_place(int fd, const char run_id[WIRE_RUN_ID_MAX], bool failed, bool held)
{
    int file = memfd_create("report", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct report *r;

    if (file < 0 || ftruncate(file, sizeof(*r)) != 0) {
        fuzz_fail(__FILE__, __LINE__, "no report");
    }
    r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    FUZZ_CHECK(r != MAP_FAILED, "no report");
    r->version = REPORT_VERSION;
    r->finished = 1;
    memcpy(r->run_id, run_id, sizeof(r->run_id));
    r->mode = MODE_RUN;
    r->outcome = failed ? OUTCOME_PRE_FAILED : OUTCOME_APP_CONSISTENT;
    r->grade = failed ? GRADE_NONE : GRADE_APPLICATION;
    r->exit_status = failed ? outcome_table[OUTCOME_PRE_FAILED].exit_stop : 0;
    r->held.held = held;
    r->message = report_text_add_string(r, failed ? "A pre-script failed." : "All went well.");
    FUZZ_CHECK(report_valid(r, sizeof(*r)), "the harness's report is not valid");
    munmap(r, sizeof(*r));
    if (fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0 ||
        dup3(file, fd, O_CLOEXEC) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no report");
    }
    close(file);
}

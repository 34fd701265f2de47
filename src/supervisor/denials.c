/*
 * denials.c - the record of the system calls that a script's filter refused.
 */
#include "denials.h"

#include <string.h>

#include "attempt.h"
#include "base/call_text.h"
#include "base/fatal.h"
#include "base/utf8.h"

enum { ERRNO_MAX = 4095 };

static bool alike(const struct report_denied *a, const struct report_denied *b)
{
    return a->attempt == b->attempt && a->number == b->number && a->arch == b->arch && a->error == b->error &&
           a->only_counted == b->only_counted && strcmp(a->comm, b->comm) == 0 && strcmp(a->text, b->text) == 0;
}

void denials_record(struct report *r, const struct report_denied *call)
{
    struct report_attempt *attempt = &r->attempts[call->attempt];
    uint32_t rows = 0;

    attempt->denied_total += call->count;
    for (uint32_t i = r->denied_count; i-- > 0;) {
        struct report_denied *row = &r->denied[i];

        if (alike(row, call)) {
            row->count += call->count;
            return;
        }
        rows += row->attempt == call->attempt;
    }
    if (r->denied_count == REPORT_DENIED_MAX || rows >= REPORT_DENIED_PER_ATTEMPT) {
        attempt->recorder_full = 1;
        return;
    }
    r->denied[r->denied_count++] = *call;
}

static bool memory_ok(const struct msg_denied *m)
{
    for (size_t i = 0; i < CALL_MEMORIES; i++)
        if (m->memory[i].state >= MEMORY_STATES || m->memory[i].length > CALL_MEMORY_MAX)
            return false;
    return true;
}

void denials_told(struct run *run, const struct hook *hook, const struct msg_denied *m)
{
    struct report_denied row = {
        .attempt = hook->row, .number = m->number, .arch = m->arch, .error = m->error, .count = 1};

    if (m->error == 0 || m->error > ERRNO_MAX || !memory_ok(m))
        fatal("a DENIED out of its bounds", 0);
    memcpy(row.args, m->args, sizeof(row.args));
    call_text(row.text, sizeof(row.text), m->arch, m->number, m->args, m->memory);
    utf8_sanitize(row.comm, sizeof(row.comm), m->comm, strnlen(m->comm, sizeof(m->comm)));
    if (m->last != 0)
        attempt_row(run, hook)->recorder_full = 1;
    denials_record(run->report, &row);
}

void denials_counted(struct run *run, const struct hook *hook, const struct msg_denied_more *m)
{
    const struct report_denied row = {
        .attempt = hook->row, .number = m->number, .arch = m->arch, .count = m->count, .only_counted = 1};

    if (m->number >= DENIED_NUMBERS || m->count == 0)
        fatal("a DENIED_MORE out of its bounds", 0);
    denials_record(run->report, &row);
}

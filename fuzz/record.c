/*
 * The record of a run that was killed, as "recover" and the next run read it.
 *
 * An input is a program: the first two bytes say how long what is looked at is, and what then
 * follows are changes of a record that holds, {offset, 2 bytes; length, 1 byte; bytes}, since a
 * whole one has 74 KB.  What is believed must be within what quiesce/record.h says of it, by
 * a check of its own here; of what lies behind the length that was read nothing may depend.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "front/record.h"
#include "front/undo.h"
#include "fuzz.h"

const char program_name[] = "fuzz-record";

enum { WHOLE = 0xFFFF };

/* Two file systems, one of them frozen and the other about to be; the switch is at 1. */
static void begin(struct run_record *r)
{
    static const char run_id[] = "0123456789abcdef0123456789abcdef";
    static const char boot_id[] = "01234567-89ab-cdef-0123-456789abcdef";

    memset(r, 0, sizeof(*r));
    memcpy(r->magic, RUN_RECORD_MAGIC, sizeof(RUN_RECORD_MAGIC));
    r->version = RECORD_VERSION;
    r->size = sizeof(*r);
    memcpy(r->boot_id, boot_id, sizeof(boot_id));
    memcpy(r->run_id, run_id, sizeof(run_id));
    r->has_cgroup = 1;
    r->expedited_length = 2;
    memcpy(r->expedited, "0\n", 2);
    r->wanted = 3;
    r->count = 2;
    r->switched = 1;
    r->deadline_boottime_ns = 1;
    for (unsigned i = 0; i < 2; i++) {
        r->fs[i].state = i == 0 ? FS_FROZEN : FS_FREEZING;
        memcpy(r->fs[i].mount_point, i == 0 ? "/a" : "/b", 3);
    }
}

/* The changes; offsets near the end of the fixed part are as likely as those in the table. */
static void change(struct run_record *r, const char *bytes, size_t n)
{
    while (n >= 3) {
        size_t at = ((size_t)(uint8_t)bytes[0] << 8 | (uint8_t)bytes[1]) * 2 % sizeof(*r);
        size_t length = (uint8_t)bytes[2];
        at = bytes[2] & 1 ? at / 2 % offsetof(struct run_record, fs[3]) : at;
        length = length < n - 3 ? length : n - 3;
        length = length < sizeof(*r) - at ? length : sizeof(*r) - at;
        memcpy((char *)r + at, bytes + 3, length);
        bytes += 3 + length;
        n -= 3 + length;
    }
}

static bool is_of(const char *text, size_t length, const char *characters)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\0' || !strchr(characters, text[i])) {
            return false;
        }
    }
    return text[length] == '\0';
}

static void check_believed(const struct run_record *r, size_t size)
{
    FUZZ_CHECK(size == sizeof(*r) && r->size == sizeof(*r) && r->version == RECORD_VERSION && r->reserved == 0 &&
                   memcmp(r->magic, RUN_RECORD_MAGIC, sizeof(r->magic)) == 0, "no record of this version");
    FUZZ_CHECK(is_of(r->boot_id, 36, "0123456789abcdef-"), "a boot id of other characters");
    FUZZ_CHECK(is_of(r->run_id, 32, "0123456789abcdef"), "a run id of other characters, of which a path is made");
    FUZZ_CHECK(r->has_cgroup <= 1 && r->over <= 1 && r->switched <= 1, "a flag that is none");
    FUZZ_CHECK(r->count <= PLAN_FS_MAX && r->wanted <= PLAN_FS_MAX + 1, "%u of %u file systems", r->count, r->wanted);
    FUZZ_CHECK(r->expedited_length <= RECORD_EXPEDITED_MAX && (!r->switched || r->expedited_length > 0),
               "no value for the switch");
    for (unsigned i = 0; i < r->expedited_length; i++) {
        FUZZ_CHECK(r->expedited[i] == '\n' || r->expedited[i] == '-' || (r->expedited[i] >= '0' && r->expedited[i] <= '9'),
                   "a value for the switch that is no number");
    }
    for (unsigned i = 0; i < PLAN_FS_MAX; i++) {
        const struct record_fs *fs = &r->fs[i];
        FUZZ_CHECK(fs->state < FS_STATES && memchr(fs->mount_point, '\0', sizeof(fs->mount_point)), "file system %u", i);
        FUZZ_CHECK(i < r->count ? fs->mount_point[0] == '/' : fs->state == FS_IDLE, "file system %u of %u", i, r->count);
    }
}

/* Whoever believes that nothing is to be taken back leaves nothing. */
static void check_needed(const struct run_record *r)
{
    bool needed = r->switched == 1;

    for (unsigned i = 0; i < PLAN_FS_MAX; i++) {
        needed = needed || r->fs[i].state == FS_FREEZING || r->fs[i].state == FS_FROZEN;
    }
    FUZZ_CHECK(undo_needed(r) == needed, "what is left is %s taken back", needed ? "not" : "needlessly");
}

static void run(const char *bytes, size_t n)
{
    static struct run_record whole; /* large */
    size_t size = n >= 2 ? (size_t)(uint8_t)bytes[0] << 8 | (uint8_t)bytes[1] : WHOLE;
    struct run_record *read;
    const char *why;

    begin(&whole);
    if (n > 2) {
        change(&whole, bytes + 2, n - 2);
    }
    size = size == WHOLE ? sizeof(whole) : size % (sizeof(whole) + 2);
    /* recover never has less than one of these: what was not read is zeros. */
    read = calloc(1, sizeof(*read));
    if (!read) {
        abort();
    }
    memcpy(read, &whole, size < sizeof(whole) ? size : sizeof(whole));
    fuzz_meter_start();
    why = record_wrong(read, size);
    fuzz_meter_stop();
    if (why) {
        FUZZ_CHECK(why[0] != '\0', "refused without a reason");
    } else {
        check_believed(read, size);
        FUZZ_CHECK(record_is_stale(read), "a record of a boot that never was is believed to be of this one");
        check_needed(read);
    }
    free(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}

#include "front/recover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "front/machine.h"
#include "front/record.h"
#include "front/sanitise.h"
#include "front/undo.h"
#include "quiesce/outcome.h"

enum { MESSAGE_MAX = 512 };

/* ---- the record ------------------------------------------------------------------ */

void left_close(struct left *left)
{
    if (left->record != NULL && !left->undone.hangs) {
        munmap(left->record, sizeof *left->record);
    }
    left->record = NULL;
    if (left->fd >= 0) {
        close(left->fd);
        left->fd = -1;
    }
}

static int refuse(struct left *left, char *message, size_t capacity, const char *why)
{
    snprintf(message, capacity, "the record " RECORD_PATH " %s, so what it says is not done; see what is frozen "
             "(fsfreeze --unfreeze thaws), then remove it", why);
    left_close(left);
    return EXIT_RECORD;
}

int left_look(struct left *left, char *message, size_t capacity)
{
    struct stat facts;
    if (fstat(left->fd, &facts) != 0 || facts.st_size != (off_t)sizeof *left->record) {
        struct run_record head = { .version = 0 };
        ssize_t n = pread(left->fd, &head, sizeof head, 0);
        const char *why = record_wrong(&head, n > 0 ? (size_t)n : 0);
        return refuse(left, message, capacity, why != NULL ? why : "has a wrong size");
    }
    void *map = mmap(NULL, sizeof *left->record, PROT_READ | PROT_WRITE, MAP_SHARED, left->fd, 0);
    if (map == MAP_FAILED) {
        snprintf(message, capacity, RECORD_PATH " cannot be mapped: %s", strerror(errno));
        left_close(left);
        return EXIT_INTERNAL;
    }
    left->record = map;
    const char *why = record_wrong(left->record, sizeof *left->record);
    return why != NULL ? refuse(left, message, capacity, why) : 0;
}

int left_find(struct left *left, int directory, char *message, size_t capacity)
{
    *left = (struct left){ .fd = record_open(directory) };
    if (left->fd >= 0 || left->fd == -ENOENT) {
        left->fd = left->fd >= 0 ? left->fd : -1;
        return 0;
    }
    if (left->fd == -EPERM) {
        return refuse(left, message, capacity, "is not a file that root alone can have put there");
    }
    snprintf(message, capacity, RECORD_PATH " cannot be opened: %s", strerror(-left->fd));
    return EXIT_INTERNAL;
}

/* ---- acting upon it ---------------------------------------------------------------- */

/* One clause about what went wrong first. */
static void describe_failure(const struct left *left, char *message, size_t capacity)
{
    const struct undone *u = &left->undone;
    for (uint32_t i = 0; i < u->count; i++) {
        if (u->fs[i].end == UNDO_NOT_HERE || u->fs[i].end == UNDO_REFUSED || u->fs[i].end == UNDO_HANGS) {
            const struct record_fs *fs = &left->record->fs[u->fs[i].index];
            snprintf(message, capacity, "%s (%u:%u) could not be thawed: %s", fs->mount_point, fs->major, fs->minor,
                     u->fs[i].end == UNDO_NOT_HERE ? "no mount of it can be seen here" : strerror(u->fs[i].error));
            return;
        }
    }
    if (u->switch_error != 0) {
        snprintf(message, capacity, "rcu_expedited could not be restored: %s",
                 u->switch_error == EWOULDBLOCK ? "a run that sees another " QUIESCE_RUN_DIR " uses it" : strerror(u->switch_error));
        return;
    }
    snprintf(message, capacity, "the cgroup quiesce-%s could not be removed: %s", left->record->run_id, strerror(u->cgroup_error));
}

int left_act(struct left *left, int directory, char *message, size_t capacity)
{
    left->stale = record_is_stale(left->record);
    left->kept = !left->stale && !undo(left->record, &left->undone);
    if (left->kept || left->undone.cgroup_error != 0) {
        describe_failure(left, message, capacity);
    }
    if (!left->kept) {
        record_remove(directory, left->fd);
    }
    return left->kept || left->undone.cgroup_error != 0 ? EXIT_INTERNAL : 0;
}

bool left_did_something(const struct left *left)
{
    return left->undone.count > 0 || left->undone.restored || left->undone.ended;
}

void left_describe(const struct left *left, char *text, size_t capacity)
{
    const struct undone *u = &left->undone;
    uint32_t thawed = 0;
    for (uint32_t i = 0; i < u->count; i++) {
        thawed += u->fs[i].end == UNDO_THAWED;
    }
    snprintf(text, capacity, "run %s was killed: %u file system%s thawed%s%s", left->record->run_id, thawed, thawed == 1 ? "" : "s",
             u->restored ? ", rcu_expedited restored" : "", u->ended ? ", what its scripts had left running ended" : "");
}

void recover_say(const char *text)
{
    fputs("quiesce: ", stderr);
    sanitise_print(stderr, text, strlen(text));
    putc('\n', stderr);
}

/* own: the run has just ended, and its launcher may still be on its way out of the cgroup. */
static int take_up(int directory, bool own, char *message, size_t capacity)
{
    static struct left left; /* large */
    int status = left_find(&left, directory, message, capacity);
    if (status != 0 || left.fd < 0) {
        return status;
    }
    /* Its own lock as well: the two are held by the same processes, unless somebody removed the first. */
    if (flock(left.fd, LOCK_SH | LOCK_NB) != 0) {
        left_close(&left);
        snprintf(message, capacity, "a run holds " RECORD_PATH ": try again when it is over");
        return EXIT_TRY_AGAIN;
    }
    status = left_look(&left, message, capacity);
    if (status == 0 && (status = left_act(&left, directory, message, capacity)) != 0 && !left.kept) {
        recover_say(message);
        status = 0;
    }
    left.undone.ended = left.undone.ended && !own;
    if (status == 0 && left_did_something(&left)) {
        char text[MESSAGE_MAX];
        left_describe(&left, text, sizeof text);
        recover_say(text);
    }
    left_close(&left);
    return status;
}

int recover_left(int directory, char *message, size_t capacity)
{
    return take_up(directory, false, message, capacity);
}

void recover_own(const char *run_id)
{
    char message[MESSAGE_MAX];
    static struct left left;
    int lock = -1, directory = machine_open_run_directory();
    if (directory >= 0 && machine_lock(directory, &lock) == 0 && left_find(&left, directory, message, sizeof message) == 0 && left.fd >= 0) {
        bool ours = left_look(&left, message, sizeof message) == 0 && strcmp(left.record->run_id, run_id) == 0;
        left_close(&left);
        if (ours && take_up(directory, true, message, sizeof message) != 0) {
            recover_say(message);
        }
    }
    if (lock >= 0) {
        close(lock);
    }
    if (directory >= 0) {
        close(directory);
    }
}

#include "front/recover_command.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/paths.h"
#include "front/machine.h"
#include "front/record.h"
#include "front/recover.h"
#include "front/sanitise.h"
#include "front/undo.h"
#include "quiesce/outcome.h"

enum {
    AGAIN_MS = 10000, /* after the kernel refused something, of which no event tells */
    MESSAGE_MAX = 512,
};

/* ---- telling ------------------------------------------------------------------------ */

static void print_json(const struct left *left, int status, const char *text)
{
    const struct undone *u = &left->undone;
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddBoolToObject(object, "recovered", status == 0 && left_did_something(left));
    if (left->record != NULL) {
        (void)cJSON_AddStringToObject(object, "runId", left->record->run_id);
    } else {
        (void)cJSON_AddNullToObject(object, "runId");
    }
    cJSON *list = cJSON_AddArrayToObject(object, "fileSystems");
    for (uint32_t i = 0; left->record != NULL && i < u->count; i++) {
        const struct record_fs *fs = &left->record->fs[u->fs[i].index];
        char safe[4 * RECORD_POINT_MAX], device[32];
        sanitise(safe, sizeof safe, fs->mount_point, strlen(fs->mount_point));
        snprintf(device, sizeof device, "%u:%u", fs->major, fs->minor);
        cJSON *row = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(row, "mountPoint", safe);
        (void)cJSON_AddStringToObject(row, "device", device);
        (void)cJSON_AddStringToObject(row, "result", undo_end_name(u->fs[i].end));
        (void)cJSON_AddNumberToObject(row, "error", u->fs[i].error);
        (void)cJSON_AddItemToArray(list, row);
    }
    (void)cJSON_AddBoolToObject(object, "expeditedRestored", u->restored);
    (void)cJSON_AddBoolToObject(object, "scriptsEnded", u->ended);
    (void)cJSON_AddStringToObject(object, "message", text);
    (void)cJSON_AddNumberToObject(object, "exitStatus", status);
    char *printed = cJSON_PrintUnformatted(object);
    if (printed != NULL) {
        puts(printed);
    }
    cJSON_free(printed);
    cJSON_Delete(object);
}

static void print_words(const struct left *left, int status, const char *text)
{
    if (status != 0) {
        recover_say(text);
    } else {
        sanitise_print(stdout, text, strlen(text));
        putchar('\n');
    }
    for (uint32_t i = 0; left->record != NULL && i < left->undone.count; i++) {
        const struct undone_fs *f = &left->undone.fs[i];
        const struct record_fs *fs = &left->record->fs[f->index];
        fputs("  ", stdout);
        sanitise_print(stdout, fs->mount_point, strlen(fs->mount_point));
        printf(" (%u:%u): %s\n", fs->major, fs->minor, undo_end_name(f->end));
    }
}

static void print(const struct options *options, const struct left *left, int status, const char *text)
{
    if (options->json) {
        char safe[4 * MESSAGE_MAX];
        sanitise(safe, sizeof safe, text, strlen(text));
        print_json(left, status, safe);
    } else {
        print_words(left, status, text);
    }
    (void)fflush(stdout);
}

/* ---- waiting ----------------------------------------------------------------------- */

/* What a wait ended with. */
enum wake {
    WAKE_NONE,  /* there was none */
    WAKE_RUN,   /* a run has put its record there; it may be over by now */
    WAKE_PLACE, /* the directory is another, or events were lost */
};

static enum wake what_happened(const char *bytes, size_t length)
{
    enum wake woken = WAKE_NONE;
    for (size_t at = 0; woken == WAKE_NONE && at + sizeof(struct inotify_event) <= length;) {
        struct inotify_event event;
        memcpy(&event, bytes + at, sizeof event);
        const char *name = event.len > 0 ? bytes + at + sizeof event : ""; /* inotify(7): with its NUL */
        if ((event.mask & (IN_CREATE | IN_MOVED_TO)) == 0) {
            woken = WAKE_PLACE;
        } else if (strcmp(name, QUIESCE_RECORD) == 0) {
            woken = WAKE_RUN;
        }
        at += sizeof event + event.len;
    }
    return woken;
}

/* events was set up before the caller looked.  Returns 0 or an errno. */
static int wait_for_run(int events, enum wake *woken)
{
    char bytes[4096];
    *woken = WAKE_NONE;
    while (*woken == WAKE_NONE) {
        ssize_t n = read(events, bytes, sizeof bytes);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        *woken = what_happened(bytes, n > 0 ? (size_t)n : 0);
    }
    return 0;
}

/* With both locks: what there is to do is done.  *gone: the record is not the one that is there any more,
 * and nothing was done.  Returns an exit status, and words. */
static int recover_locked(struct left *left, int directory, bool wait, bool *gone, char *text, size_t capacity)
{
    int lock = -1, status = EXIT_TRY_AGAIN;
    int error = machine_lock(directory, &lock);
    error = error == EWOULDBLOCK ? machine_wait_for_lock(lock, LOCK_EX, wait ? 0 : MACHINE_DYING_S) : error;
    if (error == EWOULDBLOCK) {
        snprintf(text, capacity, "a run begins, or somebody else is recovering: try again");
    } else if (error != 0) {
        snprintf(text, capacity, "the lock " QUIESCE_RUN_DIR "/" QUIESCE_LOCK " cannot be taken: %s", strerror(error));
        status = EXIT_INTERNAL;
    } else if (!record_is_named(directory, left->fd)) {
        *gone = true;
        snprintf(text, capacity, "somebody else has recovered what there was");
        status = 0;
    } else if ((status = left_look(left, text, capacity)) == 0 && (status = left_act(left, directory, text, capacity)) == 0) {
        if (left_did_something(left)) {
            left_describe(left, text, capacity);
        } else {
            snprintf(text, capacity, "%s", left->stale ? "the record was of another boot, and is removed" : "there is nothing to recover");
        }
    }
    if (lock >= 0) {
        close(lock);
    }
    return status;
}

/* Whether the run says so, and nothing contradicts it.  Looked at without the lock of runs,
 * which a next one may want at this moment. */
static bool ended_in_order(int fd)
{
    static struct run_record seen; /* large */
    return pread(fd, &seen, sizeof seen, 0) == sizeof seen && record_wrong(&seen, sizeof seen) == NULL && seen.over == 1
        && !undo_needed(&seen);
}

/* Looks at what is there; with wait at a run that lives as soon as it has ended.  left->fd
 * is -1 if there is no record, or only that of a run that had ended in order before.  Returns an exit status, and words. */
static int recover_once(struct left *left, int directory, bool wait, bool *gone, char *text, size_t capacity)
{
    int status = left_find(left, directory, text, capacity);
    if (status != 0) {
        return status;
    }
    if (left->fd < 0) {
        snprintf(text, capacity, "there is nothing to recover");
        return 0;
    }
    bool lived = flock(left->fd, LOCK_SH | LOCK_NB) != 0;
    int error = lived ? machine_wait_for_lock(left->fd, LOCK_SH, wait ? 0 : MACHINE_DYING_S) : 0;
    if (error == EWOULDBLOCK) {
        snprintf(text, capacity, "a run lives: it thaws what it has frozen itself; --wait waits for its end");
        return EXIT_TRY_AGAIN;
    }
    if (error != 0) {
        snprintf(text, capacity, RECORD_PATH " cannot be locked: %s", strerror(error));
        return EXIT_INTERNAL;
    }
    if (wait && (ended_in_order(left->fd) || !record_is_named(directory, left->fd))) {
        snprintf(text, capacity, "the run has ended in order");
        if (!lived) {
            left_close(left); /* only its front was killed: what is waited for is the next run */
        }
        return 0;
    }
    return recover_locked(left, directory, wait, gone, text, capacity);
}

/* The same.  While the lock of runs was waited for another run may have begun, and have been killed
 * as well: with wait its record is looked at then. */
static int recover_newest(struct left *left, int directory, bool wait, char *text, size_t capacity)
{
    bool gone;
    int status;
    do {
        gone = false;
        left_close(left);
        status = recover_once(left, directory, wait, &gone, text, capacity);
    } while (wait && gone && faccessat(directory, QUIESCE_RECORD, F_OK, 0) == 0);
    return status;
}

static int watch(int *events)
{
    *events = inotify_init1(IN_CLOEXEC);
    return *events >= 0 && inotify_add_watch(*events, QUIESCE_RUN_DIR, IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR) >= 0
        ? 0 : errno;
}

/* One look, from the directory on.  With wait and nothing there, waits for a run; *woken: by what.
 * At first *woken is what the wait before ended with: a run that came and went before this look is over as well. */
static int recover_from(struct left *left, bool wait, enum wake *woken, char *text, size_t capacity)
{
    int events = -1, status = EXIT_INTERNAL, directory = machine_open_run_directory();
    int error = directory < 0 ? errno : wait ? watch(&events) : 0;
    if (error != 0) {
        snprintf(text, capacity, QUIESCE_RUN_DIR ": %s",
                 error == EPERM ? "it must be a directory that root alone can write" : strerror(error));
    } else {
        status = recover_newest(left, directory, wait, text, capacity);
    }
    bool nothing = wait && status == 0 && left->fd < 0, missed = nothing && *woken == WAKE_RUN;
    *woken = WAKE_NONE;
    if (missed) {
        snprintf(text, capacity, "a run has ended, and left nothing to recover");
    } else if (nothing && (error = wait_for_run(events, woken)) != 0) {
        status = EXIT_INTERNAL;
        snprintf(text, capacity, "cannot wait for a run: %s", strerror(error));
    }
    if (events >= 0) {
        close(events);
    }
    if (directory >= 0) {
        close(directory);
    }
    return status;
}

int recover_command(const struct options *options)
{
    static struct left left;
    char text[MESSAGE_MAX];
    enum wake woken = WAKE_NONE;
    bool again = false;
    int status;
    left.fd = -1;
    if (geteuid() != 0) {
        status = EXIT_NOT_PERMITTED;
        snprintf(text, sizeof text, "this must be run by root: only root may thaw, and read what a run has left");
    } else if (!record_possible()) {
        status = EXIT_UNAVAILABLE;
        snprintf(text, sizeof text, QUIESCE_RUN_DIR " is not in memory, so that no run leaves a record of what it has frozen");
    } else {
        /* No code may have to be read when a disk does not answer; memory yet to come needs none. */
        (void)(options->wait && mlockall(MCL_CURRENT));
        do {
            left_close(&left);
            status = recover_from(&left, options->wait, &woken, text, sizeof text);
            again = woken != WAKE_NONE;
            /* A thaw that hangs keeps this process as long: whoever starts it again does so when that has returned. */
            if (options->wait && status == EXIT_INTERNAL && left.kept && !left.undone.hangs) {
                print(options, &left, status, text);
                (void)poll(NULL, 0, AGAIN_MS);
                again = true;
            }
        } while (again);
    }
    print(options, &left, status, text);
    return status;
}

/*
 * stores.c - the file systems.
 *
 * Names sort so that an outer one comes before the inner one that lies on it: whoever
 * thaws them in that order (tests/lib/isolate) never waits for one to get at another.
 */
#include "campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DAMAGED = 9, STORES = 10, MIB = 1 << 20 };

static const struct store {
    const char *name, *type;
    int outer; /* on which its image lies; -1: on none */
    off_t mib;
} stores[STORES] = {
    { "0ext4", "ext4", -1, 64 },  { "0xfs", "xfs", -1, 300 },   { "0btrfs", "btrfs", -1, 128 }, { "1xfs", "xfs", -1, 500 },
    { "2ext4", "ext4", 3, 64 },   { "1ext4", "ext4", -1, 300 }, { "2btrfs", "btrfs", 5, 128 },  { "1btrfs", "btrfs", -1, 600 },
    { "2xfs", "xfs", 7, 300 },    { "3damaged", "", -1, 0 },
};

static uint32_t made; /* bit n: there is stores[n] */

int stores_outer(uint32_t store)
{
    return stores[store].outer;
}

uint32_t stores_of(const struct plan *plan)
{
    static const uint32_t masks[LAYOUTS] = {
        [LAYOUT_EXT4] = 1u << 0, [LAYOUT_XFS] = 1u << 1, [LAYOUT_BTRFS] = 1u << 2, [LAYOUT_THREE] = 7,
        [LAYOUT_EXT4_IN_XFS] = 3u << 3, [LAYOUT_BTRFS_IN_EXT4] = 3u << 5, [LAYOUT_XFS_IN_BTRFS] = 3u << 7,
        [LAYOUT_ALL] = (1u << DAMAGED) - 1, [LAYOUT_DAMAGED] = 1u << DAMAGED | 1u << 0,
    };
    return masks[plan->layout];
}

/* ---- commands ------------------------------------------------------------------------- */

int command(const char *const argv[])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid;
    int status = -1;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0); /* the terminal's Ctrl-C is for the driver */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, PLACE "/command.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (posix_spawnp(&pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv, environ) == 0) {
        (void)waitpid(pid, &status, 0);
    }
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

#define COMMAND(...) command((const char *const[]){ __VA_ARGS__, NULL })

static void image_of(int i, char path[TEXT_MAX])
{
    if (i == DAMAGED) {
        snprintf(path, TEXT_MAX, PLACE "/device/image");
    } else if (stores[i].outer >= 0) {
        snprintf(path, TEXT_MAX, MOUNTS "/%s/image", stores[stores[i].outer].name);
    } else {
        snprintf(path, TEXT_MAX, PLACE "/%s.img", stores[i].name);
    }
}

static bool make_image(const char *path, const char *type, off_t mib)
{
    char mkfs[32];
    snprintf(mkfs, sizeof mkfs, "mkfs.%s", type);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool done = fd >= 0 && ftruncate(fd, mib * MIB) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return done && COMMAND(mkfs, "-q", path) == 0;
}

/* The loop device ends with the mount. */
static bool mount_image(int i)
{
    char image[TEXT_MAX], point[TEXT_MAX];
    image_of(i, image);
    snprintf(point, sizeof point, MOUNTS "/%s", stores[i].name);
    (void)mkdir(point, 0755);
    return COMMAND("mount", "-o", "loop,noatime", image, point) == 0;
}

static bool unmount(int i)
{
    char point[TEXT_MAX];
    snprintf(point, sizeof point, MOUNTS "/%s", stores[i].name);
    return COMMAND("umount", point) == 0;
}

/* The file of the writer, of blocks blocks. */
static bool make_records(int i, int blocks)
{
    static const char block[BLOCK];
    char path[TEXT_MAX];
    snprintf(path, sizeof path, MOUNTS "/%s/records", stores[i].name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool done = fd >= 0;
    for (int n = 0; done && n < blocks; n++) {
        done = write(fd, block, sizeof block) == sizeof block;
    }
    done = done && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return done;
}

bool stores_prepare(struct load *load, uint32_t wanted)
{
    load->count = STORES;
    made = wanted;
    for (int i = 0; i < STORES; i++) {
        char image[TEXT_MAX];
        image_of(i, image);
        snprintf(load->writers[i].name, sizeof load->writers[i].name, "%s", stores[i].name);
        if (i != DAMAGED && (made >> i & 1) != 0
            && (!make_image(image, stores[i].type, stores[i].mib) || !mount_image(i) || !make_records(i, RING))) {
            return false;
        }
    }
    load->writers[DAMAGED].appends = true;
    if ((made >> DAMAGED & 1) == 0) {
        return true;
    }
    /* Holes instead of zeros: what is not there yet cannot be written once the device is full. */
    return make_image(PLACE "/template.ext4", "ext4", 64) && make_image(PLACE "/template.xfs", "xfs", 300)
           && COMMAND("fallocate", "--dig-holes", PLACE "/template.ext4") == 0
           && COMMAND("fallocate", "--dig-holes", PLACE "/template.xfs") == 0;
}

/* ---- records ------------------------------------------------------------------------------ */

/* How many acknowledged records are not there; the first of them in *missing. */
static uint64_t count_missing(uint32_t store, const struct writer *w, uint64_t *missing)
{
    char path[TEXT_MAX];
    uint64_t acked = atomic_load(&w->acked), lost = 0;
    uint64_t first = w->appends || acked < RING ? 1 : acked - RING + 1;
    snprintf(path, sizeof path, MOUNTS "/%s/records", w->name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (uint64_t n = first; n <= acked; n++) {
        struct record r = { 0 };
        uint64_t at = (w->appends ? n : n % RING) * BLOCK;
        bool there = pread(fd, &r, sizeof r, (off_t)at) == sizeof r && r.magic == RECORD_MAGIC && r.check == record_check(&r, store);
        /* Over it may lie the one after it that was not acknowledged. */
        if (!there || (r.number != n && (w->appends || r.number != n + RING || n + RING != acked + 1))) {
            *missing = lost++ == 0 ? n : *missing;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return lost;
}

static bool records_there(uint32_t store, const struct writer *w, char *why, size_t capacity)
{
    uint64_t missing = 0, lost = count_missing(store, w, &missing);
    if (lost > 0) {
        snprintf(why, capacity, "%llu acknowledged records lost on %s, the first is %llu of %llu", (unsigned long long)lost, w->name,
                 (unsigned long long)missing, (unsigned long long)atomic_load(&w->acked));
    }
    return lost == 0;
}

/* ---- one that fails ----------------------------------------------------------------------------- */

bool stores_damaged_make(const struct plan *plan, struct load *load, struct result *o)
{
    struct writer *w = &load->writers[DAMAGED];
    (void)unlink(PLACE "/device/image");
    atomic_store(&w->acked, 0);
    if (COMMAND("cp", "--sparse=always", plan->xfs ? PLACE "/template.xfs" : PLACE "/template.ext4", PLACE "/device/image") != 0
        || !mount_image(DAMAGED) || !make_records(DAMAGED, 1)) {
        result_fail(o, "the file system that is to be damaged could not be made: %s", strerror(errno));
        return false;
    }
    return true;
}

/* What e2fsck(8) has to do after an I/O error it may do; what was acknowledged is there after that. */
static bool repair(void)
{
    enum { CORRECTED = 1 };
    return COMMAND("e2fsck", "-fy", PLACE "/device/image") <= CORRECTED;
}

void stores_damaged_end(struct load *load, struct result *o)
{
    char why[TEXT_MAX];
    if (!unmount(DAMAGED) || (!mount_image(DAMAGED) && (!repair() || !mount_image(DAMAGED)))) {
        result_fail(o, "the damaged file system cannot be unmounted and mounted again");
        (void)umount2(MOUNTS "/3damaged", MNT_DETACH);
        return;
    }
    if (!records_there(DAMAGED, &load->writers[DAMAGED], why, sizeof why)) {
        result_fail(o, "%s", why);
    }
    (void)unmount(DAMAGED);
}

/* ---- all of them ----------------------------------------------------------------------------------- */

static bool check_image(int i)
{
    char image[TEXT_MAX];
    image_of(i, image);
    if (strcmp(stores[i].type, "ext4") == 0) {
        return COMMAND("e2fsck", "-fn", image) == 0;
    }
    return strcmp(stores[i].type, "xfs") == 0 ? COMMAND("xfs_repair", "-n", image) == 0
                                               : COMMAND("btrfs", "check", "--readonly", image) == 0;
}

bool stores_reopen(char *why, size_t capacity)
{
    for (int i = DAMAGED - 1; i >= 0; i--) {
        if ((made >> i & 1) != 0 && !unmount(i)) {
            snprintf(why, capacity, "%s: cannot be unmounted", stores[i].name);
            return false;
        }
    }
    for (int i = 0; i < DAMAGED; i++) {
        if ((made >> i & 1) != 0 && !mount_image(i)) {
            snprintf(why, capacity, "%s: cannot be mounted again", stores[i].name);
            return false;
        }
    }
    return true;
}

bool stores_verify(struct load *load, char *why, size_t capacity)
{
    bool good = true;
    /* Inner ones have higher numbers than what they lie on. */
    for (int i = DAMAGED - 1; i >= 0; i--) {
        if ((made >> i & 1) != 0 && (!unmount(i) || !check_image(i))) {
            snprintf(why, capacity, "%s: not clean", stores[i].name);
            good = false;
        }
    }
    for (int i = 0; i < DAMAGED; i++) {
        if ((made >> i & 1) == 0) {
            continue;
        }
        if (!mount_image(i)) {
            snprintf(why, capacity, "%s: cannot be mounted again", stores[i].name);
            return false;
        }
        good = records_there((uint32_t)i, &load->writers[i], why, capacity) && good;
    }
    return good;
}

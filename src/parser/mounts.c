#include "parser/mounts.h"

#include <string.h>

#include "parser/mount_table.h"
#include "parser/text.h"

/* ---- what a type is ------------------------------------------------------------ */

enum type_class { CLASS_BLOCK, CLASS_NETWORK, CLASS_FUSE, CLASS_OVERLAY, CLASS_NONE };

/*
 * Types by name, from the Linux kernel's fs/ and the well-known ones outside it.
 * btrfs, bcachefs and zfs are on block devices though their superblocks have
 * device numbers of their own with major 0.
 */
static const struct {
    const char *name;
    enum type_class class;
} types[] = {
    {"ext2", CLASS_BLOCK}, {"ext3", CLASS_BLOCK}, {"ext4", CLASS_BLOCK}, {"xfs", CLASS_BLOCK},
    {"btrfs", CLASS_BLOCK}, {"f2fs", CLASS_BLOCK}, {"jfs", CLASS_BLOCK}, {"reiserfs", CLASS_BLOCK},
    {"nilfs2", CLASS_BLOCK}, {"gfs2", CLASS_BLOCK}, {"ocfs2", CLASS_BLOCK}, {"vfat", CLASS_BLOCK},
    {"msdos", CLASS_BLOCK}, {"exfat", CLASS_BLOCK}, {"ntfs", CLASS_BLOCK}, {"ntfs3", CLASS_BLOCK},
    {"hfs", CLASS_BLOCK}, {"hfsplus", CLASS_BLOCK}, {"udf", CLASS_BLOCK}, {"iso9660", CLASS_BLOCK},
    {"squashfs", CLASS_BLOCK}, {"erofs", CLASS_BLOCK}, {"zonefs", CLASS_BLOCK}, {"minix", CLASS_BLOCK},
    {"bcachefs", CLASS_BLOCK}, {"zfs", CLASS_BLOCK},
    {"nfs", CLASS_NETWORK}, {"nfs4", CLASS_NETWORK}, {"cifs", CLASS_NETWORK}, {"smb3", CLASS_NETWORK},
    {"smbfs", CLASS_NETWORK}, {"ceph", CLASS_NETWORK}, {"9p", CLASS_NETWORK}, {"afs", CLASS_NETWORK},
    {"coda", CLASS_NETWORK}, {"lustre", CLASS_NETWORK}, {"glusterfs", CLASS_NETWORK}, {"orangefs", CLASS_NETWORK},
    {"beegfs", CLASS_NETWORK}, {"gpfs", CLASS_NETWORK}, {"virtiofs", CLASS_NETWORK}, {"vboxsf", CLASS_NETWORK},
    {"fuse", CLASS_FUSE}, {"fuseblk", CLASS_FUSE},
    {"overlay", CLASS_OVERLAY}, {"aufs", CLASS_OVERLAY}, {"ecryptfs", CLASS_OVERLAY},
    {"autofs", CLASS_NONE}, {"bdev", CLASS_NONE}, {"binder", CLASS_NONE}, {"binfmt_misc", CLASS_NONE},
    {"bpf", CLASS_NONE}, {"cgroup", CLASS_NONE}, {"cgroup2", CLASS_NONE}, {"configfs", CLASS_NONE},
    {"cpuset", CLASS_NONE}, {"debugfs", CLASS_NONE}, {"devpts", CLASS_NONE}, {"devtmpfs", CLASS_NONE},
    {"dax", CLASS_NONE}, {"drm", CLASS_NONE}, {"efivarfs", CLASS_NONE}, {"fusectl", CLASS_NONE},
    {"hugetlbfs", CLASS_NONE}, {"mqueue", CLASS_NONE}, {"nfsd", CLASS_NONE}, {"nsfs", CLASS_NONE},
    {"pipefs", CLASS_NONE}, {"proc", CLASS_NONE}, {"pstore", CLASS_NONE}, {"ramfs", CLASS_NONE},
    {"resctrl", CLASS_NONE}, {"rootfs", CLASS_NONE}, {"rpc_pipefs", CLASS_NONE}, {"securityfs", CLASS_NONE},
    {"selinuxfs", CLASS_NONE}, {"smackfs", CLASS_NONE}, {"sockfs", CLASS_NONE}, {"sysfs", CLASS_NONE},
    {"tmpfs", CLASS_NONE}, {"tracefs", CLASS_NONE}, {"xenfs", CLASS_NONE},
};

static const uint8_t skip_of_class[] = {
    [CLASS_BLOCK] = FS_ELIGIBLE, [CLASS_NETWORK] = FS_NETWORK, [CLASS_FUSE] = FS_FUSE,
    [CLASS_OVERLAY] = FS_OVERLAY, [CLASS_NONE] = FS_NO_DEVICE,
};

/* Read-only is not looked at here. */
static enum fs_skip classify(const struct mount *mount)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (mount_is(&mount->type, types[i].name)) return skip_of_class[types[i].class];
    if (mount->type.length > 5 && memcmp(mount->type.at, "fuse.", 5) == 0) return FS_FUSE;
    /* Anonymous superblocks have major 0; anything else is a device that is there. */
    return mount->major != 0 ? FS_ELIGIBLE : FS_UNKNOWN;
}

/* ---- superblocks ------------------------------------------------------------------ */

enum { NO_MOUNT = UINT32_MAX };

/* What is known of a superblock while its mounts are gone through. */
struct superblock {
    const struct mount *best;
    bool best_visible;
    bool at_root;
    bool boots; /* one of its mounts is where boot loaders read */
    enum fs_skip skip;
    uint32_t first, last; /* its mounts that can be seen, by index of the table; NO_MOUNT: none */
};

struct context {
    struct mount_table table;
    struct mount_plan *plan;
    struct superblock superblocks[PLAN_FS_MAX];
    unsigned count;
    const struct mount *left_out; /* the first that found no room */
    unsigned left_out_count;
    size_t spare;                 /* bytes of text that no entry needs */
    bool cut;                     /* not every mount point found room */
};

/* Whether a is the better mount to reach the superblock by: one that can be
 * reached at all, then one that shows its root, then the one nearest to "/". */
static bool is_better(const struct mount *a, bool a_visible, const struct mount *b, bool b_visible)
{
    bool a_root = mount_is(&a->root, "/"), b_root = mount_is(&b->root, "/");

    if (a_visible != b_visible) return a_visible;
    if (a_root != b_root) return a_root;
    return a->point.length < b->point.length;
}

/* Where firmware and boot loaders read, by systemd's file-hierarchy(7) and older habit. */
static bool is_boot_place(const struct mount *mount)
{
    return (mount_is(&mount->type, "vfat") || mount_is(&mount->type, "msdos")) &&
           (mount_is(&mount->point, "/boot/efi") || mount_is(&mount->point, "/efi") || mount_is(&mount->point, "/boot"));
}

static struct superblock *find_superblock(struct context *c, const struct mount *mount)
{
    struct superblock *sb = c->superblocks, *end = sb + c->count;

    while (sb < end && (sb->best->major != mount->major || sb->best->minor != mount->minor)) sb++;
    return sb < end ? sb : NULL;
}

static void look_at(struct context *c, uint32_t index, enum fs_skip skip)
{
    struct mount *mount = &c->table.mounts[index];
    /* Of what is only reported it does not matter. */
    bool visible = skip != FS_ELIGIBLE || mount_visible(&c->table, mount);
    struct superblock *sb = find_superblock(c, mount);

    if (!sb) {
        if (c->count == PLAN_FS_MAX) {
            if (c->left_out_count++ == 0) c->left_out = mount;
            return;
        }
        sb = &c->superblocks[c->count++];
        *sb = (struct superblock){mount, visible, false, false, skip, NO_MOUNT, NO_MOUNT};
    } else if (is_better(mount, visible, sb->best, sb->best_visible)) {
        sb->best = mount;
        sb->best_visible = visible;
    }
    mount->next_seen = NO_MOUNT;
    if (!visible) return;
    if (sb->first == NO_MOUNT) sb->first = index;
    else c->table.mounts[sb->last].next_seen = index;
    sb->last = index;
    if (mount_is(&mount->point, "/")) sb->at_root = true;
    if (is_boot_place(mount)) sb->boots = true;
}

/* A superblock that is read-only cannot be written by anybody.  One that is not can be,
 * though all its mounts here are read-only: by another mount namespace, or through a file
 * that was opened before. */
static enum fs_skip skip_of(const struct superblock *sb)
{
    if (sb->skip != FS_ELIGIBLE) return sb->skip;
    if (mount_option(&sb->best->super_options, "ro")) return FS_READ_ONLY;
    if (!sb->best_visible) return FS_HIDDEN;
    return sb->boots ? FS_BOOT : FS_ELIGIBLE;
}

/* Adds the superblocks on block devices, or all others but those without a device. */
static void gather(struct context *c, bool block)
{
    for (uint32_t i = 0; i < c->table.count; i++) {
        enum fs_skip skip = classify(&c->table.mounts[i]);
        if (skip != FS_NO_DEVICE && (skip == FS_ELIGIBLE) == block) look_at(c, i, skip);
    }
}

/* ---- the answer ---------------------------------------------------------------------- */

/* Says what found no room: an error if it could have been frozen, else a warning. */
static void report(struct context *c, bool block, const struct mount *mount, const char *what)
{
    char point[256];

    if (mount_text(point, sizeof(point), &mount->point) == 0) memcpy(point, "a long path", sizeof("a long path"));
    finding_add(&c->plan->head, MOUNTS_CODE, block ? FINDING_ERROR : FINDING_WARNING, FINDING_MOUNT,
                (struct place){mount->line, 0}, "", "%s: %s", what, point);
}

static void report_left_out(struct context *c, bool block)
{
    if (c->left_out_count > 0)
        report(c, block, c->left_out,
               block ? "more than 256 file systems, the first without room is" : "not listed, there are more than 256");
    c->left_out_count = 0;
}

/* Appends a field's text with its NUL; false if it has no room. */
static bool add_text(struct mount_plan *plan, const struct mount_field *field)
{
    size_t room = PLAN_FS_TEXT_MAX - plan->text_length;
    size_t length = mount_text(plan->text + plan->text_length, room < PLAN_PATH_MAX ? room : PLAN_PATH_MAX, field);

    plan->text_length += (uint32_t)length;
    return length > 0;
}

/* The other mount points by which a file system can be named, as far as there is room:
 * they come after what every entry needs. */
static void add_others(struct context *c, const struct superblock *sb, struct fs_entry *entry)
{
    for (uint32_t i = sb->first; i != NO_MOUNT && sb->skip == FS_ELIGIBLE; i = c->table.mounts[i].next_seen) {
        const struct mount *mount = &c->table.mounts[i];
        uint32_t before = c->plan->text_length;

        if (mount == sb->best) continue;
        if (mount->point.length >= c->spare || !add_text(c->plan, &mount->point)) {
            c->cut = true;
            return;
        }
        c->spare -= c->plan->text_length - before;
        entry->mount_points++;
    }
}

static void add_entry(struct context *c, const struct superblock *sb)
{
    struct mount_plan *plan = c->plan;
    const struct mount *mount = sb->best;
    uint32_t text_length = plan->text_length;
    struct fs_entry entry;
    bool added;

    memset(&entry, 0, sizeof(entry));
    entry.major = mount->major;
    entry.minor = mount->minor;
    entry.mount_id = mount->id;
    entry.skip = (uint8_t)skip_of(sb);
    entry.is_root = sb->at_root ? 1 : 0;
    entry.mount_points = 1;
    text_sanitize(entry.type, sizeof(entry.type), mount->type.at, mount->type.length);
    entry.mount_point = plan->text_length;
    added = add_text(plan, &mount->point);
    if (added) add_others(c, sb, &entry);
    entry.source = plan->text_length;
    if (!added || !add_text(plan, &mount->source)) {
        memset(plan->text + text_length, 0, PLAN_FS_TEXT_MAX - text_length);
        plan->text_length = text_length;
        report(c, entry.skip == FS_ELIGIBLE, mount, "no room for the names of this file system");
        return;
    }
    plan->entries[plan->count++] = entry;
}

static void add_entries(struct context *c)
{
    size_t needed = 0;

    for (unsigned i = 0; i < c->count; i++)
        needed += c->superblocks[i].best->point.length + c->superblocks[i].best->source.length + 2;
    c->spare = needed < PLAN_FS_TEXT_MAX ? PLAN_FS_TEXT_MAX - needed : 0;
    for (unsigned i = 0; i < c->count; i++) add_entry(c, &c->superblocks[i]);
    if (c->cut)
        finding_add(&c->plan->head, MOUNTS_CODE, FINDING_WARNING, FINDING_MOUNT, (struct place){0, 0}, "",
                    "too many mounts to list: a file system may have to be named by its device or its first mount point");
}

void mounts_parse(const char *bytes, size_t n, struct mount_plan *out)
{
    struct context c;

    memset(&c, 0, sizeof(c));
    memset(out, 0, sizeof(*out));
    c.plan = out;
    finding_begin(&out->head);
    if (mount_table_read(&c.table, bytes, n, &out->head) != 0) goto done;
    gather(&c, true);
    report_left_out(&c, true);
    gather(&c, false);
    report_left_out(&c, false);
    add_entries(&c);
done:
    mount_table_free(&c.table);
}

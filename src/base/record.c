#include "base/record.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/expedite.h"
#include "base/fatal.h"

struct run_record *record_map(int fd)
{
    void *record = mmap(NULL, sizeof(struct run_record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (record == MAP_FAILED) {
        fatal("cannot map the record of the run", errno);
    }
    return record;
}

void record_name(struct record_fs *fs, const struct fs_entry *entry, const char *text)
{
    const char *point = text + entry->mount_point;
    fs->major = entry->major;
    fs->minor = entry->minor;
    fs->mount_id = entry->mount_id;
    memcpy(fs->mount_point, point, strnlen(point, sizeof fs->mount_point - 1));
}

void record_expedite(struct run_record *record, int fd, bool on)
{
    int error = expedite_switch(record, fd, on);
    if (error != 0) {
        fatal("cannot write rcu_expedited", error);
    }
}

void kill_hooks(int fd)
{
    if (write(fd, "1", 1) != 1) {
        fatal("cannot kill the hooks", errno);
    }
}

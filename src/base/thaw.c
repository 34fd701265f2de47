#include "base/thaw.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

#include "base/clock.h"

bool freeze_announce(struct record_fs *fs)
{
    uint32_t idle = FS_IDLE;
    return atomic_compare_exchange_strong(&fs->state, &idle, (uint32_t)FS_FREEZING);
}

void freeze_forbid(struct record_fs *fs)
{
    uint32_t idle = FS_IDLE;
    (void)atomic_compare_exchange_strong(&fs->state, &idle, (uint32_t)FS_REFUSED);
}

int thaw(struct record_fs *fs, int fd, bool final)
{
    uint32_t state = atomic_load(&fs->state);
    if (state != FS_FREEZING && state != FS_FROZEN) {
        return 0;
    }
    uint64_t begin = clock_monotonic_ns(), unset = 0;
    int error = ioctl(fd, FITHAW, 0) != 0 ? errno : 0;
    uint64_t end = clock_monotonic_ns();
    if (error == 0) {
        atomic_store(&fs->thaw_ns, end - begin);
        atomic_store(&fs->thawed_at_ns, end);
    } else if (error != EINVAL) {
        return error;
    } else if (state == FS_FREEZING && !final) {
        return EINPROGRESS; /* not frozen, or not yet */
    } else {
        /* Somebody else was first, and says so himself if he is one of us. */
        (void)atomic_compare_exchange_strong(&fs->thawed_at_ns, &unset, end);
    }
    atomic_store(&fs->state, FS_THAWED);
    return 0;
}

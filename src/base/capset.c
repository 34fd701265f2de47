#include "base/capset.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAPABILITY_LAST = 63 }; /* what two 32-bit words can hold */

static struct __user_cap_header_struct header(void)
{
    return (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, 0 };
}

int capset_get(struct capset *sets)
{
    struct __user_cap_header_struct head = header();
    struct __user_cap_data_struct data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    if (syscall(SYS_capget, &head, data) != 0) {
        return errno;
    }
    sets->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
    sets->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
    sets->inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
    return 0;
}

int capset_set(const struct capset *sets)
{
    struct __user_cap_header_struct head = header();
    struct __user_cap_data_struct data[2] = {
        { (uint32_t)sets->effective, (uint32_t)sets->permitted, (uint32_t)sets->inheritable },
        { (uint32_t)(sets->effective >> 32), (uint32_t)(sets->permitted >> 32), (uint32_t)(sets->inheritable >> 32) },
    };
    return syscall(SYS_capset, &head, data) != 0 ? errno : 0;
}

int capset_bound(uint64_t keep)
{
    for (unsigned capability = 0; capability <= CAPABILITY_LAST; capability++) {
        if ((keep >> capability & 1) != 0 || prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) {
            continue;
        }
        return errno == EINVAL ? 0 : errno; /* EINVAL: past the kernel's last capability */
    }
    return 0;
}

int capset_raise_ambient(uint64_t ambient)
{
    for (unsigned capability = 0; capability <= CAPABILITY_LAST; capability++) {
        if ((ambient >> capability & 1) != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) {
            return errno;
        }
    }
    return 0;
}

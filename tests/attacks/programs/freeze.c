/*
 * freeze DIRECTORY NAME...: a hook freezes or thaws the file system of a directory:
 * plainly, with bits set where the kernel does not look, by another ABI.
 * What it has frozen it thaws at once.
 */
#include "table.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#define HIGH_BITS (1ul << 32)
enum { I386_IOCTL = 54, X32_IOCTL = 514 };

static int directory = -1;

static long plain(unsigned long command)
{
    return syscall(SYS_ioctl, directory, command, 0);
}

static long by_int80(unsigned long command)
{
#ifdef __x86_64__
    long result = I386_IOCTL;
    __asm__ volatile("int $0x80"
                     : "+a"(result)
                     : "b"((long)directory), "c"(command), "d"(0l)
                     : "memory", "r8", "r9", "r10", "r11");
    errno = result < 0 ? (int)-result : 0;
    return result < 0 ? -1 : result;
#else
    errno = ENOTSUP;
    return -1;
#endif
}

static long by_x32(unsigned long command)
{
#ifdef __x86_64__
    return syscall(0x40000000 + X32_IOCTL, directory, command, 0);
#else
    errno = ENOTSUP;
    return -1;
#endif
}

static long freeze_with(long (*call)(unsigned long), unsigned long high)
{
    long result = call(FIFREEZE | high);
    return result < 0 ? result : call(FITHAW | high);
}

static long freeze(void)
{
    return freeze_with(plain, 0);
}

static long freeze_high(void)
{
    return freeze_with(plain, HIGH_BITS);
}

static long freeze_int80(void)
{
    return freeze_with(by_int80, 0);
}

static long freeze_x32(void)
{
    return freeze_with(by_x32, 0);
}

static long thaw(void)
{
    return plain(FITHAW);
}

static long thaw_high(void)
{
    return plain(FITHAW | HIGH_BITS);
}

static long thaw_int80(void)
{
    return by_int80(FITHAW);
}

/* What is not frozen cannot be thawed: EINVAL; then the kernel was asked. */
static const struct attack attacks[] = {
    { "freeze", freeze, 0 },
    { "freeze-high", freeze_high, 0 },
    { "freeze-int80", freeze_int80, 0 },
    { "freeze-x32", freeze_x32, ENOSYS },
    { "thaw", thaw, EINVAL },
    { "thaw-high", thaw_high, EINVAL },
    { "thaw-int80", thaw_int80, EINVAL },
};

int main(int argc, char **argv)
{
    directory = argc < 2 ? -1 : open(argv[1], O_RDONLY | O_DIRECTORY);
    if (directory < 0) {
        perror("freeze");
        return 2;
    }
    return attack_named(attacks, sizeof attacks / sizeof attacks[0], argv + 2);
}

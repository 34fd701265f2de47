/*
 * Answers and requests that are ioctls: a denied call is answered with "go on"
 * ("continue"); a thaw is not made, and said to have been ("thaw").
 */
#include "weaken.h"

#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#ifdef __GLIBC__
typedef unsigned long request_number;
#else
typedef int request_number;
#endif

WRAP(ioctl);

int __wrap_ioctl(int fd, request_number request, ...)
{
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if ((unsigned)request == SECCOMP_IOCTL_NOTIF_SEND && weakened("continue")) {
        struct seccomp_notif_resp answer = *(const struct seccomp_notif_resp *)argument;
        answer.error = 0;
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        return __real_ioctl(fd, request, &answer);
    }
    return (unsigned)request == FITHAW && weakened("thaw") ? 0 : __real_ioctl(fd, request, argument);
}

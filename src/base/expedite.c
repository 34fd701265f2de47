#include "base/expedite.h"

#include <errno.h>
#include <unistd.h>

#include "base/fatal.h"

void expedite_prepare(struct expedite *e, int fd)
{
    e->fd = fd;
    e->length = pread(fd, e->before, sizeof e->before, 0);
    if (e->length < 0) {
        fatal("cannot read rcu_expedited", errno);
    }
}

void expedite_switch(const struct expedite *e, bool on)
{
    if (e->length > 0 && pwrite(e->fd, on ? "1" : e->before, on ? 1 : (size_t)e->length, 0) < 0) {
        fatal("cannot write rcu_expedited", errno);
    }
}

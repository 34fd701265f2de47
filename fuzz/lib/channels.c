#include "channels.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"

void channel_place(int fd, int where)
{
    if (fd < 0 || (fd != where && dup3(fd, where, O_CLOEXEC) < 0)) {
        fuzz_fail(__FILE__, __LINE__, "no descriptor %d: errno %d", where, errno);
    }
    if (fd != where) {
        close(fd);
    }
}

int channel_out_of_the_way(int fd)
{
    int other = fcntl(fd, F_DUPFD_CLOEXEC, CHANNELS_FIRST);

    close(fd);
    return other;
}

int channel_make(bool socket, int *ours)
{
    int ends[2];

    if ((socket ? socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) : pipe2(ends, O_CLOEXEC | O_NONBLOCK)) != 0) {
        fuzz_fail(__FILE__, __LINE__, "no channel: errno %d", errno);
    }
    *ours = channel_out_of_the_way(ends[1]);
    return channel_out_of_the_way(ends[0]);
}

/*
 * agent FILE: writes to a release_agent of cgroup v1, which the kernel would execute
 * as root outside of every sandbox: what stands there already, so that nothing
 * changes where it is let through.
 */
#include "attack.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
    char agent[4096];
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    ssize_t length = read(fd, agent, sizeof agent);
    if (length < 0) {
        perror("agent");
        return 2;
    }
    fd = open(argv[1], O_WRONLY);
    attack_result("release-agent", fd < 0 ? -1 : write(fd, agent, (size_t)length), errno, 0);
    return 0;
}

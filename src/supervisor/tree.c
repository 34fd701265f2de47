/*
 * tree.c - what is left of a script's processes, asked of its cgroup.
 */
#include "tree.h"

#include <string.h>
#include <unistd.h>

bool tree_populated(const struct hook *hook)
{
    char text[128];
    ssize_t n = hook->events.open ? pread(hook->events.fd, text, sizeof(text) - 1, 0) : -1;

    if (n < 0)
        return true;
    text[n] = '\0';
    return strstr(text, "populated 0") == NULL;
}

/* Lines of cgroup.procs: one process each. */
static uint32_t lines(int fd)
{
    char text[4096];
    uint32_t count = 0;
    off_t at = 0;
    ssize_t n;

    while ((n = pread(fd, text, sizeof(text), at)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            count += text[i] == '\n';
        at += n;
    }
    return count;
}

uint32_t tree_count(const struct hook *hook)
{
    uint32_t count;

    if (!hook->with_cgroup)
        return hook->left ? 1 : 0;
    if (!tree_populated(hook))
        return 0;
    count = lines(hook->procs.fd);
    return count > 0 ? count : 1; /* in a cgroup that the script made below its own */
}

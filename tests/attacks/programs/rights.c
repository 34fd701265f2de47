/*
 * rights.c - a program that gets more than its caller has, if it can.
 *
 *   rights NAME        installed set-user-id root, or with a file capability: says
 *                      whether it came by the effective uid 0 or a permitted capability
 */
#include <linux/capability.h>
#include <sys/syscall.h>

#include "attack.h"

int main(int argc, char **argv)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    char evidence[64];

    if (argc != 2 || syscall(SYS_capget, &header, data) != 0) {
        return 2;
    }
    snprintf(evidence, sizeof evidence, "euid %d permitted %x%08x", (int)geteuid(), data[1].permitted, data[0].permitted);
    attack_says(argv[1], geteuid() == 0 || (data[0].permitted | data[1].permitted) != 0, evidence);
    return 0;
}

/*
 * self.c - what a process can learn about itself only by asking the kernel.
 *
 *   self            "NAME VALUE" lines: securebits, dumpable, pdeathsig, core limit,
 *                   session, stdin, cwd; and the descriptors that are open
 *   self argv ...   each argument as "LENGTH:BYTES" and a newline, byte for byte
 *   self environ    each variable as it is, with a newline
 *   self killrole PID...  "PID ERRNO" of kill with 0 and with SIGCONT
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void print_descriptors(void)
{
    DIR *const fds = opendir("/proc/self/fd");

    if (fds == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(fds)) != NULL;) {
        char target[256];
        const ssize_t length = readlinkat(dirfd(fds), entry->d_name, target, sizeof target - 1);
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(fds) || length < 0)
            continue;
        target[length] = '\0';
        printf("fd %s %s\n", entry->d_name, target);
    }
    closedir(fds);
}

static int facts(void)
{
    struct rlimit core;
    int pdeathsig = -1;
    char cwd[4096], byte;

    if (prctl(PR_GET_PDEATHSIG, &pdeathsig) != 0 || getrlimit(RLIMIT_CORE, &core) != 0 || getcwd(cwd, sizeof cwd) == NULL)
        return 2;
    printf("securebits %d\n", prctl(PR_GET_SECUREBITS));
    printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
    printf("pdeathsig %d\n", pdeathsig);
    printf("core %llu %llu\n", (unsigned long long)core.rlim_cur, (unsigned long long)core.rlim_max);
    printf("pid %d session %d group %d\n", (int)getpid(), (int)getsid(0), (int)getpgrp());
    printf("stdin %s\n", read(0, &byte, 1) == 0 ? "eof" : "open");
    printf("cwd %s\n", cwd);
    print_descriptors();
    return 0;
}

static void print_arguments(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        printf("%zu:", strlen(argv[i]));
        fwrite(argv[i], 1, strlen(argv[i]), stdout);
        putchar('\n');
    }
}

static const char *try_kill(pid_t pid, int number)
{
    return kill(pid, number) == 0 ? "sent" : strerrorname_np(errno);
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return facts();
    if (strcmp(argv[1], "argv") == 0)
        print_arguments(argc - 2, argv + 2);
    else if (strcmp(argv[1], "environ") == 0)
        for (char **e = environ; *e != NULL; e++)
            puts(*e);
    else if (strcmp(argv[1], "killrole") == 0)
        for (int i = 2; i < argc; i++) {
            const pid_t pid = (pid_t)atoi(argv[i]);
            printf("%d %s %s\n", (int)pid, try_kill(pid, 0), try_kill(pid, SIGCONT));
        }
    else
        return 2;
    return 0;
}

/*
 * denied WHAT...: calls that the test's policy refuses, one line about each on stdout.
 *
 *   strings   mkdir(2) with paths that are easy and hard to read
 *   sockets   connect(2), bind(2), sendto(2) with addresses of every kind
 *   scalars   ioctl(2), clone(2), unshare(2), prctl(2), personality(2), mount(2)
 *   flood N   getpriority(2), N times, then setpriority(2) once
 *   many      64 processes and 64 threads, each once, all at the same moment
 *   dying     200 processes that are killed while their call waits
 *   changing  a path that another thread changes all the time
 *   killed    ptrace(2), which the policy ends a process for
 *   hidden    mkdir(2) by a process that nobody may look into
 *   user N    mkdir(2) as user N, before and after executing a program
 *   later F G a daemon: when a byte comes from the FIFO F, mkdir(2), then one to the FIFO G
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *self;

/* By number: the C library may look at arguments first. */
static long make(const char *path)
{
    return syscall(SYS_mkdirat, AT_FDCWD, path, 0750);
}

static void must_fail(const char *what, long result)
{
    printf("%s %s\n", what, result == -1 ? strerrorname_np(errno) : "allowed");
    (void)fflush(stdout);
}

/* ---- single calls ------------------------------------------------------------- */

static void strings(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *two = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static char huge[5000];
    memset(huge, 'h', sizeof huge - 1);
    huge[0] = '/';
    (void)munmap(two + page, (size_t)page);
    must_fail("plain", make("/no/such \"dir\"\\"));
    must_fail("empty", make(""));
    must_fail("null", make(NULL));
    must_fail("unmapped", make((const char *)16));
    must_fail("kernel", make((const char *)~4095ul));
    must_fail("control", make("/a\x1b[31m\nb\xff\xc3\xa9"));
    must_fail("huge", make(huge));
    memcpy(two + page - 6, "/edge", 6);
    must_fail("whole at the edge", make(two + page - 6));
    memcpy(two + page - 6, "/edges", 6);
    must_fail("open at the edge", make(two + page - 6));
    must_fail("protected", (mprotect(two, (size_t)page, PROT_NONE), make(two + page - 6)));
    must_fail("relative", syscall(SYS_mkdirat, 7, "there", 0700));
}

static void sockets(void)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(5432), .sin_addr = { htonl(0x0a000001) } };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(80) };
    struct sockaddr_un path = { AF_UNIX, "/run/some.socket" }, abstract = { AF_UNIX, "\0abstract" };
    struct sockaddr_nl netlink = { .nl_family = AF_NETLINK, .nl_groups = 1 };
    struct sockaddr odd = { .sa_family = 77 };
    (void)inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
    for (int fd = 3; fd < 6; fd++) { /* three of one kind */
        must_fail("inet", connect(fd, (struct sockaddr *)&in, sizeof in));
    }
    must_fail("inet6", connect(3, (struct sockaddr *)&in6, sizeof in6));
    must_fail("unix", connect(3, (struct sockaddr *)&path, sizeof path));
    must_fail("abstract", connect(3, (struct sockaddr *)&abstract, offsetof(struct sockaddr_un, sun_path) + 9));
    must_fail("unnamed", bind(3, (struct sockaddr *)&path, sizeof(sa_family_t)));
    must_fail("netlink", bind(3, (struct sockaddr *)&netlink, sizeof netlink));
    must_fail("odd", bind(3, &odd, sizeof odd));
    must_fail("long", bind(3, &odd, 1u << 30));
    must_fail("short", bind(3, &odd, 1));
    must_fail("none", bind(3, &odd, 0));
    must_fail("sendto", sendto(3, "secret", 6, 0, (struct sockaddr *)&in, sizeof in));
    must_fail("packet", socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static void scalars(void)
{
    char byte = 'x';
    struct {
        uint64_t flags, rest[10];
    } arguments = { .flags = CLONE_NEWUSER | CLONE_NEWNS };
    must_fail("tiocsti", syscall(SYS_ioctl, 0, TIOCSTI, &byte));
    must_fail("tiocsti-high", syscall(SYS_ioctl, 0, TIOCSTI | 1ull << 40, &byte));
    must_fail("tioclinux", syscall(SYS_ioctl, 0, TIOCLINUX, &byte));
    must_fail("clone", syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0));
    must_fail("clone3", syscall(SYS_clone3, &arguments, sizeof arguments));
    must_fail("unshare", unshare(CLONE_NEWNS));
    must_fail("prctl", prctl(PR_SET_MM, 3, 0, 0, 0));
    must_fail("personality", personality(ADDR_NO_RANDOMIZE | PER_LINUX32));
    must_fail("mount", mount("/dev/sdz", "/mnt/x", "ext4", MS_RDONLY | MS_NOSUID, "data"));
    must_fail("umount2", umount2("/mnt/x", MNT_DETACH));
    must_fail("unlisted", syscall(SYS_sched_yield));
}

/* ---- many of them ------------------------------------------------------------------ */

static void flood(long n)
{
    for (long i = 0; i < n; i++) {
        if (syscall(SYS_getpriority, PRIO_PROCESS, 0) != -1) {
            exit(3);
        }
    }
    must_fail("after", syscall(SYS_setpriority, PRIO_PROCESS, 0, 0));
}

static void *in_thread(void *start)
{
    (void)pthread_barrier_wait(start);
    return make("/from/thread") == -1 ? NULL : start;
}

static void many(void)
{
    enum { MANY = 64 };
    pthread_t threads[MANY];
    pthread_barrier_t start;
    int gate[2], status, bad = 0;
    char byte;
    (void)pthread_barrier_init(&start, NULL, MANY);
    if (pipe(gate) != 0) {
        exit(3);
    }
    for (int i = 0; i < MANY; i++) {
        if (fork() == 0) {
            (void)close(gate[1]);
            (void)!read(gate[0], &byte, 1); /* end of file for all at once */
            _exit(make("/from/process") != -1);
        }
    }
    (void)close(gate[1]);
    while (wait(&status) > 0) {
        bad += status != 0;
    }
    for (int i = 0; i < MANY; i++) {
        bad += pthread_create(&threads[i], NULL, in_thread, &start) != 0;
    }
    for (int i = 0; i < MANY; i++) {
        void *result;
        bad += pthread_join(threads[i], &result) != 0 || result != NULL;
    }
    printf("many %d\n", bad);
}

static void dying(void)
{
    for (int i = 0; i < 200; i++) {
        int gate[2];
        char byte;
        if (pipe(gate) != 0) {
            exit(3);
        }
        pid_t pid = fork();
        if (pid == 0) {
            (void)!write(gate[1], "x", 1);
            for (;;) {
                (void)make("/dying");
            }
        }
        (void)!read(gate[0], &byte, 1);
        for (int j = 0; j < i % 20; j++) {
            (void)make("/meanwhile"); /* at another moment each time */
        }
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        (void)close(gate[0]);
        (void)close(gate[1]);
    }
    printf("dying done\n");
}

static char changed[64] = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static volatile bool over;

static void *changer(void *unused)
{
    while (!over) {
        memset(changed + 1, changed[1] == 'a' ? 'b' : 'a', 31);
        changed[32] = changed[32] == '\0' ? 'c' : '\0';
    }
    return unused;
}

static void changing(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, changer, NULL) != 0) {
        exit(3);
    }
    for (int i = 0; i < 200; i++) {
        if (make(changed) != -1) {
            exit(3);
        }
    }
    over = true;
    (void)pthread_join(thread, NULL);
    printf("changing done\n");
}

/* ---- who ------------------------------------------------------------------------------- */

static void as_user(const char *text)
{
    uid_t uid = (uid_t)atoi(text);
    if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0) {
        exit(3);
    }
    must_fail("before", make("/by/user/before"));
    (void)execl(self, "denied", "once", "/by/user/after", (char *)NULL);
}

static void later(const char *from, const char *to)
{
    char byte;
    if (fork() != 0) {
        return;
    }
    (void)setsid();
    int null = open("/dev/null", O_RDWR), in = open(from, O_RDWR), out = open(to, O_RDWR);
    (void)dup2(null, 1);
    (void)dup2(null, 2);
    (void)!read(in, &byte, 1);
    (void)make("/by/survivor");
    (void)!write(out, "\n", 1);
    (void)pause();
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "", *argument = argc > 2 ? argv[2] : "";
    self = argv[0];
    if (strcmp(what, "strings") == 0) {
        strings();
    } else if (strcmp(what, "sockets") == 0) {
        sockets();
    } else if (strcmp(what, "scalars") == 0) {
        scalars();
    } else if (strcmp(what, "flood") == 0) {
        flood(atol(argument));
    } else if (strcmp(what, "many") == 0) {
        many();
    } else if (strcmp(what, "dying") == 0) {
        dying();
    } else if (strcmp(what, "changing") == 0) {
        changing();
    } else if (strcmp(what, "hidden") == 0) {
        (void)prctl(PR_SET_DUMPABLE, 0);
        must_fail("hidden", make("/not/to/be/seen"));
    } else if (strcmp(what, "killed") == 0) {
        must_fail("killed", ptrace(PTRACE_TRACEME, 0, 0, 0));
    } else if (strcmp(what, "once") == 0) {
        must_fail("once", make(argument));
    } else if (strcmp(what, "user") == 0) {
        as_user(argument);
    } else if (strcmp(what, "later") == 0) {
        later(argument, argc > 3 ? argv[3] : "");
    } else {
        return 2;
    }
    return 0;
}

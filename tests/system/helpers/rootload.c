/*
 * rootload.c - writers whose records are acknowledged, and copies that must hold them.
 *
 *   rootload write FILE ACKED       appends records to FILE, each with fdatasync(2), and
 *                                   counts in ACKED those that came back; until SIGTERM
 *   rootload copy FD TO ACKED...    TO.acked: the counts in a line; then a copy of the file
 *                                   open as FD, holes left out, to TO
 *   rootload check FILE COUNT       status 0 if the first COUNT records are in FILE
 *   rootload evict FILE...          asks the kernel to drop what it keeps of them in memory
 *
 * ACKED holds one 64-bit number, mapped by all, and must not lie on what is frozen.  Static,
 * so that it can be run from memory whatever is frozen.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

enum { RECORD = 64, ACKED_MAX = 16 };

static volatile sig_atomic_t ending;

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "rootload: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int open_it(const char *path, int flags)
{
    const int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        die(path);
    return fd;
}

static _Atomic uint64_t *map(const char *path)
{
    const int fd = open_it(path, O_RDWR | O_CREAT);
    void *const at = ftruncate(fd, sizeof(uint64_t)) == 0
        ? mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (at == MAP_FAILED)
        die(path);
    close(fd);
    return at;
}

static void make_record(char record[RECORD + 1], uint64_t number)
{
    snprintf(record, RECORD + 1, "%0*llu\n", RECORD - 1, (unsigned long long)number);
}

static void end(int signal)
{
    (void)signal;
    ending = 1;
}

static int keep_writing(const char *path, const char *acked)
{
    _Atomic uint64_t *const count = map(acked);
    const int file = open_it(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
    char record[RECORD + 1];

    signal(SIGTERM, end);
    while (!ending) {
        make_record(record, *count);
        if (write(file, record, RECORD) != RECORD || fdatasync(file) != 0)
            die(path);
        (*count)++;
    }
    return 0;
}

static void copy_file(int from, int to)
{
    off_t at = 0, hole;
    const off_t size = lseek(from, 0, SEEK_END);

    if (size < 0 || ftruncate(to, size) != 0)
        die("size");
    while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
        hole = lseek(from, at, SEEK_HOLE);
        if (hole < 0 || lseek(to, at, SEEK_SET) < 0)
            die("seek");
        while (at < hole)
            if (sendfile(to, from, &at, (size_t)(hole - at)) <= 0)
                die("copy");
    }
    if (errno != ENXIO)
        die("seek");
}

static int copy(int from, const char *to, char **acked, int count)
{
    char line[1024];
    size_t used = 0;

    if (count > ACKED_MAX)
        return 2;
    /* What was acknowledged before this is in the copy. */
    for (int i = 0; i < count; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%llu ", (unsigned long long)*map(acked[i]));
    copy_file(from, open_it(to, O_WRONLY | O_CREAT | O_TRUNC));
    char name[256];
    snprintf(name, sizeof name, "%s.acked", to);
    return write(open_it(name, O_WRONLY | O_CREAT | O_TRUNC), line, used) == (ssize_t)used ? 0 : 2;
}

static int check(const char *path, uint64_t count)
{
    FILE *const file = fopen(path, "re");
    char record[RECORD + 1], found[RECORD + 1] = "";

    if (file == NULL)
        die(path);
    for (uint64_t i = 0; i < count; i++) {
        make_record(record, i);
        if (fread(found, RECORD, 1, file) != 1 || memcmp(found, record, RECORD) != 0) {
            fprintf(stderr, "rootload: record %llu of %llu is not in %s\n", (unsigned long long)i, (unsigned long long)count, path);
            return 1;
        }
    }
    fclose(file);
    return 0;
}

static int evict(char **paths)
{
    for (; *paths != NULL; paths++) {
        const int fd = open_it(*paths, O_RDONLY);

        if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
            die(*paths);
        close(fd);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "write") == 0)
        return keep_writing(argv[2], argv[3]);
    if (argc > 4 && strcmp(argv[1], "copy") == 0)
        return copy((int)strtol(argv[2], NULL, 10), argv[3], argv + 4, argc - 4);
    if (argc == 4 && strcmp(argv[1], "check") == 0)
        return check(argv[2], strtoull(argv[3], NULL, 10));
    if (argc > 2 && strcmp(argv[1], "evict") == 0)
        return evict(argv + 2);
    fputs("usage: rootload write FILE ACKED | copy FD TO ACKED... | check FILE COUNT | evict FILE...\n", stderr);
    return 2;
}

/*
 * insist TIMES FILE: makes a forbidden call with good arguments again and again, in
 * two processes at once, and looks each time whether it had an effect.
 *
 * The call is personality(ADDR_NO_RANDOMIZE); its effect is what personality(2) then
 * says.  FILE is kept up to date, so that it tells also of a process that was killed:
 * "CALLS EFFECTS".  With TIMES 0 it goes on until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 2 };
#define ASK 0xffffffffl

struct score {
    _Atomic long calls, effects;
};

static void insist(struct score *score, long times)
{
    for (long i = 0; times == 0 || i < times; i++) {
        (void)syscall(SYS_personality, (long)ADDR_NO_RANDOMIZE);
        (void)atomic_fetch_add(&score->calls, 1);
        if ((syscall(SYS_personality, ASK) & ADDR_NO_RANDOMIZE) != 0) {
            (void)atomic_fetch_add(&score->effects, 1);
            (void)syscall(SYS_personality, 0l);
        }
    }
}

int main(int argc, char **argv)
{
    int file = argc == 3 ? open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
    if (file < 0 || ftruncate(file, sizeof(struct score)) != 0) {
        perror("insist");
        return 2;
    }
    struct score *score = mmap(NULL, sizeof *score, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (score == MAP_FAILED) {
        return 2;
    }
    for (int i = 1; i < PROCESSES; i++) {
        if (fork() == 0) {
            insist(score, atol(argv[1]));
            return 0;
        }
    }
    insist(score, atol(argv[1]));
    while (wait(NULL) > 0) {
    }
    printf("calls %ld effects %ld\n", atomic_load(&score->calls), atomic_load(&score->effects));
    return 0;
}

/*
 * attack.h - how the programs of the attack suite say what came of an attack.
 *
 * One line on standard output: "ATTACK contained|succeeded EVIDENCE".
 */
#ifndef ATTACK_H
#define ATTACK_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* evidence: a word or clause without a newline. */
static inline void attack_says(const char *attack, bool succeeded, const char *evidence)
{
    printf("%s %s %s\n", attack, succeeded ? "succeeded" : "contained", evidence);
    fflush(stdout);
}

/*
 * result: of a call; error: its errno.  It succeeded if the kernel did it, or
 * refused it with the errno that only somebody gets who is let through: reached
 * (0: there is none).  Any other errno than a defence's is no answer to go by,
 * and is reported as "unclear", which no test takes.
 */
static inline void attack_result(const char *attack, long result, int error, int reached)
{
    if (result >= 0) {
        attack_says(attack, true, "done");
    } else if (error == reached) {
        attack_says(attack, true, strerrorname_np(error));
    } else if (error == EPERM || error == EACCES || error == EROFS || error == ENOSYS) {
        attack_says(attack, false, strerrorname_np(error));
    } else {
        printf("%s unclear %s\n", attack, strerrorname_np(error));
        fflush(stdout);
    }
}

/* Makes the attack in a child, which a filter may kill. */
static inline void attack_in_child(const char *attack, long (*make)(void), int reached)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        long result = make();
        attack_result(attack, result, errno, reached);
        _exit(0);
    }
    if (child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status)) {
        attack_says(attack, false, sigabbrev_np(WTERMSIG(status)));
    }
}

#endif

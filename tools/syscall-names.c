/*
 * syscall-names - prints the native ABI's system calls as C initialisers,
 * "[0] = "read",", for src/base/syscall_names.c.
 */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBERS = 512 };

int main(void)
{
    uint32_t arch = seccomp_arch_native();

    for (int number = 0; number < NUMBERS; number++) {
        char *name = seccomp_syscall_resolve_num_arch(arch, number);

        if (name != NULL)
            printf("    [%d] = \"%s\",\n", number, name);
        free(name);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("syscall-names: cannot write\n", stderr);
        return 1;
    }
    return 0;
}

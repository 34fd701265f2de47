/*
 * An empty list of arguments as kernels before 5.18 hand it on ("old-kernel"): the
 * count is 0, and behind the NULL of the arguments the environment begins.  And a
 * program that takes a first argument for granted ("argument-count").
 */
#include "weaken.h"

#include <stddef.h>
#include <unistd.h>

int main(int argc, char **argv);
WRAP(main);

int __wrap_main(int argc, char **argv)
{
    static char *empty[64];
    if (weakened("old-kernel") && argc <= 1 && (argv[0] == NULL || argv[0][0] == '\0')) {
        for (unsigned i = 0; i < sizeof empty / sizeof empty[0] - 2 && environ[i] != NULL; i++) {
            empty[i + 1] = environ[i];
        }
        argc = 0;
        argv = empty;
    }
    return __real_main(weakened("argument-count") && argc < 2 ? 2 : argc, argv);
}

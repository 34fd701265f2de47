#include "base/fatal.h"

#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "quiesce/outcome.h"

_Noreturn void fatal(const char *what, int error)
{
    char digits[12];
    char *first = digits + sizeof digits;
    unsigned rest = error < 0 ? 0u - (unsigned)error : (unsigned)error;
    *--first = '\n';
    do {
        *--first = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);

    struct iovec line[5] = {
        { (void *)(uintptr_t)program_name, strlen(program_name) },
        { (void *)(uintptr_t)": ", 2 },
        { (void *)(uintptr_t)what, strlen(what) },
        { (void *)(uintptr_t)": errno ", 8 },
        { first, (size_t)(digits + sizeof digits - first) },
    };
    if (error == 0) {
        line[3] = (struct iovec){ (void *)(uintptr_t)"\n", 1 };
    }
    /* Nobody is left to be told if even this fails. */
    if (writev(2, line, error == 0 ? 4 : 5) < 0) {
        _exit(EXIT_INTERNAL);
    }
    _exit(EXIT_INTERNAL);
}

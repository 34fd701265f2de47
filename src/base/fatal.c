#include "base/fatal.h"

#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/decimal.h"
#include "quiesce/outcome.h"

static struct iovec piece(const char *text)
{
    return (struct iovec){ (void *)(uintptr_t)text, strlen(text) };
}

_Noreturn void fatal(const char *what, int error)
{
    char digits[DECIMAL_MAX];
    const char *number = decimal(digits, (uint32_t)(error < 0 ? -error : error));
    const struct iovec line[] = {
        piece(program_name), piece(": "), piece(what),
        piece(error == 0 ? "" : ": errno "), piece(error == 0 ? "" : number), piece("\n"),
    };
    /* Nobody is left to be told if even this fails. */
    if (writev(STDERR_FILENO, line, sizeof line / sizeof line[0]) < 0) {
        _exit(EXIT_INTERNAL);
    }
    _exit(EXIT_INTERNAL);
}

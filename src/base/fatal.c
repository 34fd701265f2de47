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

static _Noreturn void end(const char *what, const char *before, const char *word)
{
    const struct iovec line[] = {
        piece(program_name), piece(": "), piece(what), piece(before), piece(word), piece("\n"),
    };
    /* Nobody is left to be told if even this fails. */
    if (writev(STDERR_FILENO, line, sizeof line / sizeof line[0]) < 0) {
        _exit(EXIT_INTERNAL);
    }
    _exit(EXIT_INTERNAL);
}

_Noreturn void fatal(const char *what, int error)
{
    char digits[DECIMAL_MAX];
    const char *number = decimal(digits, (uint32_t)(error < 0 ? -error : error));
    end(what, error == 0 ? "" : ": errno ", error == 0 ? "" : number);
}

_Noreturn void fatal_word(const char *what, const char *word)
{
    end(what, ": ", word);
}

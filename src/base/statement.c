#include "base/statement.h"

#include <stdarg.h>
#include <string.h>

void statement_say(struct statement *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(s->text + s->length, sizeof s->text - s->length, format, args);
    va_end(args);
    s->length += n > 0 ? (size_t)n : 0;
    if (s->length >= sizeof s->text) {
        s->length = sizeof s->text - 1;
    }
}

void statement_item(struct statement *s, unsigned *count, const char *first)
{
    statement_say(s, "%s", (*count)++ == 0 ? first : "; ");
}

void statement_print(FILE *out, const char *key, const char *text, void (*print)(FILE *out, const char *text, size_t length))
{
    enum { KEY_WIDTH = 20, TEXT_WIDTH = 76 };
    fprintf(out, "  %-*s", KEY_WIDTH, key);
    for (size_t column = 0; *text != '\0';) {
        size_t length = strcspn(text, " ");
        if (column > 0 && column + 1 + length > TEXT_WIDTH) {
            fprintf(out, "\n%*s", KEY_WIDTH + 2, "");
            column = 0;
        }
        putc(' ', out);
        print(out, text, length);
        column += 1 + length;
        text += length + (text[length] == ' ' ? 1 : 0);
    }
    putc('\n', out);
}

#include "policy/json_out.h"

#include <stdio.h>

#include "quiesce/outcome.h"

int json_out(const cJSON *whole)
{
    char *text = cJSON_Print(whole);
    if (text == NULL) {
        fputs("quiesce-policy: out of memory\n", stderr);
        return EXIT_INTERNAL;
    }
    /* cJSON indents with tabs, which are control characters to the front. */
    for (const char *p = text; *p != '\0'; p++) {
        fputs(*p == '\t' ? "  " : (const char[]){ *p, '\0' }, stdout);
    }
    putchar('\n');
    cJSON_free(text);
    return 0;
}

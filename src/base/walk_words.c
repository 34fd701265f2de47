#include "base/walk_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

void walk_words(char *text, size_t capacity, const struct walk_result *w)
{
    const char *what = w->is_directory ? "directory" : "file";
    const char *error;
    char name[168];
    unsigned mode = w->mode & 07777u;
    size_t length = strlen(w->component), most = sizeof name / 3 * 2, cut = length > most ? length - most : 0;
    const char *dots = cut > 0 ? "..." : "";

    utf8_sanitize(name, sizeof name, w->component + cut, length - cut);
#define SAY(...) snprintf(text, capacity, __VA_ARGS__)
    switch ((enum walk_verdict)w->verdict) {
    case WALK_MISSING:
        SAY("%s '%s%s' does not exist", what, dots, name);
        break;
    case WALK_OWNER:
        SAY("%s '%s%s' is owned by uid %" PRIu32 ", not by root", what, dots, name, w->uid);
        break;
    case WALK_MODE:
        SAY(w->is_directory ? "directory '%s%s' may be written by others than root (mode %04o)"
                            : "file '%s%s' has mode %04o, which is not among those it may have", dots, name, mode);
        break;
    case WALK_SET_ID:
        SAY("file '%s%s' is set-user-id or set-group-id (mode %04o)", dots, name, mode);
        break;
    case WALK_TYPE:
        SAY(w->is_directory ? "'%s%s' is not a directory" : "'%s%s' is not a regular file", dots, name);
        break;
    case WALK_LINK_OWNER:
        SAY("symbolic link '%s%s' is owned by uid %" PRIu32 ", not by root", dots, name, w->uid);
        break;
    case WALK_LINK_LOOP:
        SAY("'%s%s' leads through more than 40 symbolic links", dots, name);
        break;
    case WALK_TOO_LARGE:
        SAY("file '%s%s' is larger than its kind may be", dots, name);
        break;
    case WALK_PATH:
        SAY("the path is not absolute or too long");
        break;
    case WALK_ERROR:
    case WALK_OK:
    case WALK_VERDICTS:
    default:
        error = strerrordesc_np((int)w->error);
        SAY("%s '%s%s' cannot be read: %s", what, dots, name, error != NULL ? error : "unknown error");
        break;
    }
#undef SAY
}

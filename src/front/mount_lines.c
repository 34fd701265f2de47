#include "front/mount_lines.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel writes blanks, line ends and backslashes as \ooo.  In place: it never gets longer. */
char *mount_line_text(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        int value = 0, digits = 0;
        while (*from == '\\' && digits < 3 && from[1 + digits] >= '0' && from[1 + digits] <= '7') {
            value = value * 8 + (from[1 + digits++] - '0');
        }
        bool escaped = digits == 3 && value > 0 && value < 256;
        *to++ = escaped ? (char)value : *from;
        from += escaped ? 4 : 1;
    }
    *to = '\0';
    return text;
}

static bool read_number(const char *text, char **end, unsigned *value)
{
    errno = 0;
    unsigned long number = strtoul(text, end, 10);
    *value = (unsigned)number;
    return *end != text && errno == 0 && number <= UINT_MAX;
}

bool mount_device(const char *text, unsigned *major, unsigned *minor)
{
    char *end;
    return read_number(text, &end, major) && *end == ':' && read_number(end + 1, &end, minor) && (*end == '\0' || *end == '\n');
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS, see proc_pid_mountinfo(5) */
static bool read_line(struct mount_line *mount, char *line)
{
    enum { ID, PARENT, DEVICE, ROOT, POINT, FIELDS };
    char *fields[FIELDS], *word;
    for (int i = 0; i < FIELDS; i++) {
        fields[i] = strsep(&line, " ");
        if (fields[i] == NULL) {
            return false;
        }
    }
    do {
        word = strsep(&line, " ");
    } while (word != NULL && strcmp(word, "-") != 0);
    mount->type = strsep(&line, " ");
    char *source = strsep(&line, " ");
    mount->options = strsep(&line, " ");
    char *end;
    if (mount->options == NULL || !read_number(fields[ID], &end, &mount->id) ||
        !mount_device(fields[DEVICE], &mount->major, &mount->minor)) {
        return false;
    }
    mount->point = mount_line_text(fields[POINT]);
    mount->source = mount_line_text(source);
    return true;
}

/* The whole file with a NUL, to be freed, or NULL with errno. */
static char *read_all(int fd)
{
    size_t used = 0, capacity = 65536;
    char *text = malloc(capacity);
    ssize_t n = 0;
    while (text != NULL && (n = read(fd, text + used, capacity - used - 1)) > 0) {
        used += (size_t)n;
        if (capacity - used < 2) {
            char *larger = reallocarray(text, capacity *= 2, 1);
            if (larger == NULL) {
                free(text);
            }
            text = larger;
        }
    }
    if (text != NULL && n < 0) {
        int error = errno;
        free(text);
        errno = error;
        return NULL;
    }
    if (text != NULL) {
        text[used] = '\0';
    }
    return text;
}

int mount_lines_read(struct mount_lines *mounts, int fd)
{
    *mounts = (struct mount_lines){ .text = read_all(fd) };
    size_t lines = 0;
    if (mounts->text == NULL) {
        return -errno;
    }
    for (const char *at = mounts->text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    mounts->lines = calloc(lines + 1, sizeof *mounts->lines);
    if (mounts->lines == NULL) {
        return -ENOMEM;
    }
    char *rest = mounts->text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (*line == '\0' && rest == NULL) {
            break;
        }
        if (!read_line(&mounts->lines[mounts->count++], line)) {
            return -EPROTO;
        }
    }
    return 0;
}

void mount_lines_free(struct mount_lines *mounts)
{
    free(mounts->text);
    free(mounts->lines);
    *mounts = (struct mount_lines){ .count = 0 };
}

const struct mount_line *mount_lines_find(const struct mount_lines *mounts, unsigned major, unsigned minor)
{
    for (size_t i = 0; i < mounts->count; i++) {
        if (mounts->lines[i].major == major && mounts->lines[i].minor == minor) {
            return &mounts->lines[i];
        }
    }
    return NULL;
}

const struct mount_line *mount_lines_by_id(const struct mount_lines *mounts, unsigned long long id)
{
    for (size_t i = 0; i < mounts->count; i++) {
        if (mounts->lines[i].id == id) {
            return &mounts->lines[i];
        }
    }
    return NULL;
}

bool mount_line_in_memory(const struct mount_line *mount)
{
    static const char *const types[] = { "tmpfs", "ramfs", "devtmpfs", "rootfs", "hugetlbfs" };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(mount->type, types[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool mount_line_option(const struct mount_line *mount, const char *name, char *value, size_t capacity)
{
    size_t length = strlen(name);
    for (const char *at = mount->options; at != NULL; at = strchr(at, ',')) {
        at += *at == ',' ? 1 : 0;
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            size_t size = strcspn(at + length + 1, ",");
            if (size >= capacity) {
                return false;
            }
            memcpy(value, at + length + 1, size);
            value[size] = '\0';
            (void)mount_line_text(value);
            return true;
        }
    }
    return false;
}

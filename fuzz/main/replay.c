/*
 * The replay program: each file of its arguments, and of the directories among them, once.
 *
 *   HARNESS [-runs=N] FILE|DIRECTORY...
 *
 * Exit status 0 if nothing is wrong; a finding aborts, and the last line names the file.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static unsigned long runs = 1, files;

/* Says which input it was, when a sanitizer ends the process. */
static void name_input(void)
{
    if (fuzz_input_name) {
        fprintf(stderr, "the input is %s\n", fuzz_input_name);
    }
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(SANITIZED) || defined(__SANITIZE_ADDRESS__)
void __sanitizer_set_death_callback(void (*callback)(void));
#define ON_DEATH() __sanitizer_set_death_callback(name_input)
#else
#define ON_DEATH() (void)name_input
#endif

static int replay_file(const char *path)
{
    struct stat st;
    uint8_t *bytes;
    size_t size, got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0) {
        perror(path);
        return -1;
    }
    size = (size_t)st.st_size;
    bytes = malloc(size + 1);
    while (bytes && got < size) {
        ssize_t part = read(fd, bytes + got, size - got);
        if (part <= 0) {
            break;
        }
        got += (size_t)part;
    }
    close(fd);
    if (!bytes || got < size) {
        perror(path);
        free(bytes);
        return -1;
    }
    fuzz_input_name = path;
    for (unsigned long i = 0; i < runs; i++) {
        (void)LLVMFuzzerTestOneInput(bytes, size);
    }
    fuzz_input_name = NULL;
    files++;
    free(bytes);
    return 0;
}

static int replay(const char *path);

static int replay_directory(const char *path)
{
    struct dirent **entries;
    int result = 0, count = scandir(path, &entries, NULL, alphasort);

    if (count < 0) {
        perror(path);
        return -1;
    }
    for (int i = 0; i < count; i++) {
        char inside[4096];
        if (entries[i]->d_name[0] != '.') {
            snprintf(inside, sizeof(inside), "%s/%s", path, entries[i]->d_name);
            result |= replay(inside);
        }
        free(entries[i]);
    }
    free(entries);
    return result;
}

static int replay(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        perror(path);
        return -1;
    }
    return S_ISDIR(st.st_mode) ? replay_directory(path) : replay_file(path);
}

int main(int argc, char **argv)
{
    int result = 0;

    ON_DEATH();
    fuzz_thorough = true;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-runs=", 6) == 0) {
            runs = strtoul(argv[i] + 6, NULL, 10);
        } else {
            result |= replay(argv[i]);
        }
    }
    printf("%s: %lu inputs\n", argv[0], files);
    return result == 0 ? 0 : 1;
}

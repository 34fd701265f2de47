/*
 * A harness to test campaigns with, and the code that it tests: both are this file.
 * TOY_DEFECT is compiled in where a campaign should find something: a read beyond
 * the end, reached in two ways, and an abort.  TOY_MAIN makes it a program that replays.
 */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int levels;

#ifdef TOY_DEFECT
static int beyond_the_end(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size);
    int result;

    memcpy(copy, data, size);
    result = copy[size]; /* the defect */
    free(copy);
    return result;
}
#endif

static void deepest(const uint8_t *data, size_t size)
{
    levels++;
#ifdef TOY_DEFECT
    if (data[3] == '1' || data[3] == '2') {
        levels += beyond_the_end(data, size);
    }
    if (data[3] == '3') {
        abort();
    }
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 4 && data[0] == 'T') {
        levels++;
        if (data[1] == 'O') {
            levels++;
            if (data[2] == 'Y') {
                deepest(data, size);
            }
        }
    }
    return 0;
}

#ifdef TOY_MAIN
static int replay(const char *path, const struct stat *st, int type, struct FTW *place)
{
    char bytes[4096];
    FILE *file = fopen(path, "r");

    (void)st;
    (void)type;
    (void)place;
    LLVMFuzzerTestOneInput((const uint8_t *)bytes, fread(bytes, 1, sizeof bytes, file)); /* of a directory: nothing */
    fclose(file);
    return 0;
}

/* Replays the files that it is given, and those of the directories. */
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        nftw(argv[i], replay, 8, 0);
    }
    return 0;
}
#endif

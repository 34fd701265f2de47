/*
 * write.c - alters what it should not.
 *
 *   write ATTACK FILE         open for writing (nothing is written); of a program that
 *                             runs, which nobody can open so, set the mode that it has
 *   write ATTACK DIRECTORY/   make a file in it
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "attack.h"

int main(int argc, char **argv)
{
    struct stat st;
    int result;

    if (argc != 3) {
        return 2;
    }
    size_t length = strlen(argv[2]);
    if (length > 0 && argv[2][length - 1] == '/') {
        char path[4096];
        snprintf(path, sizeof path, "%sattack", argv[2]);
        result = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    } else {
        result = open(argv[2], O_WRONLY | O_CLOEXEC);
        if (result < 0 && errno == ETXTBSY && stat(argv[2], &st) == 0) {
            result = chmod(argv[2], st.st_mode & 07777);
        }
    }
    attack_result(argv[1], result, errno, 0);
    return 0;
}

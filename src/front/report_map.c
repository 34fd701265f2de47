#include "front/report_map.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

const struct report *report_map(int fd, const char **why)
{
    struct stat facts;
    int seals = fcntl(fd, F_GET_SEALS);
    *why = "it is not sealed";
    if (seals < 0 || (seals & (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)) != (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)) {
        return NULL;
    }
    *why = "it has a wrong size";
    if (fstat(fd, &facts) != 0 || facts.st_size != (off_t)sizeof(struct report)) {
        return NULL;
    }
    *why = "it cannot be mapped";
    void *map = mmap(NULL, sizeof(struct report), PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        return NULL;
    }
    *why = "its content makes no sense";
    if (!report_valid(map, sizeof(struct report))) {
        munmap(map, sizeof(struct report));
        return NULL;
    }
    return map;
}

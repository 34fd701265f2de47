#include "base/expedite.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

int expedite_switch(struct run_record *record, int fd, bool on)
{
    size_t length = on ? 1 : record->expedited_length;
    if (record->expedited_length == 0 || record->expedited_length > RECORD_EXPEDITED_MAX) {
        return 0;
    }
    if (on) {
        atomic_store(&record->switched, 1);
    }
    if (pwrite(fd, on ? "1" : record->expedited, length, 0) < 0) {
        return errno;
    }
    if (!on) {
        atomic_store(&record->switched, 0);
    }
    return 0;
}

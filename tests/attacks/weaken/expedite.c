/* The kernel's switch stays where a freeze has put it, and is said to be back ("expedite"). */
#include "weaken.h"

#include <stdatomic.h>

#include "base/expedite.h"

WRAP(expedite_switch);

int __wrap_expedite_switch(struct run_record *record, int fd, bool on)
{
    if (!on && weakened("expedite")) {
        atomic_store(&record->switched, 0);
        return 0;
    }
    return __real_expedite_switch(record, fd, on);
}

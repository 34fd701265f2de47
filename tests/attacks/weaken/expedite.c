/* The kernel's switch stays where a freeze has put it ("expedite"). */
#include "weaken.h"

#include "base/expedite.h"

WRAP(expedite_switch);

void __wrap_expedite_switch(const struct expedite *e, bool on)
{
    if (on || !weakened("expedite")) {
        __real_expedite_switch(e, on);
    }
}

/* Descriptors that come with a message and are not wanted stay open. */
#include "weaken.h"

#include "base/message.h"

WRAP(wire_close);

void __wrap_wire_close(struct wire_packet *packet)
{
    if (!weakened("leak")) {
        __real_wire_close(packet);
    }
}

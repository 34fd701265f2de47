/*
 * meter.h - what one input costs: CPU time of the thread, and heap at its highest.
 */
#ifndef QUIESCE_FUZZ_METER_H
#define QUIESCE_FUZZ_METER_H

#include "fuzz.h"

/* Sanitizers make everything slower: there the limit finds what is out of all proportion. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define METER_SLOW 20
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__AFL_COMPILER)
#define METER_SLOW 20
#endif
#ifndef METER_SLOW
#define METER_SLOW 1
#endif
enum { METER_LIMIT_US = FUZZ_LIMIT_US * METER_SLOW };

/*
 * How many times slower this processor is now than the one for which the limits were set:
 * a control of fixed work, measured when a limit seems to be exceeded.  At least 1.
 */
double meter_slowness(void);

/* Begins a new input.  exact: CPU time is measured, by two system calls; else the time that
 * passes, which is at least as much. */
void meter_reset(bool exact);

/* Since meter_reset(), between starts and stops. */
uint64_t meter_us(void);
size_t meter_heap_peak(void);

#endif

/*
 * capability.h - names of the capabilities of capability(7), as linux/capability.h numbers them.
 */
#ifndef QUIESCE_BASE_CAPABILITY_H
#define QUIESCE_BASE_CAPABILITY_H

enum { CAPABILITIES = 41 }; /* CAP_CHOWN 0 .. CAP_CHECKPOINT_RESTORE 40, Linux 5.9 */

/* "CAP_CHOWN" for 0; NULL for a number that has no name here. */
const char *capability_name(unsigned number);

/* 0 for "CAP_CHOWN"; -1 for what is no such name.  Upper case, as OCI writes them. */
int capability_number(const char *name);

#endif

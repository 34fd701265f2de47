/*
 * thaw.h - the thaw of one file system, for whoever may have to do it: monitor,
 * guardian and "quiesce recover"; and who may still freeze one.
 */
#ifndef QUIESCE_THAW_H
#define QUIESCE_THAW_H

#include <stdbool.h>

#include "quiesce/record.h"

/*
 * Writes down that a FIFREEZE follows: IDLE becomes FREEZING.  Returns false, and none
 * may follow, if the guardian has forbidden it: it would come after the thaw.
 */
bool freeze_announce(struct record_fs *fs);

/* What has not been announced cannot be any more: IDLE becomes REFUSED. */
void freeze_forbid(struct record_fs *fs);

/*
 * Thaws what the record says is FREEZING or FROZEN, and nothing else: what somebody
 * else froze is REFUSED there.
 *   fd     opened on the file system
 *   final  no FIFREEZE of this run can be in the kernel any more
 * Returns 0 if it is not frozen by this run, now or any more; EINPROGRESS if a freeze
 * may be under way, which only a later call can undo; or the errno with which the
 * kernel refused: it is frozen still.
 * May sleep as long as the disk, or what this file system lies on, takes.
 */
int thaw(struct record_fs *fs, int fd, bool final);

#endif

/*
 * cgroup_signal.h - a signal to every process of a cgroup.
 */
#ifndef QUIESCE_CGROUP_SIGNAL_H
#define QUIESCE_CGROUP_SIGNAL_H

/*
 * Signals, by pidfd, each process that cgroup.procs lists, at most 1,024: whoever
 * has more is killed without a chance to clean up.
 *   procs   descriptor of cgroup.procs, or -1: nothing happens
 * A pid may be reused between its reading and its opening, so it is signalled
 * only if, after its pidfd was opened, the cgroup still lists it: then the pidfd
 * is of a process of this cgroup, or of none that lives.
 */
void cgroup_signal(int procs, int signal);

#endif

/*
 * documents.h - what the monitor loaded: into the run's facts and the report.
 */
#ifndef QUIESCE_DOCUMENTS_H
#define QUIESCE_DOCUMENTS_H

#include "run.h"

/*
 * Takes a DOCUMENT: its digest, and a finding if it could not be had.  The
 * packet's descriptor is closed.  A message out of its bounds is fatal.
 * Returns true if the document's answer comes next.
 */
bool documents_take(struct run *run, struct wire_packet *packet);

/* Takes the ANSWER_* of the last DOCUMENT; another kind's, or one out of its bounds, is fatal. */
void documents_answer(struct run *run, const struct wire_packet *packet);

/* After LOADED: chooses what is to be frozen, in which order; finds plugins
 * without scripts, and what the machine lacks. */
void documents_complete(struct run *run);

/* Chooses by the mount table and the topology as they are: run.plan, and the report's
 * file systems and findings. */
void documents_choose(struct run *run);

/* The SHA-256 of a file's bytes, read from its start.  False: it cannot be read. */
bool documents_digest(int fd, uint8_t digest[32]);

#endif

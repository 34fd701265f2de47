/*
 * survey.h - the mount table as it is right before the freeze.
 *
 * Pre-scripts take minutes.  If the table has changed meanwhile, the monitor answers the
 * FREEZE with the new one; the front is asked once more what lies on what, and everything
 * is chosen, checked and ordered again.
 */
#ifndef QUIESCE_SURVEY_H
#define QUIESCE_SURVEY_H

#include "run.h"

/* Takes a TOPOLOGY; one out of its bounds is fatal. */
void survey_topology(struct run *run, const struct msg_topology *m);

/* DOCUMENT came instead of FROZEN.  The packet's descriptor is closed. */
void survey_document(struct run *run, struct wire_packet *packet);

/* Its answer. */
void survey_answer(struct run *run, const struct wire_packet *packet);

/* The second TOPOLOGY was taken: chooses again, says what is different, goes on. */
void survey_replan(struct run *run);

#endif

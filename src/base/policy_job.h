/*
 * policy_job.h - how the front tells quiesce-policy what to do.
 *
 *   quiesce-policy VERB [--OPTION | --OPTION=NUMBER]... -- FILE...
 *
 * FILE is a kind, a colon and the file's name for messages; its open descriptor is
 * the first one that is free after standard input, output and error, plus its
 * place in the list.  Names are the caller's words and may hold anything.
 */
#ifndef QUIESCE_BASE_POLICY_JOB_H
#define QUIESCE_BASE_POLICY_JOB_H

enum {
    POLICY_FD_FIRST = 3,
    POLICY_OPERANDS_MAX = 128,                  /* documents of one command line */
    POLICY_FILES_MAX = 3 * POLICY_OPERANDS_MAX, /* each with a table and an output */
    POLICY_OUTPUT_MAX = 1 << 20,                /* bytes of one output */
    POLICY_TUPLES_DEFAULT = 100000,             /* calls that test draws for each document */
};

/* The letter before the colon.  A table and an output belong to the document before them. */
enum policy_file_kind {
    POLICY_FILE_DOCUMENT = 'd', /* for reading */
    POLICY_FILE_TABLE = 't',    /* NAME.tests beside NAME.json, for reading */
    POLICY_FILE_OUTPUT = 'o',   /* empty memory, for writing; empty afterwards: there is nothing to write */
};

#endif

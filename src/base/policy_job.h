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

#include "quiesce/learned.h"
#include "quiesce/policy.h"

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
    POLICY_FILE_PASSWD = 'p',   /* a copy of /etc/passwd; its name is the user asked for */
    POLICY_FILE_GROUP = 'g',    /* a copy of /etc/group */
    POLICY_FILE_LEARNED = 'l',  /* struct learned; its name is the script's */
    POLICY_FILE_OUTPUT = 'o',   /* empty memory, for writing; empty afterwards: there is nothing to write */
};

/*
 * What "learn-begin" writes to the output of its document: the base as compiled for
 * learning, and who the script runs as.  Data from an enemy until plan_valid().
 */
struct policy_ready {
    struct policy_plan plan;
    struct passwd_plan user;   /* zeros if no user was asked for */
    struct group_plan groups;
};

#endif

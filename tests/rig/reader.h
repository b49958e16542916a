/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "card.h"

#define RIG_FAULTS_MAX        16
#define RIG_CONTROL_BYTES_MAX 16384 /* bytes: one line of the control socket */

typedef enum { RIG_FINGER_AUTO, RIG_FINGER_NEVER, RIG_FINGER_TOLD } RigFinger;

/* What the card does wrong, once, at the next command of one instruction. */
typedef enum {
	RIG_FAULT_NONE,
	RIG_FAULT_CUT_BEFORE, /* pulled out before the command is carried out */
	RIG_FAULT_CUT_AFTER,  /* pulled out before the answer is given */
	RIG_FAULT_ANSWER,   /* other bytes instead of the answer; the command is not carried out */
	RIG_FAULT_TRUNCATE, /* only the first bytes of the answer, status word included */
} RigFaultKind;

typedef struct {
	RigFaultKind kind;
	guint8 instruction;
	GByteArray *bytes;
	gsize size;
} RigFault;

/* A card and the reader it is in, with the hand that holds it. */
typedef struct {
	RigCard *card;
	guint16 port;
	int line;    /* to vpcd, -1 when out */
	int control; /* listens for switches */
	FILE *log;
	gboolean plugged, ended;
	RigFinger finger;
	gboolean awaiting, touched;
	guint patience_ms, slow_ms;
	RigFault faults[RIG_FAULTS_MAX];
} RigReader;

/* reader.c */
int rig_reader_run(RigReader *reader);
void rig_reader_begin(RigReader *reader); /* with a new card: all switches as they are at first */
void rig_reader_pull(RigReader *reader);
void rig_reader_log(RigReader *reader, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* switches.c: answers one caller of the control socket. */
int rig_control_listen(const char *path);
void rig_control_serve(RigReader *reader);
int rig_control_tell(const char *path, char **words);
RigFault rig_fault_take(RigReader *reader, guint8 instruction);

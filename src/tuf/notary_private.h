/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/canonical.h"
#include "tuf/metadata.h"

/* What the files of the Notary dialect share; not for other files. */

typedef struct {
	PvMetadata *metadata;
	const char *where; /* "targets.json" */
	const char *only;  /* keep this target alone; NULL keeps all */
	gboolean places;   /* note where each target stands */
	gboolean is_known; /* verified before: its keys are read when they are needed */
} PvNotaryReader;

/* The members of `targets` or `meta`, at most @max, into metadata->files. */
gboolean pv_notary_read_files(PvNotaryReader *reader, const PvNode *node, const char *what,
			      guint max, GError **error);

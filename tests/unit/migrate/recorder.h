/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "migrate/listener.h"

/* Remembers what a migration told, and keeps dumps for it in files. */
typedef struct {
	PvMigrateListener listener;
	GPtrArray *told; /* char*: "GUN ROLE ID: taken" or why not; then "note: " each */
	guint progress;
	char *directory; /* of its own, removed with all that is in it */
	guint files;
} Recorder;

Recorder *recorder_new(void);
void recorder_free(Recorder *recorder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recorder, recorder_free)

/* Writes a dump into a file. Returns: (transfer full): its path. */
char *recorder_dump(Recorder *recorder, const char *text);

/* Forgets what was told; first, that exactly @expected (NULL at the end) was, each by its beginning. */
void recorder_check(Recorder *recorder, const char *const *expected);

/* (transfer full): @bytes as 0x… */
char *recorder_hex(const void *bytes, gsize size);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "service/ready_answer.h"

/*
 * Answers to GETs of metadata, ready to be sent again: what every client asks for at every pull
 * costs one look-up here. A key is a whole path, so an answer can only be found under the
 * repository and the role it was made for; it counts as long as the repository's generation
 * (pv_store_generation()) is the one it was read in. Bounded in bytes: what was not used for the
 * longest time goes first. May be used by several threads.
 */
typedef struct PvCurrent PvCurrent;

/* @max_bytes: of all answers together; none larger than a sixteenth of it is kept. */
PvCurrent *pv_current_new(gsize max_bytes);
void pv_current_free(PvCurrent *current);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvCurrent, pv_current_free)

/* (transfer full) (nullable): the answer to a GET of @path, if it was read in @generation. */
PvReadyAnswer *pv_current_get(PvCurrent *current, const char *path, guint64 generation);

/* Keeps the answer; @generation is what the store said before it was read. 0 keeps nothing. */
void pv_current_put(PvCurrent *current, const char *path, PvReadyAnswer *answer,
		    guint64 generation);

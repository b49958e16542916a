/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "service/ready_answer.h"

/*
 * Answers to GETs of metadata, ready to be sent again: what every client asks for at every pull
 * costs one look-up here. A key is a whole path, so an answer can only be found under the
 * repository and the role it was made for; all of a repository is forgotten together. Bounded in
 * bytes, least recently used first. May be used by several threads.
 */
typedef struct PvCurrent PvCurrent;

/* @max_bytes: of all answers together; none larger than a sixteenth of it is kept. */
PvCurrent *pv_current_new(gsize max_bytes);
void pv_current_free(PvCurrent *current);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvCurrent, pv_current_free)

/* (transfer full) (nullable): the answer to a GET of @path. */
PvReadyAnswer *pv_current_get(PvCurrent *current, const char *path);

/**
 * pv_current_mark:
 *
 * Returns: what to hand to pv_current_put() for an answer that is read from the store after this
 * call.
 */
guint64 pv_current_mark(PvCurrent *current);

/**
 * pv_current_put:
 * @gun: whose answer it is
 *
 * Keeps the answer, unless something was forgotten since @mark: then it may be out of date already.
 */
void pv_current_put(PvCurrent *current, const char *gun, const char *path, PvReadyAnswer *answer,
		    guint64 mark);

/* To be called after each change of @gun is in the store, and before the change is reported. */
void pv_current_forget(PvCurrent *current, const char *gun);

/* Forgets everything. */
void pv_current_forget_all(PvCurrent *current);

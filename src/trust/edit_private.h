/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/edit.h"

/* What edit.c, apply.c and publish.c share; not for other files. */

struct PvEdit {
	PvMetadata *root;       /* what it was; its roles below may differ */
	PvMetadata *snapshot;   /* (nullable): what it was */
	GHashTable *root_roles; /* name → PvRole */
	GPtrArray *other_keys;  /* of PvPublicKey: certificates of former root keys */
	PvRole *former_root;    /* (nullable): root's role before its keys were replaced */
	gboolean root_dirty;
	gboolean snapshot_expired;
	gboolean snapshot_dirty; /* even if nothing that it lists is */
	gboolean first;         /* the server has nothing yet: root and targets go up as they are */
	GHashTable *roles;      /* name → PvEditRole */
	GHashTable *unverified; /* name → PvMetadata, of PvTufState */
	GPtrArray *kept;        /* of PvMetadata: what PvEditRole borrows from */
	GPtrArray *texts, *metas; /* what was added */
};

/* (transfer none): the role as it may be changed; takes an unverified one in. NULL if unknown. */
PvEditRole *pv_edit_role_mutable(PvEdit *edit, const char *name);

/**
 * pv_edit_role_make:
 *
 * A role without metadata gets empty ones. Errors: PV_ERROR_ROLE: it has some that cannot be used as
 * they are, and must be witnessed first so that they are not lost.
 */
PvEditRole *pv_edit_role_make(PvEdit *edit, const char *name, GError **error);

/* (transfer none): the role, made from @metadata, which is kept. */
PvEditRole *pv_edit_role_take(PvEdit *edit, PvMetadata *metadata);

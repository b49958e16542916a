/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "service/publish.h"

/* A role's file as it was uploaded: read and hashed once, for all the steps. */
typedef struct {
	GBytes *file;
	PvFileMeta *meta;     /* its length and hashes */
	PvMetadata *metadata; /* (nullable): NULL if it cannot be read */
} PvUploaded;

/* One upload on its way into the store, shared by the files that check its parts. */
typedef struct {
	PvStore *store;
	PvSigner *signer;
	const char *gun;
	PvTime now;
	PvRefusal *refusal;
	PvMetadata *before;   /* the newest timestamp, read first: NULL in a new repository */
	GHashTable *uploaded; /* role → PvUploaded, without timestamp */
	PvMetadata *root;     /* the one that counts: the new one if there is one */
	GHashTable *targets;  /* role → PvMetadata, uploaded and those loaded as parents */
	PvMetadata *snapshot;
	gboolean overtaken; /* by another publish, and so may succeed on top of that one */
	GArray *updates;    /* of PvStoreUpdate */
	GPtrArray *made;    /* keeps the metadata that updates point into */
} PvPublish;

/* Fills the refusal with what kind of failure @error is, and logs it. Returns: FALSE. */
gboolean pv_publish_refuse_storage(PvPublish *publish, const GError *error);

/* Notes that @metadata is to be stored. */
void pv_publish_add(PvPublish *publish, PvMetadata *metadata);

/* (transfer full): what was uploaded of @role; if it cannot be read, why. */
PvMetadata *pv_publish_uploaded(const PvPublish *publish, const char *role, GError **error);

gboolean pv_publish_take_snapshot(PvPublish *publish);
gboolean pv_publish_make_snapshot(PvPublish *publish);

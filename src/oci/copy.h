/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/reference.h"
#include "oci/registry.h"

/*
 * Copies an image from where it is to where it is wanted: registry, layout, docker archive, OCI
 * archive. Digests are kept, everything is verified on its way, and the name at the destination
 * appears last.
 */
typedef struct {
	const char *platform;   /* NULL: the whole index, or this machine's for a docker archive */
	gboolean all;           /* the whole index is demanded */
	const PvDigest *digest; /* NULL, or what the source's manifest must be */
	const char *ca_file;    /* --tlscacert */
	guint slow_seconds;
	PvBlobProgress progress; /* may be NULL */
	void *user_data;
} PvCopyOptions;

typedef struct {
	PvDigest digest;
	guint64 size;
	char *media_type;
	guint attestations; /* artifacts with attestations of keys that came along: not with archives */
	char *note;         /* (nullable): why there may be others that did not */
} PvCopyResult;

void pv_copy_result_clear(PvCopyResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvCopyResult, pv_copy_result_clear)

/**
 * pv_copy:
 * @ret_result: (out): the manifest or index that was copied
 *
 * Errors: PV_ERROR_USAGE (a source or destination that is not an image's), PV_ERROR_DIGEST (changed
 * content, or another manifest than is demanded: nothing of it is kept), and those of registries, layouts and archives.
 */
gboolean pv_copy(const PvSource *from, const PvSource *to, const PvCopyOptions *options,
		 PvCopyResult *ret_result, GError **error);

/**
 * pv_copy_resolve:
 *
 * What a registry's reference names, without copying it: an index as such, unless the options name a
 * platform.
 */
gboolean pv_copy_resolve(const PvReference *reference, const PvCopyOptions *options,
			 PvCopyResult *ret_result, GError **error);

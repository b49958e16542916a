/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/layer.h"

/*
 * A tar read in steps, without I/O: give bytes, take events. What comes out is checked: numbers,
 * checksums, limits, and names (tar_name.h), so that a reader of entries sees only PvTarEntry as
 * oci/layer.h promises it.
 */

typedef struct PvTar PvTar;

typedef enum {
	PV_TAR_MORE,    /* all given bytes are used: give more, or finish */
	PV_TAR_ENTRY,   /* @entry is set */
	PV_TAR_CONTENT, /* @data, @size are the next piece of the last entry's content */
	PV_TAR_END      /* that content is complete (comes for every file, also an empty one) */
} PvTarEventType;

typedef struct {
	PvTarEventType type;
	const PvTarEntry *entry; /* valid until the next entry's event */
	const guint8 *data;      /* points into the given bytes */
	gsize size;
} PvTarEvent;

PvTar *pv_tar_new(void);
void pv_tar_free(PvTar *tar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTar, pv_tar_free)

/**
 * pv_tar_step:
 * @data: (inout): the bytes to read next; moved over those that were used
 * @size: (inout): how many there are
 * @ret_event: (out): the next thing that happened
 *
 * ustar, GNU long names (L, K), PAX (x, g; SCHILY.xattr), base-256 numbers. Sparse files and
 * multi-volume archives are refused, since what they unpack to depends on the reader. Names that
 * aufs left behind (`.wh..wh.*` but `.wh..wh..opq`) are passed over, as Docker does.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_ESCAPE, PV_ERROR_UNSUPPORTED; the reader is of
 * no more use after one.
 * Source: POSIX.1-2017, pax; GNU tar 1.34 manual, "Basic Tar Format"; OCI image-spec, layer.md.
 */
gboolean pv_tar_step(PvTar *tar, const guint8 **data, gsize *size, PvTarEvent *ret_event,
		     GError **error);

/**
 * pv_tar_finish:
 *
 * Says that no more bytes come. The two zero blocks of the end may be missing, as for every other
 * reader, but no entry may be cut off.
 */
gboolean pv_tar_finish(PvTar *tar, GError **error);

/**
 * pv_tar_entries:
 *
 * Returns: how many entries were given out.
 */
guint64 pv_tar_entries(const PvTar *tar);

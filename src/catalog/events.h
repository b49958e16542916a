/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "catalog/catalog.h"

/*
 * What a look into layers yields, in the order it is seen: the collector sends these, across the
 * sandbox's wall if need be, and the merger makes an inventory of them.
 */

typedef enum {
	PV_HIDE_WHITEOUT, /* a path and all below it, of lower layers */
	PV_HIDE_BELOW,    /* all below a path, of lower layers (an opaque directory) */
	PV_HIDE_REPLACE   /* a path and all below it: something else stands there now */
} PvHide;

typedef struct {
	/* A file that @cataloger reads begins; what is found in it follows. */
	gboolean (*file)(void *sink, const PvCataloger *cataloger, const char *path,
			 GError **error);
	gboolean (*package)(void *sink, const PvFoundPackage *package, GError **error);
	gboolean (*distro)(void *sink, const PvFoundDistro *distro, GError **error);
	/* A file that should have been read, and could not, or not to its end. */
	gboolean (*unreadable)(void *sink, const char *path, const char *why, GError **error);
	gboolean (*hidden)(void *sink, const char *path, PvHide how, GError **error);
	/* @path is the same file as @target, seen earlier. */
	gboolean (*link)(void *sink, const char *path, const char *target, GError **error);
	void *sink;
} PvCatalogEvents;

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/digest.h"

/*
 * What is in an image: its layers, its distribution, its packages, and what could not be read. It
 * is filled from a worker's records (sandbox/) or by a test, and never changed once it is matched
 * to advisories. All strings are owned by the inventory and live as long as it.
 */

typedef struct {
	PvDigest diff_id;       /* of the uncompressed tar; size 0 for a directory's one layer */
	const char *created_by; /* from the image's history; "" if unknown */
} PvInventoryLayer;

typedef struct {
	const char *name;    /* as installed: "libssl3" */
	const char *version; /* as installed: "3.0.15-1~deb12u1" */
	const char *type;    /* purl type: "deb", "apk", "npm" */
	const char
		*purl; /* "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12" */
	const char *architecture;   /* "" if it has none */
	const char *source_name;    /* what advisories name: "openssl"; equal to name if not told */
	const char *source_version; /* equal to version if not told */
	const char *path; /* the file that says so, from the root, without leading slash */
	guint layer;      /* index of the layer that brought this name and version in */
} PvPackage;

typedef struct {
	const char *path;
	const char *why;
	guint layer;
} PvUnreadable;

typedef struct {
	const char *id;         /* os-release ID: "debian", "alpine"; "" if there is none */
	const char *version_id; /* "12", "3.19.1"; "" for sid, edge */
	const char *id_like;
	const char *pretty_name;
} PvDistro;

typedef struct {
	GStringChunk *strings;
	GArray *layers;     /* of PvInventoryLayer */
	GArray *packages;   /* of PvPackage */
	GArray *unreadable; /* of PvUnreadable */
	PvDistro distro;
	const char *reference; /* what the user named */
	PvDigest digest;       /* of the image's manifest; size 0 for a directory */
} PvInventory;

PvInventory *pv_inventory_new(void);
void pv_inventory_free(PvInventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvInventory, pv_inventory_free)

/**
 * pv_inventory_string:
 * @text: (nullable): copied; NULL counts as ""
 *
 * Returns: (transfer none): a copy that lives as long as @inventory; equal texts share one.
 */
const char *pv_inventory_string(PvInventory *inventory, const char *text);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Catalogers: each knows one kind of file that says what is installed, and reads its bytes. They
 * run in the sandboxed worker on bytes an attacker wrote, touch no file, and keep no state. The
 * array in registry.c lists them all; TEMPLATE.c shows how to write one.
 */

/* One package as its file tells it. All texts are bounded and valid UTF-8 when a sink gets them. */
typedef struct {
	const char *type; /* purl type: "deb", "apk", "npm" */
	const char *name;
	const char *version;
	const char *architecture;   /* "" if it has none */
	const char *source_name;    /* equal to name if not told */
	const char *source_version; /* equal to version if not told */
} PvFoundPackage;

typedef struct {
	const char *id, *version_id, *id_like, *pretty_name; /* "" if not told */
} PvFoundDistro;

/* Who takes what a cataloger finds; what is pointed to is valid during the call only. */
typedef struct {
	gboolean (*package)(void *sink, const PvFoundPackage *package, GError **error);
	gboolean (*distro)(void *sink, const PvFoundDistro *distro, GError **error);
	void *sink;
} PvFindings;

typedef struct {
	const char *name;        /* "dpkg": stable, in --list and records */
	const char *description; /* one line for people */
	gsize max_bytes;         /* of a file; a larger one is reported as unreadable */
	/* TRUE for the path of a file to read: clean, from the root, without leading slash */
	gboolean (*wants)(const char *path);
	/* Paths that are sound only as plain files and directories: a symbolic link in such a
	 * place would hide packages from us, so it is reported. NULL-terminated, or NULL. */
	const char *const *not_links;
	/* Reads one file. What was given to @findings before an error counts. */
	gboolean (*parse)(const char *path, const guint8 *data, gsize size,
			  const PvFindings *findings, GError **error);
} PvCataloger;

extern const PvCataloger pv_catalog_apk;
extern const PvCataloger pv_catalog_dpkg;
extern const PvCataloger pv_catalog_npm;
extern const PvCataloger pv_catalog_os_release;

/**
 * pv_catalog_list:
 * @ret_count: (out): how many
 *
 * Returns: (transfer none): all catalogers.
 */
const PvCataloger *const *pv_catalog_list(guint *ret_count);

/**
 * pv_catalog_find:
 *
 * Returns: (transfer none) (nullable): the cataloger that reads the file at @path.
 */
const PvCataloger *pv_catalog_find(const char *path);

/**
 * pv_catalog_by_name:
 *
 * Returns: (transfer none) (nullable): the cataloger called @name.
 */
const PvCataloger *pv_catalog_by_name(const char *name);

/**
 * pv_catalog_must_not_be_link:
 *
 * Returns: TRUE if a symbolic link at @path would hide packages.
 */
gboolean pv_catalog_must_not_be_link(const char *path);

/**
 * pv_catalog_parse:
 * @data: @size bytes, at most the cataloger's max_bytes
 *
 * Runs a cataloger and checks what it finds: every text at most PV_PACKAGE_FIELD_BYTES_MAX bytes
 * and valid UTF-8 without control characters.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, and what @findings returns.
 */
gboolean pv_catalog_parse(const PvCataloger *cataloger, const char *path, const guint8 *data,
			  gsize size, const PvFindings *findings, GError **error);

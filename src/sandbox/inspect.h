/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "catalog/inventory.h"

/*
 * What is in an image or a directory: the one entry to the worker for everybody who wants to know.
 */

/**
 * pv_inspect_image:
 * @source: as for pv_image_open()
 * @platform: (nullable): as for pv_image_open()
 *
 * Reads every layer in a worker and checks it against what the manifest and the configuration
 * promise. A package database that is damaged is listed as unreadable; a damaged layer is an error.
 *
 * Errors: those of pv_image_open(), PV_ERROR_DIGEST (a layer is not the promised one),
 * PV_ERROR_SYNTAX, PV_ERROR_ESCAPE, PV_ERROR_LIMIT (a layer that must not be read), those of
 * pv_worker_start() and pv_worker_receive().
 *
 * Returns: (transfer full): the inventory, or NULL.
 */
PvInventory *pv_inspect_image(const char *source, const char *platform, GError **error);

/**
 * pv_inspect_directory:
 * @path: a root file system
 *
 * Finds package files below @path and has a worker read them. The inventory has one layer, without
 * a diff id.
 *
 * Returns: (transfer full): the inventory, or NULL.
 */
PvInventory *pv_inspect_directory(const char *path, GError **error);

/* For tests: another worker, another patience. */
typedef struct {
	const char *worker; /* a program; NULL for pavise-worker of this installation */
	guint timeout_ms;   /* 0 for PV_WORKER_ANSWER_MS */
} PvInspectOptions;

PvInventory *pv_inspect_image_with(const char *source, const char *platform,
				   const PvInspectOptions *options, GError **error);
PvInventory *pv_inspect_directory_with(const char *path, const PvInspectOptions *options,
				       GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Version orders. Each is a driver in a file of its own and a row in versions.c. Versions are
 * untrusted text of at most PV_VERSION_BYTES_MAX bytes; no function here allocates or fails.
 */
typedef struct {
	const char *name;        /* "dpkg" */
	const char *description; /* one line, with the source of the rules */
	/* FALSE: the reference implementation would refuse it. compare() still gives an order. */
	gboolean (*is_valid)(const char *version);
	/* Below, equal to or above 0. A total order, also over what is not valid. */
	int (*compare)(const char *a, const char *b);
} PvVersionOrder;

extern const PvVersionOrder *const pv_version_orders[];
extern const gsize pv_version_orders_count;

/**
 * pv_version_order:
 *
 * Returns: (transfer none): the order called @name, or NULL.
 */
const PvVersionOrder *pv_version_order(const char *name);

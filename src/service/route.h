/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/limits.h"

/* Which of the API's operations a request asks for (trust.md 1.1), by its method and path alone. */
typedef enum {
	PV_OPERATION_UNKNOWN, /* no such route: 404, after authentication */
	PV_OPERATION_REFUSED, /* a method that no route has: 405, before it */
	PV_OPERATION_MOVED,   /* a path that is not clean: 301, before it */
	PV_OPERATION_PING,
	PV_OPERATION_HEALTH,
	PV_OPERATION_METRICS,
	PV_OPERATION_UPDATE,
	PV_OPERATION_GET_ROLE,
	PV_OPERATION_GET_ROLE_BY_HASH,
	PV_OPERATION_GET_ROLE_BY_VERSION,
	PV_OPERATION_GET_KEY,
	PV_OPERATION_ROTATE_KEY,
	PV_OPERATION_DELETE,
	PV_OPERATION_GET_ATTESTATION,
	PV_OPERATION_PUT_ATTESTATION,
	PV_OPERATION_CHANGES,     /* of one GUN */
	PV_OPERATION_ALL_CHANGES, /* of all */
	PV_OPERATION_COUNT
} PvOperation;

typedef struct {
	const char *metric;         /* the label `operation`; NULL: not counted */
	const char *actions[3];     /* what a token must allow; none: open to all */
	gboolean is_for_repository; /* the actions are on the GUN, else on registry:catalog */
} PvOperationInfo;

const PvOperationInfo *pv_operation_info(PvOperation operation);

typedef struct {
	PvOperation operation;
	char gun[PV_GUN_BYTES_MAX + 1];        /* "" where the operation has none */
	char role[PV_ROLE_NAME_BYTES_MAX + 1]; /* of role and key operations */
	char key_id[64 + 1];                   /* of attestations: 64 lower-case digits */
	const char *hash;  /* (borrowed from the path) the digits of a hash … */
	gsize hash_length; /* … and how many */
	gint64 version;    /* G_MAXINT64: one that cannot exist */
} PvRoute;

/**
 * pv_route_parse:
 * @method: untrusted
 * @path: untrusted: decoded, without the query
 *
 * Fills @ret_route; nothing is allocated. A GUN is everything between `/v2/` and the last
 * `/_trust/`. HEAD is routed as GET.
 */
void pv_route_parse(const char *method, const char *path, PvRoute *ret_route);

/* (transfer full): @path without `//`, `.` and `..`, as the 301 of PV_OPERATION_MOVED names it. */
char *pv_route_clean_path(const char *path);

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Routes of the trust API. The table says of each operation what a token must allow and under which
 * name it is counted, so that neither can be forgotten for one of them. This runs for every request
 * before anything else looks at it, and allocates nothing.
 */

#include "service/route.h"

#include <string.h>

#include "tuf/metadata.h"

static const PvOperationInfo table[PV_OPERATION_COUNT] = {
	[PV_OPERATION_UNKNOWN] = { NULL, { "*" }, FALSE },
	[PV_OPERATION_REFUSED] = { NULL, { NULL }, FALSE },
	[PV_OPERATION_MOVED] = { NULL, { NULL }, FALSE },
	[PV_OPERATION_PING] = { NULL, { "*" }, FALSE },
	[PV_OPERATION_HEALTH] = { NULL, { NULL }, FALSE },
	[PV_OPERATION_METRICS] = { NULL, { NULL }, FALSE },
	[PV_OPERATION_UPDATE] = { "UpdateTUF", { "push", "pull" }, TRUE },
	[PV_OPERATION_GET_ROLE] = { "GetRole", { "pull" }, TRUE },
	[PV_OPERATION_GET_ROLE_BY_HASH] = { "GetRoleByHash", { "pull" }, TRUE },
	[PV_OPERATION_GET_ROLE_BY_VERSION] = { "GetRoleByVersion", { "pull" }, TRUE },
	[PV_OPERATION_GET_KEY] = { "GetKey", { "push", "pull" }, TRUE },
	[PV_OPERATION_ROTATE_KEY] = { "RotateKey", { "*" }, TRUE },
	[PV_OPERATION_DELETE] = { "DeleteTUF", { "*" }, TRUE },
	[PV_OPERATION_GET_ATTESTATION] = { "GetAttestation", { "pull" }, TRUE },
	[PV_OPERATION_PUT_ATTESTATION] = { "PutAttestation", { "push", "pull" }, TRUE },
	[PV_OPERATION_CHANGES] = { "Changefeed", { "pull" }, TRUE },
	[PV_OPERATION_ALL_CHANGES] = { "Changefeed", { "*" }, FALSE },
};

const PvOperationInfo *pv_operation_info(PvOperation operation)
{
	return &table[operation];
}

/* `role`, `role.HASH` or `N.role` of a file's name without its suffix. */
static void route_file(const char *name, gsize length, PvRoute *route)
{
	const char *end = name + length;
	const char *dot = memchr(name, '.', length);
	const char *role = name;
	gsize digits = strspn(name, "0123456789");
	PvOperation operation = PV_OPERATION_GET_ROLE;
	PvRoleKind kind;

	if (dot && digits > 0 && name + digits == dot) {
		/* A number that no version can have finds nothing; 0 is not "the newest". */
		route->version = digits > 18 ? 0 : g_ascii_strtoll(name, NULL, 10);
		if (route->version == 0)
			route->version = G_MAXINT64;
		role = dot + 1;
		operation = PV_OPERATION_GET_ROLE_BY_VERSION;
	} else if (dot) {
		route->hash = dot + 1;
		route->hash_length = (gsize)(end - dot - 1);
		end = dot;
		if (strspn(route->hash, "0123456789abcdefABCDEF") < route->hash_length ||
		    (route->hash_length != 64 && route->hash_length != 96 &&
		     route->hash_length != 128))
			return;
		operation = PV_OPERATION_GET_ROLE_BY_HASH;
	}
	if ((gsize)(end - role) >= sizeof route->role)
		return;
	memcpy(route->role, role, (gsize)(end - role));
	route->role[end - role] = '\0';
	if (pv_role_kind(route->role, &kind, NULL))
		route->operation = operation;
}

static void route_key(const char *name, gsize length, gboolean get, gboolean post, PvRoute *route)
{
	static const char *const roles[] = { "timestamp", "snapshot" };

	for (gsize i = 0; i < G_N_ELEMENTS(roles); i++) {
		if (strlen(roles[i]) != length || memcmp(roles[i], name, length) != 0)
			continue;
		g_strlcpy(route->role, roles[i], sizeof route->role);
		if (get)
			route->operation = PV_OPERATION_GET_KEY;
		else if (post)
			route->operation = PV_OPERATION_ROTATE_KEY;
	}
}

static void route_attestation(const char *method, gboolean get, const char *id, PvRoute *route)
{
	if (strlen(id) != sizeof route->key_id - 1 || strspn(id, "0123456789abcdef") != strlen(id))
		return;
	g_strlcpy(route->key_id, id, sizeof route->key_id);
	if (get)
		route->operation = PV_OPERATION_GET_ATTESTATION;
	else if (strcmp(method, "PUT") == 0)
		route->operation = PV_OPERATION_PUT_ATTESTATION;
}

/* @rest: what follows `/_trust/`. */
static void route_repository(const char *method, gboolean get, const char *rest, PvRoute *route)
{
	gboolean post = strcmp(method, "POST") == 0;
	gsize length = strlen(rest);

	if (get && strcmp(rest, "changefeed") == 0)
		route->operation = PV_OPERATION_CHANGES;
	else if (g_str_has_prefix(rest, "attestations/"))
		route_attestation(method, get, rest + strlen("attestations/"), route);
	else if (post && strcmp(rest, "tuf/") == 0)
		route->operation = PV_OPERATION_UPDATE;
	else if (strcmp(rest, "tuf/") == 0 && strcmp(method, "DELETE") == 0)
		route->operation = PV_OPERATION_DELETE;
	else if (length > 8 && memcmp(rest, "tuf/", 4) == 0 &&
		 strcmp(rest + length - 4, ".key") == 0)
		route_key(rest + 4, length - 8, get, post, route);
	else if (length > 9 && memcmp(rest, "tuf/", 4) == 0 && get &&
		 strcmp(rest + length - 5, ".json") == 0)
		route_file(rest + 4, length - 9, route);
}

static gboolean is_clean(const char *path)
{
	if (*path != '/' || strstr(path, "//"))
		return FALSE;
	for (const char *at = path; (at = strstr(at, "/.")); at++) {
		if (at[2] == '\0' || at[2] == '/' ||
		    (at[2] == '.' && (at[3] == '\0' || at[3] == '/')))
			return FALSE;
	}
	return TRUE;
}

char *pv_route_clean_path(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();
	g_autoptr(GString) clean = g_string_new(NULL);
	gsize length = strlen(path);

	for (char **part = parts; *part; part++) {
		if (**part == '\0' || strcmp(*part, ".") == 0)
			continue;
		if (strcmp(*part, "..") != 0)
			g_ptr_array_add(kept, *part);
		else if (kept->len > 0)
			g_ptr_array_set_size(kept, (int)kept->len - 1);
	}
	for (guint i = 0; i < kept->len; i++)
		g_string_append_printf(clean, "/%s", (const char *)kept->pdata[i]);
	if (kept->len == 0 || (length > 0 && path[length - 1] == '/'))
		g_string_append_c(clean, '/');
	return g_string_free(g_steal_pointer(&clean), FALSE);
}

static gboolean is_known_method(const char *method)
{
	static const char *const known[] = { "GET", "POST", "PUT", "HEAD", "DELETE", NULL };

	return g_strv_contains(known, method);
}

/* No `*`, as in Notary; and no control characters, which would end a line of a log. */
static gboolean is_gun(const char *gun)
{
	for (const char *at = gun; *at; at++) {
		if (*at == '*' || g_ascii_iscntrl(*at))
			return FALSE;
	}
	return *gun && g_utf8_validate(gun, -1, NULL);
}

/* The last `/_trust/` in @path; NULL if there is none. */
static const char *find_trust(const char *path)
{
	static const char mark[] = "/_trust/";
	const char *found = NULL;

	for (const char *at = path; (at = strstr(at, mark)); at++)
		found = at;
	return found;
}

void pv_route_parse(const char *method, const char *path, PvRoute *ret_route)
{
	gboolean get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	const char *trust;
	gsize length;

	ret_route->operation = PV_OPERATION_UNKNOWN;
	ret_route->gun[0] = ret_route->role[0] = ret_route->key_id[0] = '\0';
	ret_route->hash = NULL;
	ret_route->hash_length = 0;
	ret_route->version = 0;
	if (!get && !is_known_method(method))
		ret_route->operation = PV_OPERATION_REFUSED;
	else if (!is_clean(path))
		ret_route->operation = PV_OPERATION_MOVED;
	else if (get && strcmp(path, "/v2/") == 0)
		ret_route->operation = PV_OPERATION_PING;
	else if (get && strcmp(path, "/_notary_server/health") == 0)
		ret_route->operation = PV_OPERATION_HEALTH;
	else if (get && strcmp(path, "/metrics") == 0)
		ret_route->operation = PV_OPERATION_METRICS;
	else if (get && strcmp(path, "/v2/_trust/changefeed") == 0)
		ret_route->operation = PV_OPERATION_ALL_CHANGES;
	if (ret_route->operation != PV_OPERATION_UNKNOWN || strncmp(path, "/v2/", 4) != 0)
		return;
	trust = find_trust(path + 3);
	if (!trust || trust < path + 4)
		return;
	length = (gsize)(trust - path - 4);
	if (length >= sizeof ret_route->gun)
		return;
	memcpy(ret_route->gun, path + 4, length);
	ret_route->gun[length] = '\0';
	if (is_gun(ret_route->gun))
		route_repository(method, get, trust + strlen("/_trust/"), ret_route);
}

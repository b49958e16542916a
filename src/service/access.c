/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Access (trust.md 1.1, 1.4, 1.7). What an operation needs stands in the table of routes; here it is
 * compared with what the token grants. Challenges are spelled as docker's token library spells them:
 * clients parse them.
 */

#include "service/access.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "crypto/jwt.h"
#include "service/reply.h"

#define LEEWAY_S 60 /* between the token service's clock and ours */

struct PvAccess {
	char *realm, *service, *issuer;
	PvTokenKeys *keys; /* NULL: no tokens */
	char **prefixes;   /* NULL: every GUN */
};

typedef enum { MISSING, INVALID, INSUFFICIENT, GRANTED } Verdict;

static const char *const error_words[] = {
	[MISSING] = NULL,
	[INVALID] = "invalid_token",
	[INSUFFICIENT] = "insufficient_scope",
};

static gboolean check_prefixes(const char *const *prefixes, GError **error)
{
	for (; prefixes && *prefixes; prefixes++) {
		if (!**prefixes || !g_str_has_suffix(*prefixes, "/"))
			return pv_fail(
				error, PV_ERROR_USAGE,
				"gun_prefixes: \"%s\" does not end in a slash, so that it would "
				"match other names that begin with it",
				*prefixes);
	}
	return TRUE;
}

PvAccess *pv_access_new(const PvAccessOptions *options, GError **error)
{
	g_autoptr(PvAccess) access = g_new0(PvAccess, 1);

	if (!check_prefixes(options->gun_prefixes, error))
		return NULL;
	if (options->gun_prefixes && options->gun_prefixes[0])
		access->prefixes = g_strdupv((char **)options->gun_prefixes);
	if (!options->realm && !options->service && !options->issuer && !options->authorities)
		return g_steal_pointer(&access);
	if (!options->realm || !options->service || !options->issuer || !options->authorities)
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "auth type token needs the options realm, service, issuer and "
				    "rootcertbundle");
	access->realm = g_strdup(options->realm);
	access->service = g_strdup(options->service);
	access->issuer = g_strdup(options->issuer);
	access->keys = pv_token_keys_new(options->authorities, error);
	if (!access->keys) {
		pv_fail_wrap(error, "rootcertbundle");
		return NULL;
	}
	return g_steal_pointer(&access);
}

void pv_access_free(PvAccess *access)
{
	if (!access)
		return;
	g_free(access->realm);
	g_free(access->service);
	g_free(access->issuer);
	pv_token_keys_free(access->keys);
	g_strfreev(access->prefixes);
	g_free(access);
}

/* --- gun_prefixes ------------------------------------------------------------------------- */

static gboolean has_prefix(const PvAccess *access, const char *gun)
{
	for (char **prefix = access->prefixes; *prefix; prefix++) {
		if (g_str_has_prefix(gun, *prefix))
			return TRUE;
	}
	return FALSE;
}

static void refuse_gun(const PvAccess *access, const PvRoute *route, PvServerAnswer *answer)
{
	g_autofree char *list = g_strjoinv(" ", access->prefixes);
	g_autofree char *detail = g_strdup_printf("Require GUNs with prefix: [%s]", list);
	PvRefusal refusal = { PV_REPLY_NOT_FOUND, NULL };

	if (route->operation == PV_OPERATION_UPDATE ||
	    route->operation == PV_OPERATION_PUT_ATTESTATION)
		refusal = (PvRefusal){ PV_REPLY_INVALID_GUN, json_string(detail) };
	pv_reply_send(answer, &refusal);
}

/* --- tokens ------------------------------------------------------------------------------- */

static gboolean is_audience(const json_t *claims, const char *service)
{
	const json_t *audience = json_object_get(claims, "aud");

	if (json_is_string(audience))
		return strcmp(json_string_value(audience), service) == 0;
	for (gsize i = 0; i < json_array_size(audience); i++) {
		if (g_strcmp0(json_string_value(json_array_get(audience, i)), service) == 0)
			return TRUE;
	}
	return FALSE;
}

/* A time of the token; 0 if it is missing or no number. Huge ones saturate. */
static gint64 time_claim(const json_t *claims, const char *name)
{
	const json_t *value = json_object_get(claims, name);
	double number = json_number_value(value);

	if (json_is_integer(value))
		return json_integer_value(value);
	return (gint64)CLAMP(number, -9e15, 9e15);
}

static const char *wrong_claim(const PvAccess *access, const json_t *claims, PvTime now)
{
	if (g_strcmp0(pv_json_string(claims, "iss"), access->issuer) != 0)
		return "its issuer is another";
	if (!is_audience(claims, access->service))
		return "it is for another service";
	if (time_claim(claims, "exp") <= now.seconds - LEEWAY_S)
		return "it has expired";
	if (time_claim(claims, "nbf") > now.seconds + LEEWAY_S)
		return "it is not valid yet";
	return NULL;
}

/* As docker's token library: an action, or "*" for all. */
static gboolean grants(const json_t *claims, const char *type, const char *name, const char *action)
{
	const json_t *list = json_object_get(claims, "access");

	for (gsize i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const json_t *actions = json_object_get(entry, "actions");

		if (g_strcmp0(pv_json_string(entry, "type"), type) != 0 ||
		    g_strcmp0(pv_json_string(entry, "name"), name) != 0)
			continue;
		for (gsize k = 0; k < json_array_size(actions); k++) {
			const char *granted = json_string_value(json_array_get(actions, k));

			if (g_strcmp0(granted, action) == 0 || g_strcmp0(granted, "*") == 0)
				return TRUE;
		}
	}
	return FALSE;
}

/* What an operation is done to, as scopes name it. */
static const char *type_of(const PvOperationInfo *info)
{
	return info->is_for_repository ? "repository" : "registry";
}

static const char *name_of(const PvOperationInfo *info, const PvRoute *route)
{
	return info->is_for_repository ? route->gun : "catalog";
}

static Verdict judge(const PvAccess *access, const PvRoute *route, const PvServerRequest *request)
{
	const PvOperationInfo *info = pv_operation_info(route->operation);
	const char *header = pv_http_server_header(request, "Authorization");
	PvTime now = pv_time_now();
	g_autoptr(json_t) claims = NULL;

	if (!header || g_ascii_strncasecmp(header, "Bearer ", 7) != 0)
		return MISSING;
	claims = pv_token_verify(access->keys, header + 7, now, NULL);
	if (!claims || wrong_claim(access, claims, now))
		return INVALID;
	for (guint i = 0; i < G_N_ELEMENTS(info->actions) && info->actions[i]; i++) {
		if (!grants(claims, type_of(info), name_of(info, route), info->actions[i]))
			return INSUFFICIENT;
	}
	return GRANTED;
}

/* As Go's %q, for what may stand in a GUN: control characters cannot stand in a header at all. */
static void append_quoted(GString *text, const char *name, const char *value)
{
	g_string_append_printf(text, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			g_string_append_c(text, '\\');
		if ((guchar)*value < 0x20 || *value == 0x7f)
			g_string_append_printf(text, "\\x%02x", (guchar)*value);
		else
			g_string_append_c(text, *value);
	}
	g_string_append_c(text, '"');
}

static void challenge(const PvAccess *access, const PvRoute *route, Verdict verdict,
		      PvServerAnswer *answer)
{
	const PvOperationInfo *info = pv_operation_info(route->operation);
	const char *type = type_of(info), *name = name_of(info, route);
	g_autoptr(GString) header = g_string_new("Bearer ");
	g_autoptr(GString) scope = g_string_new(NULL);
	PvRefusal refusal = { PV_REPLY_UNAUTHORIZED, json_array() };

	g_string_printf(scope, "%s:%s:", type, name);
	for (guint i = 0; i < G_N_ELEMENTS(info->actions) && info->actions[i]; i++) {
		g_string_append_printf(scope, "%s%s", i ? "," : "", info->actions[i]);
		json_array_append_new(refusal.detail,
				      json_pack("{s:s, s:s, s:s, s:s}", "Type", type, "Class", "",
						"Name", name, "Action", info->actions[i]));
	}
	append_quoted(header, "realm", access->realm);
	append_quoted(header, ",service", access->service);
	append_quoted(header, ",scope", scope->str);
	if (error_words[verdict])
		append_quoted(header, ",error", error_words[verdict]);
	pv_server_answer_header(answer, "WWW-Authenticate", header->str);
	pv_reply_send(answer, &refusal);
}

gboolean pv_access_check(PvAccess *access, const PvRoute *route, const PvServerRequest *request,
			 PvServerAnswer *answer)
{
	Verdict verdict;

	if (access->prefixes && *route->gun && !has_prefix(access, route->gun)) {
		refuse_gun(access, route, answer);
		return FALSE;
	}
	if (!access->keys || !pv_operation_info(route->operation)->actions[0])
		return TRUE;
	verdict = judge(access, route, request);
	if (verdict == GRANTED)
		return TRUE;
	challenge(access, route, verdict, answer);
	return FALSE;
}

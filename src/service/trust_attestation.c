/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Attestations of a repository's keys: what a publisher's token said of the key that signs. The server
 * checks the form, and that the key is one of the repository; it believes nothing of what they say,
 * which each client verifies against the makers that it trusts.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/attestation.h"
#include "service/server_metadata.h"
#include "service/trust_handlers.h"

#define CONTENT_TYPE "application/pem-certificate-chain" /* RFC 8555 9.1 */

static void refuse(PvServerAnswer *answer, const char *why)
{
	pv_trust_answer_refusal(answer, PV_REPLY_INVALID_ATTESTATION, json_string(why));
}

void pv_trust_get_attestation(PvTrustApi *api, const PvRoute *route, PvServerAnswer *answer)
{
	g_auto(PvStoredFile) found = { 0 };
	g_autoptr(GError) error = NULL;

	if (pv_store_get_attestation(api->store, route->gun, route->key_id, &found, &error))
		answer->ready = pv_trust_ready_answer(api, CONTENT_TYPE, &found, FALSE);
	else if (g_error_matches(error, PV_ERROR, PV_ERROR_NOT_FOUND))
		pv_trust_answer_refusal(answer, PV_REPLY_NO_ATTESTATION, NULL);
	else
		pv_trust_answer_error(answer, error);
}

/* --- whose key it is ---------------------------------------------------------------------- */

typedef struct {
	PvStore *store;
	const char *gun, *key_id;
	GHashTable *known; /* of char*: roles looked into, or about to be */
	GQueue left;       /* of char*, which @known owns */
} Search;

static void look_into(Search *search, const char *role)
{
	char *name;

	if (g_hash_table_size(search->known) >= PV_DELEGATIONS_MAX ||
	    g_hash_table_contains(search->known, role))
		return;
	name = g_strdup(role);
	g_hash_table_add(search->known, name);
	g_queue_push_tail(&search->left, name);
}

static gboolean role_has_key(const PvRole *role, const char *key_id)
{
	for (guint i = 0; i < role->keys->len; i++) {
		if (strcmp(pv_public_key_canonical_id(role->keys->pdata[i]), key_id) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Root names its own keys and those of targets; targets and delegations those they delegate to. */
static gboolean names_key(Search *search, const PvMetadata *metadata)
{
	GHashTableIter iter;
	PvRole *role;

	if (!metadata->roles)
		return FALSE;
	g_hash_table_iter_init(&iter, metadata->roles);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&role)) {
		if (role_has_key(role, search->key_id))
			return TRUE;
		if (g_str_has_prefix(role->name, "targets"))
			look_into(search, role->name);
	}
	return FALSE;
}

/* @ret_root: whether there is a root at all. */
static gboolean is_key_of(PvTrustApi *api, const PvRoute *route, gboolean *ret_root, GError **error)
{
	Search search = { api->store, route->gun, route->key_id,
			  g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
			  G_QUEUE_INIT };
	gboolean found = FALSE;
	const char *name;

	*ret_root = FALSE;
	look_into(&search, "root");
	while (!found && (name = g_queue_pop_head(&search.left)) != NULL) {
		g_autoptr(GError) failure = NULL;
		g_autoptr(PvMetadata) metadata =
			pv_server_stored(api->store, route->gun, name, &failure);

		if (failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			break;
		}
		*ret_root |= metadata && strcmp(name, "root") == 0;
		found = metadata && names_key(&search, metadata);
	}
	g_queue_clear(&search.left);
	g_hash_table_unref(search.known);
	return found;
}

/* FALSE with an answer. */
static gboolean check_key(PvTrustApi *api, const PvRoute *route, PvServerAnswer *answer)
{
	g_autoptr(GError) error = NULL;
	gboolean has_root;

	if (is_key_of(api, route, &has_root, &error))
		return TRUE;
	if (error)
		pv_trust_answer_error(answer, error);
	else if (!has_root)
		pv_trust_answer_refusal(answer, PV_REPLY_NOT_FOUND, json_object());
	else
		refuse(answer, "no role of this repository has the key; publish the role that has "
			       "it first");
	return FALSE;
}

/* --- putting ------------------------------------------------------------------------------ */

gboolean pv_trust_admit_attestation(const PvServerRequest *request, PvServerAnswer *answer)
{
	const char *length = pv_http_server_header(request, "Content-Length");

	if (!length || g_ascii_strtoull(length, NULL, 10) <= PV_ATTESTATION_FILE_BYTES_MAX)
		return TRUE;
	refuse(answer, "it is too long");
	return FALSE;
}

/*
 * (transfer full): what is to be kept of @body: its two certificates alone, in one spelling; NULL with
 * an answer.
 */
static GBytes *checked_form(const PvRoute *route, GBytes *body, PvServerAnswer *answer)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) chain = pv_attestation_chain_parse(body, &error);
	g_autoptr(PvAttestation) claimed =
		chain ? pv_attestation_read_unverified(chain->pdata[0], &error) : NULL;

	if (claimed && strcmp(pv_public_key_canonical_id(claimed->key), route->key_id) == 0)
		return pv_attestation_chain_write(chain);
	refuse(answer, claimed ? "it is of another key than its address names" : error->message);
	return NULL;
}

void pv_trust_put_attestation(PvTrustApi *api, const PvRoute *route, const PvServerRequest *request,
			      PvServerAnswer *answer)
{
	g_autoptr(GBytes) kept = checked_form(route, request->body, answer);
	g_autoptr(GError) error = NULL;
	gboolean is_new;

	if (!kept || !check_key(api, route, answer))
		return;
	if (pv_store_put_attestation(api->store, route->gun, route->key_id, kept, pv_time_now(),
				     &is_new, &error))
		answer->status = is_new ? 201 : 200;
	else if (g_error_matches(error, PV_ERROR, PV_ERROR_LIMIT))
		refuse(answer, error->message);
	else
		pv_trust_answer_error(answer, error);
}

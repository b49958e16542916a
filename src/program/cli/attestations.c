/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise-image attestations: what pavise-trust, which holds keys and links no HTTP, wants of a registry
 * where the trust server keeps no attestations of keys: they refer to the signed image there.
 *
 *   push REFERENCE@DIGEST FILE…    makes the files (PEM) refer to that manifest
 *   read REFERENCE@DIGEST          prints {"attestations":[PEM, …]}, all that refer to it
 *
 * Nothing is believed or verified here: who asked does that.
 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "oci/referrer.h"
#include "program/cli/image.h"
#include "program/cli/options.h"

#define COMMAND "pavise-image attestations"

/* A registry that is open for one command. */
typedef struct {
	PvHttp *http;
	PvRegistry *registry;
	PvReference reference;
} Place;

static void place_clear(Place *place)
{
	g_clear_pointer(&place->registry, pv_registry_free);
	g_clear_pointer(&place->http, pv_http_free);
	pv_reference_clear(&place->reference);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static gboolean open_place(Place *place, const char *name, gboolean may_push, GError **error)
{
	if (!pv_reference_parse(name, &place->reference, error))
		return FALSE;
	if (!place->reference.has_digest || place->reference.digest.hash != PV_HASH_SHA256)
		return pv_fail(error, PV_ERROR_USAGE, "%s names no sha256 digest", name);
	place->http = pv_registry_client(NULL, 0, error);
	if (!place->http)
		return FALSE;
	place->registry = pv_registry_open(place->http, &place->reference, may_push, error);
	return place->registry != NULL;
}

static gboolean push(const char *name, char **files, GError **error)
{
	g_auto(Place) place = { 0 };
	g_autoptr(GPtrArray) blobs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_autoptr(PvReferrer) referrer = NULL;
	g_autoptr(GBytes) manifest = NULL;
	PvDescriptor subject;

	for (; *files; files++) {
		GBytes *pem = pv_file_read(*files, PV_ATTESTATION_FILE_BYTES_MAX, error);

		if (!pem)
			return FALSE;
		g_ptr_array_add(blobs, pem);
	}
	if (blobs->len > PV_REFERRER_BLOBS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%u attestations, at most %d allowed",
			       blobs->len, PV_REFERRER_BLOBS_MAX);
	if (!open_place(&place, name, TRUE, error))
		return FALSE;
	manifest = pv_registry_manifest(place.registry, NULL, &place.reference.digest, &subject,
					error);
	if (!manifest)
		return FALSE;
	referrer = pv_referrer_new(&subject, PV_ATTESTATION_ARTIFACT, PV_ATTESTATION_MEDIA, blobs);
	return pv_referrer_push(place.registry, &subject.digest, referrer, error);
}

static gboolean read_all(const char *name, GError **error)
{
	g_auto(Place) place = { 0 };
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(json_t) value = NULL;
	g_autofree char *text = NULL;
	json_t *list = json_array();

	value = json_pack("{s:o}", "attestations", list);
	if (!open_place(&place, name, FALSE, error))
		return FALSE;
	found = pv_referrer_read(place.registry, &place.reference.digest, PV_ATTESTATION_ARTIFACT,
				 PV_ATTESTATION_FILE_BYTES_MAX, error);
	if (!found)
		return FALSE;
	for (guint i = 0; i < found->len; i++) {
		const PvReferrer *referrer = found->pdata[i];

		for (guint k = 0; k < referrer->blobs->len; k++) {
			gsize size;
			const char *pem = g_bytes_get_data(referrer->blobs->pdata[k], &size);
			json_t *item = json_stringn(pem, size); /* NULL for what is no UTF-8 */

			if (item)
				json_array_append_new(list, item);
		}
	}
	text = pv_json_text(value, FALSE);
	fputs(text, stdout);
	return TRUE;
}

int pv_command_attestations(int argc, char **argv)
{
	const GOptionEntry none[] = { { NULL } };
	const GOptionEntry *const groups[] = { none, NULL };
	g_autoptr(GError) error = NULL;
	gboolean done;

	if (!pv_options_parse(COMMAND, "push|read REFERENCE@DIGEST [FILE…]",
			      "Attestations of keys beside an image in its registry.", groups,
			      &argc, &argv, &error))
		return pv_terminal_fail(COMMAND, error);
	if (argc >= 4 && strcmp(argv[1], "push") == 0)
		done = push(argv[2], argv + 3, &error);
	else if (argc == 3 && strcmp(argv[1], "read") == 0)
		done = read_all(argv[2], &error);
	else
		done = pv_fail(&error, PV_ERROR_USAGE,
			       "expected push REFERENCE@DIGEST FILE… or read REFERENCE@DIGEST");
	return done ? 0 : pv_terminal_fail(COMMAND, error);
}

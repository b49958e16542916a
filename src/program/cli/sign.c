/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise sign: binds a tag to a digest. What is signed is what was meant (design.md section 6): the
 * digest comes from the user, from a layout on this machine, or, only if said so, from the registry.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/terminal.h"
#include "oci/blobs.h"
#include "oci/image.h"
#include "program/cli/artifact.h"
#include "program/cli/options.h"
#include "program/cli/published.h"
#include "program/cli/resolve.h"
#include "program/cli/trust.h"
#include "program/cli/trust_options.h"
#include "trust/publish.h"
#include "trust/trace.h"

#define COMMAND "pavise sign"

typedef struct {
	PvTrustOptions trust;
	char *digest, *from, *platform;
	gboolean trust_registry, stage;
} Options;

static gboolean content_of_layout(const Options *options, PvFileMeta *ret_content, GError **error)
{
	g_auto(PvSource) source = { 0 };
	g_autoptr(PvBlobs) blobs = NULL;
	g_autoptr(PvImage) image = NULL;
	const PvDescriptor *manifest;

	if (options->platform) {
		image = pv_image_open(options->from, options->platform, error);
	} else if (pv_source_parse(options->from, &source, error)) {
		blobs = pv_blobs_open(&source, error);
	}
	if (!image && !blobs)
		return FALSE;
	manifest = image ? pv_image_manifest(image) : pv_blobs_root(blobs);
	ret_content->sha256 = manifest->digest;
	ret_content->length = manifest->size;
	return TRUE;
}

static gboolean content_by_digest(const Options *options, PvFileMeta *ret_content, GError **error)
{
	PvDigest meant = options->trust.reference.digest;
	char text[PV_DIGEST_TEXT_SIZE];
	g_autofree char *reference = NULL;

	if (options->digest &&
	    !pv_digest_parse(options->digest, strlen(options->digest), &meant, error))
		return FALSE;
	if (meant.hash != PV_HASH_SHA256)
		return pv_fail(error, PV_ERROR_UNSUPPORTED, "only sha256 digests can be signed");
	pv_digest_format(&meant, text);
	reference = g_strdup_printf("%s@%s", options->trust.gun, text);
	if (!pv_resolve_manifest(reference, NULL, ret_content, error))
		return FALSE;
	if (!pv_digest_equal(&ret_content->sha256, &meant))
		return pv_fail(error, PV_ERROR_DIGEST, "the registry gave another manifest for %s",
			       reference);
	return TRUE;
}

static gboolean confirm(const char *reference, const char *digest, GError **error)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s is %s, says the registry; name the digest you mean "
			       "(%s@sha256:…, --digest or --from), or say --trust-registry",
			       reference, digest, reference);
	fprintf(stderr, "%s is %s, says the registry. Sign that? [y/N] ", reference, digest);
	if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return pv_fail(error, PV_ERROR_REFUSED, "nothing was signed");
	return TRUE;
}

static gboolean content_by_registry(const Options *options, PvFileMeta *ret_content, GError **error)
{
	g_autofree char *reference = pv_reference_format(&options->trust.reference);
	char digest[PV_DIGEST_TEXT_SIZE];

	if (!pv_resolve_manifest(reference, options->platform, ret_content, error))
		return FALSE;
	pv_digest_format(&ret_content->sha256, digest);
	return options->trust_registry || confirm(reference, digest, error);
}

static gboolean find_content(const Options *options, PvFileMeta *ret_content, GError **error)
{
	gboolean by_digest = options->digest || options->trust.reference.has_digest;

	if (options->platform && by_digest)
		return pv_fail(error, PV_ERROR_USAGE,
			       "a digest names one manifest already: leave --platform out");
	if (options->from && by_digest)
		return pv_fail(error, PV_ERROR_USAGE, "--from and a digest are two ways to say it");
	if (options->from)
		return content_of_layout(options, ret_content, error);
	if (by_digest)
		return content_by_digest(options, ret_content, error);
	return content_by_registry(options, ret_content, error);
}

/* Where a key was when it signed, as far as it is known. */
static void append_place(json_t *places, const PvHardware *key)
{
	g_autofree char *words = pv_hardware_words(key);
	g_autofree char *text = words ? g_strdup_printf("%.12s: %s", key->id, words) : NULL;

	if (text)
		json_array_append_new(places, json_string(text));
}

static void trace(const Options *options, const char *reference, const PvTrustAnswer *answer)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) members = json_object();
	json_t *roles = json_array(), *keys = json_array(), *places = json_array();
	char digest[PV_DIGEST_TEXT_SIZE];

	for (guint i = 0; i < answer->roles->len; i++) {
		const PvTrustRole *role = answer->roles->pdata[i];

		json_array_append_new(roles, json_string(role->name));
		for (guint k = 0; k < role->keys->len; k++)
			json_array_append_new(keys, json_string(role->keys->pdata[k]));
		for (guint k = 0; role->hardware && k < role->hardware->keys->len; k++)
			append_place(places, role->hardware->keys->pdata[k]);
	}
	json_object_set_new(members, "roles", roles);
	json_object_set_new(members, "keys", keys);
	json_object_set_new(members, "places", places);
	pv_digest_format(&answer->digest, digest);
	if (!pv_trace_append("sign", reference, digest, members, &error))
		fprintf(stderr, COMMAND ": not in the audit trail: %s\n", error->message);
}

static void report(const Options *options, const char *reference, const PvTrustAnswer *answer,
		   gboolean new)
{
	char digest[PV_DIGEST_TEXT_SIZE];

	if (options->trust.json) {
		g_autofree char *text = pv_trust_answer_json(reference, answer);

		fputs(text, stdout);
		return;
	}
	if (new)
		printf("new repository %s: root and targets keys in %s/private, snapshot and "
		       "timestamp keys with the server\n",
		       options->trust.gun, options->trust.directory);
	pv_digest_format(&answer->digest, digest);
	printf("signed %s as %s in", reference, digest);
	for (guint i = 0; i < answer->roles->len; i++) {
		const PvTrustRole *role = answer->roles->pdata[i];

		printf("%s %s", i ? "," : "", role->name);
	}
	putchar('\n');
}

/* --stage: kept in the trust directory until it is published. */
static gboolean stage(Options *options, PvRepository *repository, const PvFileMeta *content,
		      GError **error)
{
	g_autoptr(GPtrArray) roles =
		pv_repository_stage(repository, options->trust.reference.tag, content, error);
	g_autoptr(json_t) value = NULL;
	g_autofree char *text = NULL;
	json_t *names = json_array();

	if (!roles)
		return FALSE;
	for (guint i = 0; i < roles->len; i++)
		json_array_append_new(names, json_string(roles->pdata[i]));
	value = json_pack("{s:s, s:s, s:o}", "repository", options->trust.gun, "staged",
			  options->trust.reference.tag, "roles", names);
	text = pv_json_text(value, FALSE);
	if (options->trust.json)
		fputs(text, stdout);
	else
		printf("staged %s:%s; `pavise repo publish %s` signs and publishes it\n",
		       options->trust.gun, options->trust.reference.tag, options->trust.gun);
	return TRUE;
}

/* Another's trust server keeps no attestations of keys: they go beside the image in its registry. */
static void share_attestations(const Options *options, const PvTrustAnswer *answer,
			       PvPublished *published)
{
	const PvTrustOptions *trust = &options->trust;
	g_autoptr(GError) error = NULL;

	if (published->unshared && pv_artifact_push(trust->gun, &answer->digest, trust->directory,
						    published->unshared, &error)) {
		fprintf(stderr,
			COMMAND ": the trust server keeps no attestations of keys: those of %u are "
				"beside the image in its registry\n",
			published->unshared->len);
		g_clear_pointer(&published->unshared, g_ptr_array_unref);
	} else if (error) {
		fprintf(stderr,
			COMMAND ": the registry did not take the attestations of keys: %s; sign "
				"again when the image is there\n",
			error->message);
	}
	pv_published_report_attestations(COMMAND, trust, published);
}

static gboolean sign(Options *options, const char *image, PvPassphrases *passphrases,
		     GError **error)
{
	g_autoptr(PvRepository) repository = pv_trust_options_open(&options->trust, image, error);
	g_autoptr(PvTrustAnswer) answer = NULL;
	g_autofree char *reference = NULL;
	PvFileMeta content = { 0 };
	g_auto(PvPublished) published = { 0 };

	if (!repository)
		return FALSE;
	if (!options->trust.reference.tag)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s has no tag; say which tag the digest gets: %s:TAG@sha256:…",
			       image, options->trust.gun);
	if (!find_content(options, &content, error))
		return FALSE;
	if (options->stage)
		return stage(options, repository, &content, error);
	answer = pv_repository_sign(repository, passphrases, options->trust.reference.tag, &content,
				    &published, error);
	if (!answer)
		return FALSE;
	reference = g_strdup_printf("%s:%s", options->trust.gun, options->trust.reference.tag);
	trace(options, reference, answer);
	report(options, reference, answer, published.first);
	share_attestations(options, answer, &published);
	return TRUE;
}

int pv_command_sign(int argc, char **argv)
{
	Options options = { 0 };
	g_autoptr(PvPassphrases) passphrases = pv_passphrases_take();
	g_autofree GOptionEntry *shared = pv_trust_options_entries(&options.trust);
	const GOptionEntry own[] = {
		{ "digest", 0, 0, G_OPTION_ARG_STRING, &options.digest,
		  "Sign this manifest, which the registry must have", "sha256:…" },
		{ "from", 0, 0, G_OPTION_ARG_STRING, &options.from,
		  "Sign the manifest of an image on this machine", "oci:DIR[:TAG]" },
		{ "platform", 0, 0, G_OPTION_ARG_STRING, &options.platform,
		  "Sign this one manifest of an index, not the index", "OS/ARCH[/VARIANT]" },
		{ "stage", 0, 0, G_OPTION_ARG_NONE, &options.stage,
		  "Ask no trust server: `pavise repo publish` signs and publishes it later", NULL },
		{ "trust-registry", 0, 0, G_OPTION_ARG_NONE, &options.trust_registry,
		  "Sign whatever the registry says the tag is", NULL },
		{ NULL },
	};
	g_autofree GOptionEntry *token = pv_trust_options_token_entries(&options.trust);
	const GOptionEntry *const groups[] = { own, shared, token, NULL };
	g_autoptr(GError) error = NULL;
	int status = 0;

	options.trust.passphrases = passphrases;
	if (!pv_options_parse(COMMAND, "IMAGE",
			      "Signs a tag: from now on it means this manifest, for everybody who "
			      "verifies.",
			      groups, &argc, &argv, &error)) {
		status = pv_terminal_fail(COMMAND, error);
	} else if (argc != 2) {
		pv_fail(&error, PV_ERROR_USAGE, "expected one IMAGE; try `%s --help`", COMMAND);
		status = pv_terminal_fail(COMMAND, error);
	} else if (!sign(&options, argv[1], passphrases, &error)) {
		status = pv_terminal_fail(COMMAND, error);
	}
	pv_trust_options_clear(&options.trust);
	g_free(options.digest);
	g_free(options.from);
	g_free(options.platform);
	return status;
}

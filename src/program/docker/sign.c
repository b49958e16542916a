/* SPDX-License-Identifier: Apache-2.0 */

/*
 * docker trust sign: signs anew the digest that a tag has, or has the engine push its image and
 * signs the digest that came of it. Where no engine answers, the registry is asked what the tag is,
 * and that is said.
 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/sorted.h"
#include "oci/auth.h"
#include "program/cli/resolve.h"
#include "program/docker/engine.h"
#include "program/docker/rows.h"
#include "trust/trace.h"

#define RELEASES "targets/releases"

static const PvInitialise as_docker = { .server_snapshot = TRUE };

/* --- publishing --------------------------------------------------------------------------- */

typedef struct {
	const PvDockerImage *image;
	const PvFileMeta *content;
} Signing;

/* Into each role whose key is here; anew also where nothing changes, so that it lasts longer. */
static gboolean apply(PvEdit *edit, void *data, GError **error)
{
	const Signing *signing = data;
	const char *tag = signing->image->tag;
	g_autoptr(GPtrArray) roles = pv_docker_image_signable(signing->image, edit, tag, error);

	if (!roles)
		return FALSE;
	for (guint i = 0; i < roles->len; i++) {
		g_autoptr(PvChange) change =
			pv_change_add_target(roles->pdata[i], tag, signing->content);
		g_autoptr(PvChange) anew = pv_change_witness(roles->pdata[i]);

		if (!pv_edit_apply(edit, change, error) || !pv_edit_apply(edit, anew, error))
			return FALSE;
	}
	return TRUE;
}

static void trace(const PvDockerImage *image, const PvFileMeta *content,
		  const PvPublished *published)
{
	g_autofree char *reference = g_strdup_printf("%s:%s", image->gun, image->tag);
	g_autoptr(json_t) members = json_object();
	g_autoptr(GError) error = NULL;
	json_t *roles = json_array();
	char digest[PV_DIGEST_TEXT_SIZE];

	for (guint i = 0; published->roles && i < published->roles->len; i++)
		json_array_append_new(roles, json_string(published->roles->pdata[i]));
	json_object_set_new(members, "roles", roles);
	pv_digest_format(&content->sha256, digest);
	if (!pv_trace_append("sign", reference, digest, members, &error))
		fprintf(stderr, "docker trust: not in the audit trail: %s\n", error->message);
}

static gboolean publish(PvDocker *docker, PvDockerImage *image, const PvFileMeta *content,
			GError **error)
{
	g_auto(PvPublished) published = { 0 };
	Signing signing = { image, content };

	fflush(stdout);
	if (!pv_repository_edit(image->repository, docker->passphrases, &as_docker, apply, &signing,
				&published, error))
		return pv_fail_wrap(error, "failed to sign %s:%s", image->gun, image->tag);
	if (published.first)
		printf("Finished initializing \"%s\"\n", image->gun);
	printf("Successfully signed %s:%s\n", image->gun, image->tag);
	trace(image, content, &published);
	return TRUE;
}

/* --- a repository without trust data -------------------------------------------------------- */

/* The first key of this signer, or a new one. */
static PvPrivateKey *signer_key(PvDocker *docker, const char *name, GError **error)
{
	g_autoptr(GPtrArray) keys = pv_trust_keys(docker->directory, error);
	g_autoptr(PvPrivateKey) key = NULL;
	const PvSecret *passphrase;

	if (!keys)
		return NULL;
	for (guint i = 0; i < keys->len; i++) {
		const PvStoredKey *stored = keys->pdata[i];

		if (g_strcmp0(stored->file->role, name) == 0)
			return pv_passphrases_open(docker->passphrases, stored, error);
	}
	passphrase = pv_passphrases_new(docker->passphrases, name, error);
	key = passphrase ? pv_private_key_generate(PV_KEY_ECDSA, error) : NULL;
	if (!key || !pv_trust_key_add(docker->directory, key, NULL, name, passphrase, error))
		return NULL;
	return g_steal_pointer(&key);
}

/*
 * Docker names the first signer as the user is known to the registry. Who is not logged in, or has
 * a name that cannot be a role's, signs with the repository's key until a signer is added.
 */
static gboolean initialise(PvDocker *docker, PvDockerImage *image, GError **error)
{
	g_auto(PvCredentials) credentials = { 0 };
	g_auto(PvPublished) published = { 0 };
	g_autoptr(PvPrivateKey) key = NULL;
	g_autoptr(GPtrArray) keys = g_ptr_array_new();

	image->known = TRUE;
	if (!pv_auth_load(image->reference.host, &credentials, error))
		return FALSE;
	if (!credentials.user || !pv_docker_check_name("signer", credentials.user, NULL) ||
	    strcmp(credentials.user, "releases") == 0) {
		fprintf(stderr,
			"docker trust: no login at %s to name a signer after: signing with the key "
			"of the repository; docker trust signer add names one\n",
			image->reference.host);
		return TRUE;
	}
	key = signer_key(docker, credentials.user, error);
	if (!key)
		return FALSE;
	g_ptr_array_add(keys, pv_private_key_public(key));
	if (!pv_repository_add_signer(image->repository, docker->passphrases, credentials.user,
				      keys, &published, error)) {
		pv_docker_image_explain(image, image->gun, *error);
		return FALSE;
	}
	printf("Created signer: %s\n", credentials.user);
	printf("Finished initializing signed repository for %s\n", image->name);
	return TRUE;
}

/* --- what to sign ------------------------------------------------------------------------- */

/* What the engine says of the image; FALSE in @ret_engine if no engine answers. */
static gboolean check_local(PvDocker *docker, const PvDockerImage *image, gboolean *ret_engine,
			    GError **error)
{
	g_autoptr(GError) failure = NULL;

	*ret_engine = TRUE;
	if (pv_docker_engine_check(docker, image, &failure))
		return TRUE;
	if (g_error_matches(failure, PV_ERROR, PV_ERROR_UNREACHABLE)) {
		*ret_engine = FALSE;
		return TRUE;
	}
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

static gboolean content_of_registry(const PvDockerImage *image, PvFileMeta *ret_content,
				    GError **error)
{
	g_autofree char *reference = pv_reference_format(&image->reference);
	char digest[PV_DIGEST_TEXT_SIZE];

	if (!pv_resolve_manifest(reference, NULL, ret_content, error))
		return FALSE;
	pv_digest_format(&ret_content->sha256, digest);
	fprintf(stderr,
		"docker trust: no engine answers: signing what the registry says %s is: %s\n",
		image->name, digest);
	return TRUE;
}

static gboolean sign_local(PvDocker *docker, PvDockerImage *image, gboolean engine, GError **error)
{
	PvFileMeta content = { 0 };

	if (!engine) {
		if (!content_of_registry(image, &content, error))
			return FALSE;
	} else {
		fprintf(stderr,
			"Signing and pushing trust data for local image %s, may overwrite remote "
			"trust data\n",
			image->name);
		if (!pv_docker_engine_push(docker, image, &content, error))
			return FALSE;
	}
	puts("Signing and pushing trust metadata");
	return publish(docker, image, &content, error);
}

/* --- signing anew ------------------------------------------------------------------------- */

/* (transfer none) (nullable): what the tag is signed as. */
static const PvFileMeta *signed_content(const PvTufState *state, const char *tag)
{
	static const char *const order[] = { "targets", RELEASES };

	for (gsize i = 0; state && i < G_N_ELEMENTS(order); i++) {
		const char *roles[] = { order[i], NULL };
		const PvFileMeta *meta = pv_tuf_find_target(state, tag, roles, NULL);

		if (meta && meta->sha256.size > 0)
			return meta;
	}
	return NULL;
}

static void print_existing(const PvTufState *state, const char *tag)
{
	g_autoptr(GPtrArray) rows = pv_docker_rows(state, tag);
	const PvDockerRow *row = rows->len ? rows->pdata[0] : NULL;

	if (!row)
		return;
	pv_sort_texts(row->signers);
	printf("Existing signatures for tag %s digest %s from:\n", row->tag, row->digest);
	for (guint i = 0; i < row->signers->len; i++)
		printf("%s%s", i ? ", " : "", (char *)row->signers->pdata[i]);
	putchar('\n');
}

static gboolean sign_anew(PvDocker *docker, PvDockerImage *image, const PvTufState *state,
			  const PvFileMeta *content, GError **error)
{
	printf("Signing and pushing trust metadata for %s\n", image->name);
	print_existing(state, image->tag);
	return publish(docker, image, content, error);
}

static gboolean sign(PvDocker *docker, PvDockerImage *image, gboolean local, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(PvTufState) state = pv_docker_image_state(image, NULL, &failure);
	const PvFileMeta *content = local ? NULL : signed_content(state, image->tag);
	gboolean engine;

	if (!state && !g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_SIGNED)) {
		pv_docker_image_explain(image, image->gun, failure);
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (content)
		return sign_anew(docker, image, state, content, error);
	return check_local(docker, image, &engine, error) &&
	       (state || initialise(docker, image, error)) &&
	       sign_local(docker, image, engine, error);
}

gboolean pv_docker_sign(PvDocker *docker, const PvDockerArguments *arguments, GError **error)
{
	g_auto(PvDockerImage) image = { 0 };

	if (!pv_docker_image_open(docker, arguments->words->pdata[0], &image, error))
		return FALSE;
	if (image.reference.has_digest)
		return pv_fail(error, PV_ERROR_USAGE,
			       "cannot use a digest reference for IMAGE:TAG");
	if (!image.tag)
		return pv_fail(error, PV_ERROR_USAGE, "no tag specified for %s", image.name);
	return sign(docker, &image, arguments->on, error);
}

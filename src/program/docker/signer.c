/* SPDX-License-Identifier: Apache-2.0 */

/* docker trust signer: who may sign. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "crypto/certificate.h"
#include "program/docker/image.h"

#define RELEASES      "targets/releases"
#define RELEASES_NAME "releases"

/* --- add ---------------------------------------------------------------------------------- */

static char *pem_label(const char *text, gsize size)
{
	const char *begin = g_strstr_len(text, (gssize)size, "-----BEGIN ");
	const char *end;

	if (!begin)
		return NULL;
	begin += strlen("-----BEGIN ");
	end = g_strstr_len(begin, (gssize)(text + size - begin), "-----");
	return end ? g_strndup(begin, (gsize)(end - begin)) : NULL;
}

static PvPublicKey *read_public(const char *path, GError **error)
{
	g_autoptr(GBytes) bytes = NULL;
	g_autofree char *label = NULL;
	PvPublicKey *key;
	const char *text;
	gsize size;

	if (access(path, R_OK) != 0)
		return pv_fail_null(error, PV_ERROR_NOT_FOUND,
				    "unable to read public key from file: open %s: %s", path,
				    errno == ENOENT ? "no such file or directory"
						    : g_strerror(errno));
	bytes = pv_file_read(path, PV_CERTIFICATE_BYTES_MAX, error);
	if (!bytes)
		return NULL;
	text = g_bytes_get_data(bytes, &size);
	label = pem_label(text, size);
	if (!label)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "could not parse public key from file: %s: no valid public key "
				    "found",
				    path);
	if (strcmp(label, "CERTIFICATE") != 0 && strcmp(label, "PUBLIC KEY") != 0)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "could not parse public key from file: %s: unsupported PEM "
				    "block type \"%s\", expected CERTIFICATE or PUBLIC KEY",
				    path, label);
	key = pv_certificate_parse_key(text, size, error);
	if (!key)
		pv_fail_wrap(error, "could not parse public key from file: %s", path);
	return key;
}

static gboolean read_keys(const GPtrArray *paths, GPtrArray *keys, GError **error)
{
	for (guint i = 0; i < paths->len; i++) {
		PvPublicKey *key = read_public(paths->pdata[i], error);

		if (!key)
			return FALSE;
		g_ptr_array_add(keys, key);
	}
	return TRUE;
}

/* Whether the repository has trust data; says that it is initialised if it has none. */
static gboolean look_at_repository(PvDockerImage *image, gboolean *ret_new, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(PvTufState) state = pv_docker_image_state(image, NULL, &failure);

	*ret_new = FALSE;
	if (state)
		return TRUE;
	if (!g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_SIGNED)) {
		pv_docker_image_explain(image, image->name, failure);
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	*ret_new = TRUE;
	image->known = TRUE;
	printf("Initializing signed repository for %s...\n", image->name);
	return TRUE;
}

static gboolean add_to(PvDocker *docker, const char *signer, const char *name, GPtrArray *keys,
		       GError **error)
{
	g_auto(PvDockerImage) image = { 0 };
	g_auto(PvPublished) published = { 0 };
	gboolean new;

	if (!pv_docker_image_open(docker, name, &image, error) ||
	    !look_at_repository(&image, &new, error))
		return FALSE;
	fflush(stdout);
	if (!pv_repository_add_signer(image.repository, docker->passphrases, signer, keys,
				      &published, error)) {
		if (error && *error)
			pv_docker_image_explain(&image, name, *error);
		return FALSE;
	}
	if (new)
		printf("Successfully initialized \"%s\"\n", name);
	printf("Successfully added signer: %s to %s\n\n", signer, name);
	return TRUE;
}

static void print_failure(const GError *failure)
{
	g_autofree char *safe = pv_terminal_safe(failure->message);

	fflush(stdout);
	fprintf(stderr, "%s\n\n", safe);
}

gboolean pv_docker_signer_add(PvDocker *docker, const PvDockerArguments *arguments, GError **error)
{
	const GPtrArray *words = arguments->words;
	const char *signer = words->pdata[0];
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_public_key_unref);
	g_autoptr(GString) failed = g_string_new(NULL);

	if (!pv_docker_check_name("signer", signer, error))
		return FALSE;
	if (strcmp(signer, RELEASES_NAME) == 0)
		return pv_fail(error, PV_ERROR_USAGE,
			       "releases is a reserved keyword, use a different signer name");
	if (arguments->list->len == 0)
		return pv_fail(error, PV_ERROR_USAGE,
			       "path to a public key must be provided using the `--key` flag");
	if (!read_keys(arguments->list, keys, error))
		return FALSE;
	for (guint i = 1; i < words->len; i++) {
		g_autoptr(GError) failure = NULL;
		const char *name = words->pdata[i];

		printf("Adding signer \"%s\" to %s...\n", signer, name);
		if (add_to(docker, signer, name, keys, &failure))
			continue;
		print_failure(failure);
		g_string_append_printf(failed, "%s%s", failed->len ? ", " : "", name);
	}
	return failed->len == 0 ||
	       pv_fail(error, PV_ERROR_REFUSED, "failed to add signer to: %s", failed->str);
}

/* --- remove ------------------------------------------------------------------------------- */

static gboolean has_key(const PvRole *role, const char *id)
{
	for (guint i = 0; i < role->keys->len; i++) {
		PvPublicKey *key = role->keys->pdata[i];

		if (strcmp(pv_public_key_id(key), id) == 0 ||
		    strcmp(pv_public_key_canonical_id(key), id) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Whether what is released now could not be verified without the keys of @leaving. */
static gboolean is_last(const PvTufState *state, const PvRole *leaving, gboolean *ret_last,
			GError **error)
{
	const PvMetadata *releases = pv_tuf_metadata(state, RELEASES);
	const PvRole *role = pv_tuf_role(state, RELEASES);
	guint left = 0;

	if (!releases || !role || releases->signatures->len == 0)
		return pv_fail(error, PV_ERROR_REFUSED,
			       "all signed tags are currently revoked, use docker trust sign to "
			       "fix");
	for (guint i = 0; i < releases->signatures->len; i++) {
		const PvSignature *signature = releases->signatures->pdata[i];

		left += has_key(leaving, signature->key_id) ? 0 : 1;
	}
	*ret_last = left < role->threshold;
	return TRUE;
}

static gboolean confirm(const char *signer, const char *name)
{
	g_autofree char *question = g_strdup_printf(
		"The signer \"%s\" signed the last released version of %s. Removing this signer "
		"will make %s unpullable. Are you sure you want to continue?",
		signer, name, name);

	return pv_docker_confirm(question);
}

/* The delegation of @signer in what the server has. */
static PvTufState *find_signer(PvDockerImage *image, const char *signer, const PvRole **ret_role,
			       GError **error)
{
	g_autofree char *role = g_strconcat("targets/", signer, NULL);
	g_autoptr(GError) failure = NULL;
	g_autoptr(PvTufState) state = pv_docker_image_state(image, NULL, &failure);

	if (!state) {
		g_autofree char *absent = pv_docker_image_absent(image);
		gboolean none = g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_SIGNED);

		return pv_fail_null(error, PV_ERROR_NOT_SIGNED,
				    "error retrieving signers for %s: %s", image->name,
				    none ? absent : failure->message);
	}
	*ret_role = pv_tuf_role(state, role);
	if (!*ret_role)
		return pv_fail_null(error, PV_ERROR_NOT_FOUND, "no signer %s for repository %s",
				    signer, image->name);
	return g_steal_pointer(&state);
}

static gboolean remove_from(PvDocker *docker, const char *signer, const char *name, gboolean force,
			    GError **error)
{
	g_auto(PvDockerImage) image = { 0 };
	g_auto(PvPublished) published = { 0 };
	g_autoptr(PvTufState) state = NULL;
	const PvRole *role;
	gboolean last = FALSE;

	if (!pv_docker_image_open(docker, name, &image, error))
		return FALSE;
	if (strcmp(signer, RELEASES_NAME) == 0)
		return pv_fail(error, PV_ERROR_USAGE,
			       "releases is a reserved keyword and cannot be removed");
	state = find_signer(&image, signer, &role, error);
	if (!state || !is_last(state, role, &last, error))
		return FALSE;
	if (last && !force && !confirm(signer, name))
		return TRUE;
	if (!pv_repository_remove_signer(image.repository, docker->passphrases, signer, TRUE,
					 &published, error)) {
		if (error && *error)
			pv_docker_image_explain(&image, name, *error);
		return FALSE;
	}
	printf("Successfully removed %s from %s\n\n", signer, name);
	return TRUE;
}

gboolean pv_docker_signer_remove(PvDocker *docker, const PvDockerArguments *arguments,
				 GError **error)
{
	const GPtrArray *words = arguments->words;
	const char *signer = words->pdata[0];
	g_autoptr(GString) failed = g_string_new(NULL);

	for (guint i = 1; i < words->len; i++) {
		g_autoptr(GError) failure = NULL;
		const char *name = words->pdata[i];

		printf("Removing signer \"%s\" from %s...\n", signer, name);
		fflush(stdout);
		if (remove_from(docker, signer, name, arguments->on, &failure))
			continue;
		print_failure(failure);
		g_string_append_printf(failed, "%s%s", failed->len ? ", " : "", name);
	}
	return failed->len == 0 ||
	       pv_fail(error, PV_ERROR_REFUSED, "error removing signer from: %s", failed->str);
}

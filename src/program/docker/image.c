/* SPDX-License-Identifier: Apache-2.0 */

/* From a name to a repository's trust data, with Docker's sentences for what goes wrong. */

#include "program/docker/image.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/terminal.h"

/* The last part after a colon is a tag; in host:port/path it is none. */
static gboolean names_tag(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strchr(slash ? slash : name, ':') != NULL;
}

/* "library/UPPER" of "UPPER:1", for Docker's sentence. */
static char *path_as_given(const char *name)
{
	g_autofree char *bare = g_strdup(name);
	char *slash = strrchr(bare, '/'), *first = strchr(bare, '/');

	(slash ? slash : bare)[strcspn(slash ? slash : bare, ":@")] = '\0';
	if (!first)
		return g_strconcat("library/", bare, NULL);
	*first = '\0';
	if (strpbrk(bare, ".:") || strcmp(bare, "localhost") == 0)
		return g_strdup(first + 1);
	*first = '/';
	return g_steal_pointer(&bare);
}

static gboolean parse_name(const char *name, PvReference *ret_reference, GError **error)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);
	g_auto(PvReference) other = { 0 };
	g_autofree char *path = NULL;

	if (pv_reference_parse(name, ret_reference, NULL))
		return TRUE;
	if (!pv_reference_parse(lower, &other, NULL))
		return pv_fail(error, PV_ERROR_SYNTAX, "invalid reference format");
	path = path_as_given(name);
	return pv_fail(error, PV_ERROR_SYNTAX,
		       "invalid reference format: repository name (%s) must be lowercase", path);
}

gboolean pv_docker_image_open(const PvDocker *docker, const char *name, PvDockerImage *ret_image,
			      GError **error)
{
	g_auto(PvReference) reference = { 0 };
	g_autofree char *gun = NULL, *server = NULL;
	PvRepositoryOptions options = { .directory = docker->directory, .tofu = TRUE };

	if (!parse_name(name, &reference, error))
		return FALSE;
	gun = pv_reference_repository(&reference);
	server = pv_trust_server(reference.host);
	if (!g_str_has_prefix(server, "https://"))
		return pv_fail(error, PV_ERROR_USAGE,
			       "valid https URL required for trust server, got %s", server);
	options.gun = gun;
	ret_image->repository = pv_repository_open(&options, error);
	if (!ret_image->repository)
		return FALSE;
	ret_image->name = name;
	ret_image->root =
		g_build_filename(docker->directory, "tuf", gun, "metadata", "root.json", NULL);
	ret_image->known = g_file_test(ret_image->root, G_FILE_TEST_EXISTS);
	ret_image->reference = reference;
	memset(&reference, 0, sizeof(reference));
	ret_image->gun = g_steal_pointer(&gun);
	if (!ret_image->reference.has_digest && names_tag(name))
		ret_image->tag = ret_image->reference.tag;
	return TRUE;
}

static void say_first_use(const PvDockerImage *image)
{
	g_autoptr(GBytes) file = pv_file_read(image->root, PV_METADATA_BYTES_MAX, NULL);
	g_autoptr(PvMetadata) root = file ? pv_metadata_parse("root", file, NULL) : NULL;
	const PvRole *role = root ? g_hash_table_lookup(root->roles, "root") : NULL;

	for (guint i = 0; role && i < role->keys->len; i++)
		fprintf(stderr,
			"docker trust: trusting the root of %s at first sight; its key is %s\n",
			image->gun, pv_public_key_id(role->keys->pdata[i]));
}

void pv_docker_image_clear(PvDockerImage *image)
{
	if (image->root && !image->known)
		say_first_use(image);
	g_clear_pointer(&image->repository, pv_repository_close);
	g_clear_pointer(&image->gun, g_free);
	g_clear_pointer(&image->root, g_free);
	pv_reference_clear(&image->reference);
}

PvTufState *pv_docker_image_state(PvDockerImage *image, const char *only, GError **error)
{
	g_autofree char *warning = NULL;
	PvTufState *state =
		pv_repository_update_or_cached(image->repository, only, &warning, error);

	if (warning) {
		g_autofree char *safe = pv_terminal_safe(warning);

		fprintf(stderr,
			"docker trust: warning: %s: using cached trust data - this might not be "
			"the latest version available remotely\n",
			safe);
	}
	return state;
}

char *pv_docker_image_absent(const PvDockerImage *image)
{
	const char *host = pv_repository_server(image->repository) + strlen("https://");

	return g_strdup_printf("%.*s does not have trust data for %s", (int)strcspn(host, "/"),
			       host, image->gun);
}

static const struct {
	PvErrorCode code;
	const char *before, *between; /* name, then our own words */
} sentences[] = {
	{ PV_ERROR_NOT_SIGNED, "Error: remote trust data does not exist for ", ": " },
	{ PV_ERROR_EXPIRED, "Error: remote repository ", " out-of-date: " },
	{ PV_ERROR_ROOT,
	  "Warning: potential malicious behavior - trust data mismatch for remote repository ",
	  ": " },
	{ PV_ERROR_ROLLBACK,
	  "Warning: potential malicious behavior - trust data version is lower than expected for "
	  "remote repository ",
	  ": " },
	{ PV_ERROR_SIGNATURE,
	  "Warning: potential malicious behavior - trust data has insufficient signatures for "
	  "remote "
	  "repository ",
	  ": " },
	{ PV_ERROR_KEY, "Error: signing keys for remote repository ", " not found: " },
	{ PV_ERROR_PASSPHRASE, "Error: could not find signing keys for remote repository ",
	  ", or could not decrypt signing key: " },
};

void pv_docker_image_explain(const PvDockerImage *image, const char *name, GError *error)
{
	g_autofree char *own = NULL;

	if (g_error_matches(error, PV_ERROR, PV_ERROR_UNREACHABLE)) {
		own = g_steal_pointer(&error->message);
		error->message = g_strconcat("Error: error contacting notary server: ", own, NULL);
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(sentences); i++) {
		if (!g_error_matches(error, PV_ERROR, (gint)sentences[i].code))
			continue;
		own = g_steal_pointer(&error->message);
		if (sentences[i].code == PV_ERROR_NOT_SIGNED) {
			g_free(own);
			own = pv_docker_image_absent(image);
		}
		error->message =
			g_strconcat(sentences[i].before, name, sentences[i].between, own, NULL);
		return;
	}
}

static gboolean covers(const PvRole *role, const char *tag)
{
	for (guint i = 0; role->paths && i < role->paths->len; i++) {
		if (g_str_has_prefix(tag, role->paths->pdata[i]))
			return TRUE;
	}
	return FALSE;
}

GPtrArray *pv_docker_image_signable(const PvDockerImage *image, const PvEdit *edit, const char *tag,
				    GError **error)
{
	const PvEditRole *targets = pv_edit_role(edit, "targets");
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	if (!targets || targets->role_order->len == 0) {
		g_ptr_array_add(names, (void *)"targets");
		return g_steal_pointer(&names);
	}
	for (guint i = 0; i < targets->role_order->len; i++) {
		const char *name = targets->role_order->pdata[i];
		const PvRole *role = g_hash_table_lookup(targets->roles, name);

		if (!strchr(name + strlen("targets/"), '/') && covers(role, tag) &&
		    pv_repository_holds_key(image->repository, role))
			g_ptr_array_add(names, (void *)name);
	}
	if (names->len == 0)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "no valid signing keys for delegation roles");
	return g_steal_pointer(&names);
}

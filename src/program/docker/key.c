/* SPDX-License-Identifier: Apache-2.0 */

/* docker trust key: signers' keys. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "program/docker/docker.h"
#include "trust/keys.h"

#define OTHERS 077

gboolean pv_docker_check_name(const char *what, const char *name, GError **error)
{
	gboolean good = g_ascii_islower(name[0]) || g_ascii_isdigit(name[0]);

	for (const char *c = name; good && *c; c++)
		good = g_ascii_islower(*c) || g_ascii_isdigit(*c) || *c == '-' || *c == '_';
	return good ||
	       pv_fail(error, PV_ERROR_USAGE,
		       "%s name \"%s\" must start with lowercase alphanumeric characters and can "
		       "include \"-\" or \"_\" after the first character",
		       what, name);
}

/* Docker's public key file: PEM with the signer's name as a header. */
static char *public_file(const char *name, const PvPublicKey *key)
{
	g_autofree char *pem = pv_certificate_public_pem(key);
	const char *body = strchr(pem, '\n') + 1;

	return g_strdup_printf("%.*srole: %s\n\n%s", (int)(body - pem), pem, name, body);
}

static gboolean generate(PvDocker *docker, const char *name, const char *path, GError **error)
{
	const PvSecret *passphrase;
	g_autoptr(PvPrivateKey) key = NULL;
	g_autofree char *pem = NULL;

	printf("Generating key for %s...\n", name);
	fflush(stdout);
	passphrase = pv_passphrases_new(docker->passphrases, name, error);
	key = passphrase ? pv_private_key_generate(PV_KEY_ECDSA, error) : NULL;
	if (!key || !pv_trust_key_add(docker->directory, key, NULL, name, passphrase, error))
		return pv_fail_wrap(error, "failed to generate key for %s", name);
	pem = public_file(name, pv_private_key_public(key));
	if (!pv_file_create(path, pem, strlen(pem), 0600, error))
		return pv_fail_wrap(error, "failed to write public key to %s", path);
	printf("Successfully generated and loaded private key. Corresponding public key available: "
	       "%s\n",
	       path);
	return TRUE;
}

gboolean pv_docker_key_generate(PvDocker *docker, const PvDockerArguments *arguments,
				GError **error)
{
	const char *name = arguments->words->pdata[0];
	g_autofree char *here = g_get_current_dir();
	const char *directory = arguments->text && *arguments->text ? arguments->text : here;
	g_autofree char *file = g_strconcat(name, ".pub", NULL);
	g_autofree char *path = NULL;

	if (!pv_docker_check_name("key", name, error))
		return FALSE;
	if (access(directory, F_OK) != 0)
		return pv_fail(error, PV_ERROR_NOT_FOUND, "public key path does not exist: \"%s\"",
			       directory);
	path = g_build_filename(directory, file, NULL);
	if (access(path, F_OK) == 0)
		return pv_fail(error, PV_ERROR_EXISTS, "public key file already exists: \"%s\"",
			       path);
	return generate(docker, name, path, error);
}

/* --- load --------------------------------------------------------------------------------- */

static GBytes *read_private(const char *path, GError **error)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return pv_fail_null(error, PV_ERROR_NOT_FOUND,
				    "refusing to load key from %s: stat %s: %s", path, path,
				    errno == ENOENT ? "no such file or directory"
						    : g_strerror(errno));
	if (status.st_mode & OTHERS)
		return pv_fail_null(error, PV_ERROR_REFUSED,
				    "refusing to load key from %s: private key file %s must not be "
				    "readable or writable by others",
				    path, path);
	return pv_file_read(path, PV_KEY_FILE_BYTES_MAX, error);
}

/* An encrypted file without the id of its key is opened, and encrypted anew. */
static gboolean load_encrypted(PvDocker *docker, PvKeyFile *file, const char *path,
			       const char *name, GError **error)
{
	PvStoredKey stored = { .id = (char *)path, .path = (char *)path, .file = file };
	const PvSecret *passphrase;
	g_autoptr(PvPrivateKey) key = NULL;

	if (!file->role)
		file->role = g_strdup(name);
	key = pv_passphrases_open(docker->passphrases, &stored, error);
	if (!key)
		return pv_fail_wrap(error,
				    "cannot load key from provided file %s: could not decrypt key",
				    path);
	passphrase = pv_passphrases_new(docker->passphrases, name, error);
	return passphrase &&
	       pv_trust_key_add(docker->directory, key, NULL, name, passphrase, error);
}

static gboolean load(PvDocker *docker, GBytes *bytes, const char *path, const char *name,
		     GError **error)
{
	gsize size;
	const char *text = g_bytes_get_data(bytes, &size);
	g_autoptr(PvKeyFile) file = pv_key_file_parse(text, size, NULL);

	if (!file || !g_str_has_suffix(file->label, "PRIVATE KEY"))
		return pv_fail(error, PV_ERROR_KEY,
			       "provided file %s is not a supported private key - to add a "
			       "signer's public key use docker trust signer add",
			       path);
	if (file->encrypted && !file->path)
		return load_encrypted(docker, file, path, name, error);
	return pv_trust_key_import(docker->directory, docker->passphrases, bytes, name, NULL, NULL,
				   error);
}

gboolean pv_docker_key_load(PvDocker *docker, const PvDockerArguments *arguments, GError **error)
{
	const char *path = arguments->words->pdata[0];
	const char *name = arguments->text ? arguments->text : "signer";
	g_autoptr(GBytes) bytes = NULL;

	if (*name && !pv_docker_check_name("key", name, error))
		return FALSE;
	printf("Loading key from \"%s\"...\n", path);
	fflush(stdout);
	bytes = read_private(path, error);
	if (!bytes)
		return FALSE;
	if (!load(docker, bytes, path, *name ? name : NULL, error))
		return pv_fail_wrap(error, "error importing key from %s", path);
	printf("Successfully imported key from %s\n", path);
	return TRUE;
}

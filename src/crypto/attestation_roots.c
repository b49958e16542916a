/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The set of roots and intermediates that attestations may lead to: files that an administrator or
 * a user puts into a directory, since makers have several and change them (hardware-keys.md 2.2).
 * None comes with the program.
 */

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/sorted.h"
#include "crypto/attestation_private.h"
#include "crypto/key_private.h"

#define SYSTEM_DIRECTORY "/etc/pavise/attestation-roots.d"
#define USER_DIRECTORY   "attestation-roots"

PvAttestationRoots *pv_attestation_roots_new(void)
{
	PvAttestationRoots *roots = g_new0(PvAttestationRoots, 1);

	roots->roots = g_ptr_array_new_with_free_func((GDestroyNotify)X509_free);
	roots->intermediates = g_ptr_array_new_with_free_func((GDestroyNotify)X509_free);
	return roots;
}

void pv_attestation_roots_free(PvAttestationRoots *roots)
{
	if (!roots)
		return;
	g_ptr_array_unref(roots->roots);
	g_ptr_array_unref(roots->intermediates);
	g_free(roots);
}

guint pv_attestation_roots_count(const PvAttestationRoots *roots)
{
	return roots->roots->len + roots->intermediates->len;
}

/* Takes @certificate, also on failure. */
static gboolean add_certificate(PvAttestationRoots *roots, X509 *certificate, const char *name,
				GError **error)
{
	EVP_PKEY *pkey = X509_get0_pubkey(certificate);
	g_autoptr(PvPublicKey) key = NULL;
	gboolean is_root = X509_NAME_cmp(X509_get_subject_name(certificate),
					 X509_get_issuer_name(certificate)) == 0;

	if (pv_attestation_roots_count(roots) >= PV_ATTESTATION_ROOTS_MAX) {
		X509_free(certificate);
		return pv_fail(error, PV_ERROR_LIMIT,
			       "%s: more than %d attestation roots and intermediates", name,
			       PV_ATTESTATION_ROOTS_MAX);
	}
	key = pkey ? pv_public_key_of_pkey(pkey, error) : NULL;
	if (!key) {
		g_autofree char *subject = pv_attestation_subject(certificate);

		X509_free(certificate);
		return pkey ? pv_fail_wrap(error, "%s: %s", name, subject)
			    : pv_fail(error, PV_ERROR_KEY, "%s: %s: no usable key: %s", name,
				      subject, pv_crypto_reason());
	}
	g_ptr_array_add(is_root ? roots->roots : roots->intermediates, certificate);
	return TRUE;
}

gboolean pv_attestation_roots_add(PvAttestationRoots *roots, GBytes *pem, const char *name,
				  GError **error)
{
	gsize size;
	const void *data = g_bytes_get_data(pem, &size);
	guint before = pv_attestation_roots_count(roots);
	gboolean good = TRUE;
	X509 *certificate;
	BIO *bio;

	if (size > PV_CERTIFICATE_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: %zu bytes of PEM, at most %zu allowed",
			       name, size, PV_CERTIFICATE_BYTES_MAX);
	bio = BIO_new_mem_buf(data ? data : "", (int)size);
	while (good && (certificate = PEM_read_bio_X509(bio, NULL, pv_crypto_no_password, NULL)))
		good = add_certificate(roots, certificate, name, error);
	BIO_free(bio);
	if (!good)
		return FALSE;
	/* The end of the file is an error of OpenSSL's like any other, with this reason. */
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: a block that is no certificate: %s",
			       name, pv_crypto_reason());
	ERR_clear_error();
	return pv_attestation_roots_count(roots) > before ||
	       pv_fail(error, PV_ERROR_SYNTAX, "%s: no PEM certificate in it", name);
}

/* (transfer full): names of the files to read, sorted. */
static GPtrArray *list_files(GDir *directory, const char *path, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while ((name = g_dir_read_name(directory))) {
		if (name[0] == '.' ||
		    (!g_str_has_suffix(name, ".pem") && !g_str_has_suffix(name, ".crt")))
			continue;
		if (names->len >= PV_ATTESTATION_FILES_MAX)
			return pv_fail_null(error, PV_ERROR_LIMIT,
					    "%s: more than %d files with attestation roots", path,
					    PV_ATTESTATION_FILES_MAX);
		g_ptr_array_add(names, g_strdup(name));
	}
	pv_sort_texts(names);
	return g_steal_pointer(&names);
}

static gboolean add_directory(PvAttestationRoots *roots, const char *path, gboolean must_exist,
			      GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GDir) directory = g_dir_open(path, 0, &failure);
	g_autoptr(GPtrArray) names = NULL;

	if (!directory && !must_exist && g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return TRUE;
	if (!directory)
		return pv_fail(error, PV_ERROR_NOT_FOUND, "attestation roots: %s",
			       failure->message);
	names = list_files(directory, path, error);
	for (guint i = 0; names && i < names->len; i++) {
		g_autofree char *file = g_build_filename(path, names->pdata[i], NULL);
		g_autoptr(GBytes) pem = pv_file_read(file, PV_CERTIFICATE_BYTES_MAX, error);

		if (!pem || !pv_attestation_roots_add(roots, pem, file, error))
			return FALSE;
	}
	return names != NULL;
}

PvAttestationRoots *pv_attestation_roots_load(const char *directory, GError **error)
{
	g_autoptr(PvAttestationRoots) roots = pv_attestation_roots_new();
	g_autofree char *own =
		g_build_filename(g_get_user_config_dir(), "pavise", USER_DIRECTORY, NULL);

	if (directory ? !add_directory(roots, directory, TRUE, error)
		      : !add_directory(roots, SYSTEM_DIRECTORY, FALSE, error) ||
				!add_directory(roots, own, FALSE, error))
		return NULL;
	return g_steal_pointer(&roots);
}

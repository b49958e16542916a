/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Certificates by server, in the directories that Docker has: ~/.docker/tls/HOST:PORT/ for trust
 * servers, /etc/docker/certs.d/HOST:PORT/ for registries. *.crt are authorities, beside the
 * system's; NAME.cert with NAME.key is the client's.
 */

#include "oci/http_tls.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

void pv_http_tls_free(PvHttpTls *tls)
{
	g_clear_pointer(&tls->authorities, g_bytes_unref);
	g_free(tls->certificate_file);
	g_free(tls->key_file);
	g_free(tls);
}

static gboolean add_authority(GByteArray *pem, const char *path, GError **error)
{
	g_autoptr(GBytes) bytes = pv_file_read(path, PV_MIB, error);

	if (!bytes)
		return FALSE;
	if (pem->len + g_bytes_get_size(bytes) > PV_MIB)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: more than 1 MiB of authorities", path);
	g_byte_array_append(pem, g_bytes_get_data(bytes, NULL), (guint)g_bytes_get_size(bytes));
	g_byte_array_append(pem, (const guint8 *)"\n", 1);
	return TRUE;
}

static gboolean set_client(PvHttpTls *tls, const char *folder, const char *name, GError **error)
{
	g_autofree char *stem = g_strndup(name, strlen(name) - strlen(".cert"));
	g_autofree char *key = g_strdup_printf("%s/%s.key", folder, stem);

	if (!g_file_test(key, G_FILE_TEST_EXISTS))
		return pv_fail(error, PV_ERROR_NOT_FOUND, "%s: missing beside %s", key, name);
	g_free(tls->certificate_file);
	g_free(tls->key_file);
	tls->certificate_file = g_build_filename(folder, name, NULL);
	tls->key_file = g_steal_pointer(&key);
	return TRUE;
}

static gboolean read_folder(PvHttpTls *tls, GByteArray *pem, const char *folder, GDir *names,
			    GError **error)
{
	const char *name;

	while ((name = g_dir_read_name(names))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_str_has_suffix(name, ".crt") && !add_authority(pem, path, error))
			return FALSE;
		if (g_str_has_suffix(name, ".cert") && !set_client(tls, folder, name, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean read_directories(PvHttpTls *tls, GByteArray *pem, char **directories,
				 const char *host, GError **error)
{
	if (strchr(host, '/') || host[0] == '.')
		return TRUE;
	for (char **directory = directories; directory && *directory; directory++) {
		g_autofree char *folder = g_build_filename(*directory, host, NULL);
		g_autoptr(GDir) names = g_dir_open(folder, 0, NULL);

		if (names)
			return read_folder(tls, pem, folder, names, error);
	}
	return TRUE;
}

PvHttpTls *pv_http_tls_load(GBytes *exclusive, char **directories, const char *host, GError **error)
{
	g_autoptr(PvHttpTls) tls = g_new0(PvHttpTls, 1);
	g_autoptr(GByteArray) pem = g_byte_array_new();

	if (exclusive) {
		g_byte_array_append(pem, g_bytes_get_data(exclusive, NULL),
				    (guint)g_bytes_get_size(exclusive));
		g_byte_array_append(pem, (const guint8 *)"\n", 1);
	}
	tls->exclusive = exclusive != NULL;
	if (!read_directories(tls, pem, directories, host, error))
		return NULL;
	if (pem->len > 0)
		tls->authorities = g_byte_array_free_to_bytes(g_steal_pointer(&pem));
	return g_steal_pointer(&tls);
}

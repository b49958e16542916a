/* SPDX-License-Identifier: Apache-2.0 */

/* TLS files of the service: those it is given, or DATA/tls/{ca.crt,server.crt,server.key}. */

#include "program/daemon/tls.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/authority.h"

void pv_service_tls_clear(PvServiceTls *tls)
{
	g_clear_pointer(&tls->certificate, g_free);
	g_clear_pointer(&tls->client_ca, g_free);
	g_clear_pointer(&tls->key, pv_secret_free);
}

static gboolean read_pair(const char *certificate, const char *key, PvServiceTls *ret_tls,
			  GError **error)
{
	g_autoptr(GBytes) chain = pv_file_read(certificate, PV_CERTIFICATE_BYTES_MAX, error);
	g_autoptr(GBytes) private = chain ? pv_file_read(key, PV_KEY_FILE_BYTES_MAX, error) : NULL;
	const char *data;
	gsize size;

	if (!private)
		return FALSE;
	data = g_bytes_get_data(chain, &size);
	ret_tls->certificate = g_strndup(data, size);
	data = g_bytes_get_data(private, &size);
	ret_tls->key = pv_secret_new_copy(data, size);
	return TRUE;
}

/* The certificate last: where it is, the rest is there too. */
static gboolean make(const char *directory, const char *host, GError **error)
{
	g_autofree char *authority_path = g_build_filename(directory, "ca.crt", NULL);
	g_autofree char *key_path = g_build_filename(directory, "server.key", NULL);
	g_autofree char *path = g_build_filename(directory, "server.crt", NULL);
	const char *names[] = { "localhost", "127.0.0.1", "::1", g_get_host_name(), host, NULL };
	g_autoptr(PvAuthority) made = NULL;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
	    strcmp(host, "::1") == 0 || strcmp(host, g_get_host_name()) == 0)
		names[4] = NULL;
	if (strcmp(g_get_host_name(), "localhost") == 0) {
		names[3] = names[4];
		names[4] = NULL;
	}
	made = pv_authority_new(names, pv_time_now(), error);
	if (!made || !pv_file_make_directory(directory, 0755, error))
		return FALSE;
	return pv_file_replace(authority_path, made->authority, strlen(made->authority), 0644,
			       error) &&
	       pv_file_replace(key_path, made->key->data, made->key->size, 0600, error) &&
	       pv_file_replace(path, made->certificate, strlen(made->certificate), 0644, error);
}

static gboolean read_client_ca(const char *path, PvServiceTls *ret_tls, GError **error)
{
	g_autoptr(GBytes) text = path ? pv_file_read(path, PV_MIB, error) : NULL;
	const char *data;
	gsize size;

	if (!path)
		return TRUE;
	if (!text)
		return FALSE;
	data = g_bytes_get_data(text, &size);
	ret_tls->client_ca = g_strndup(data, size);
	if (!strstr(ret_tls->client_ca, "-----BEGIN CERTIFICATE-----"))
		return pv_fail(error, PV_ERROR_KEY, "%s holds no PEM certificate", path);
	return TRUE;
}

gboolean pv_service_tls_load(const PvConfigTls *config, const char *data, const char *host,
			     PvServiceTls *ret_tls, GError **error)
{
	g_autofree char *directory = g_build_filename(data, "tls", NULL);
	g_autofree char *made_certificate = g_build_filename(directory, "server.crt", NULL);
	g_autofree char *made_key = g_build_filename(directory, "server.key", NULL);

	if (!read_client_ca(config->client_ca, ret_tls, error))
		return FALSE;
	if (config->certificate)
		return read_pair(config->certificate, config->key, ret_tls, error);
	if (!g_file_test(made_certificate, G_FILE_TEST_EXISTS)) {
		if (!make(directory, host, error))
			return FALSE;
		fprintf(stderr, "pavise serve: made a certificate; clients trust it by %s/ca.crt\n",
			directory);
	}
	return read_pair(made_certificate, made_key, ret_tls, error);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* pavise-update BASE ECOSYSTEM FILE: fetches BASE/ECOSYSTEM/all.zip, OSV's public export. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "config.h"
#include "oci/http.h"

static gboolean take(void *user_data, const guint8 *data, gsize size, GError **error)
{
	return pv_file_write_all(*(int *)user_data, data, size, error);
}

static gboolean fetch(const char *base, const char *ecosystem, int fd, GError **error)
{
	PvHttpOptions options = { .user_agent = "pavise/" PV_VERSION };
	g_autoptr(PvHttp) http = pv_http_new(&options, error);
	g_autofree char *name = pv_http_escape(ecosystem);
	g_autofree char *url = g_strdup_printf("%s/%s/all.zip", base, name);
	PvHttpRequest request = {
		.url = url, .max_bytes = PV_OSV_EXPORT_BYTES_MAX, .sink = take, .user_data = &fd
	};
	g_auto(PvHttpResponse) response = { 0 };

	if (!http || !pv_http_send(http, &request, &response, error))
		return FALSE;
	if (response.status != 200)
		return pv_fail(error, PV_ERROR_SERVER, "%s answered %d", url, response.status);
	return TRUE;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	gboolean done = FALSE;
	int fd;

	if (argc != 4) {
		fputs("pavise-update is started by `pavise db update`\n", stderr);
		return 2;
	}
	fd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		pv_fail_errno(&error, errno, "cannot make %s", argv[3]);
	else
		done = fetch(argv[1], argv[2], fd, &error);
	if (fd >= 0)
		close(fd);
	if (!done)
		fprintf(stderr, "%s\n", error->message);
	return done ? 0 : 3;
}

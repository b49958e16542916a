/* SPDX-License-Identifier: Apache-2.0 */

/* multipart/form-data as publishers send it, and as they should not; the number of its parts. */

#include "service/upload.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define TYPE "multipart/form-data; boundary=xx"

static GPtrArray *parse(const char *type, const char *text, GError **error)
{
	g_autoptr(GBytes) body = g_bytes_new(text, strlen(text));

	return pv_upload_parse(type, body, error);
}

static void assert_part(GPtrArray *parts, guint index, const char *filename, const char *data)
{
	const PvUploadPart *part = parts->pdata[index];

	g_assert_cmpstr(part->filename, ==, filename);
	g_assert_cmpmem(g_bytes_get_data(part->data, NULL), g_bytes_get_size(part->data), data,
			strlen(data));
}

static void test_parts(void)
{
	g_autoptr(GPtrArray) parts =
		parse(TYPE,
		      "preamble\r\n--xx\r\nContent-Disposition: form-data; name=\"files\"; "
		      "filename=\"targets/releases\"\r\nContent-Type: x\r\n\r\n{\"a\":\r\n--x1}\r\n"
		      "--xx\r\ncontent-disposition: form-data; filename=root\r\n\r\n\r\n"
		      "--xx\r\n\r\nnameless\r\n--xx--\r\nepilogue",
		      NULL);

	g_assert_cmpuint(parts->len, ==, 3);
	assert_part(parts, 0, "targets/releases", "{\"a\":\r\n--x1}");
	assert_part(parts, 1, "root", "");
	assert_part(parts, 2, "", "nameless");
}

static void test_out_of_form(void)
{
	static const struct {
		const char *type, *body;
		PvErrorCode code;
	} cases[] = {
		{ "application/json", "{}", PV_ERROR_UNSUPPORTED },
		{ "", "", PV_ERROR_UNSUPPORTED },
		{ "multipart/form-data", "--xx--", PV_ERROR_UNSUPPORTED },
		{ "multipart/form-data; boundary=", "--xx--", PV_ERROR_UNSUPPORTED },
		{ TYPE, "", PV_ERROR_SYNTAX },
		{ TYPE, "nothing", PV_ERROR_SYNTAX },
		{ TYPE, "--xxy\r\n\r\n", PV_ERROR_SYNTAX },
		{ TYPE, "--xx\r\nContent-Disposition: x", PV_ERROR_SYNTAX },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(parse(cases[i].type, cases[i].body, &error));
		g_assert_error(error, PV_ERROR, (gint)cases[i].code);
	}
}

static void test_count(void)
{
	for (guint count = PV_UPLOAD_PARTS_MAX - 1; count <= PV_UPLOAD_PARTS_MAX + 1; count++) {
		g_autoptr(GString) body = g_string_new(NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) parts = NULL;

		for (guint i = 0; i < count; i++)
			g_string_append(body, "--xx\r\n\r\nx\r\n");
		g_string_append(body, "--xx--\r\n");
		parts = parse(TYPE, body->str, &error);
		if (count <= PV_UPLOAD_PARTS_MAX)
			g_assert_cmpuint(parts->len, ==, count);
		else
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/service/upload/parts", test_parts);
	g_test_add_func("/service/upload/out-of-form", test_out_of_form);
	g_test_add_func("/service/upload/count", test_count);
	return g_test_run();
}

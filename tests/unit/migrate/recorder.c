/* SPDX-License-Identifier: Apache-2.0 */

#include "recorder.h"

#include <glib/gstdio.h>

static void on_outcome(void *data, const PvMigrateOutcome *outcome)
{
	Recorder *recorder = data;

	g_ptr_array_add(recorder->told,
			g_strdup_printf("%s%s%s%s%.8s: %s", outcome->gun, outcome->role ? " " : "",
					outcome->role ? outcome->role : "", outcome->id ? " " : "",
					outcome->id ? outcome->id : "",
					outcome->why ? outcome->why : "taken"));
	for (guint i = 0; outcome->notes && i < outcome->notes->len; i++)
		g_ptr_array_add(recorder->told,
				g_strconcat("note: ", outcome->notes->pdata[i], NULL));
}

static void on_progress(void *data, const char *what, guint64 done)
{
	Recorder *recorder = data;

	g_assert_nonnull(what);
	g_assert_cmpuint(done, >, 0);
	recorder->progress++;
}

Recorder *recorder_new(void)
{
	g_autoptr(GError) error = NULL;
	Recorder *recorder = g_new0(Recorder, 1);

	recorder->listener = (PvMigrateListener){ on_outcome, on_progress, recorder };
	recorder->told = g_ptr_array_new_with_free_func(g_free);
	recorder->directory = g_dir_make_tmp("migrate-XXXXXX", &error);
	g_assert_no_error(error);
	return recorder;
}

static void remove_all(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		remove_all(child);
	}
	g_assert_cmpint(g_remove(path), ==, 0);
}

void recorder_free(Recorder *recorder)
{
	remove_all(recorder->directory);
	g_free(recorder->directory);
	g_ptr_array_unref(recorder->told);
	g_free(recorder);
}

char *recorder_dump(Recorder *recorder, const char *text)
{
	char *path = g_strdup_printf("%s/%u.sql", recorder->directory, recorder->files++);
	g_autoptr(GError) error = NULL;

	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
	return path;
}

void recorder_check(Recorder *recorder, const char *const *expected)
{
	for (guint i = 0; i < recorder->told->len; i++) {
		if (!expected[i] || !g_str_has_prefix(recorder->told->pdata[i], expected[i]))
			g_test_message("told: %s", (char *)recorder->told->pdata[i]);
	}
	for (guint i = 0; expected[i]; i++) {
		g_assert_cmpuint(recorder->told->len, >, i);
		g_assert_true(g_str_has_prefix(recorder->told->pdata[i], expected[i]));
	}
	g_assert_cmpuint(recorder->told->len, ==, g_strv_length((char **)expected));
	g_ptr_array_set_size(recorder->told, 0);
}

char *recorder_hex(const void *bytes, gsize size)
{
	GString *hex = g_string_new("0x");

	for (gsize i = 0; i < size; i++)
		g_string_append_printf(hex, "%02x", ((const guint8 *)bytes)[i]);
	return g_string_free(hex, FALSE);
}

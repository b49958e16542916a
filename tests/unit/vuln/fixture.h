/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "vuln/database.h"
#include "vuln/import.h"

/* A scratch directory with a database in it. */
typedef struct {
	char *directory, *path;
} Fixture;

static inline void fixture_set_up(Fixture *fixture, const void *data)
{
	fixture->directory = g_dir_make_tmp("pavise-vuln-XXXXXX", NULL);
	fixture->path = g_build_filename(fixture->directory, "advisories.mdb", NULL);
}

static inline void fixture_tear_down(Fixture *fixture, const void *data)
{
	g_assert_true(pv_file_remove_tree(fixture->directory, NULL));
	g_free(fixture->directory);
	g_free(fixture->path);
}

/* @json with ' for ". */
static inline GBytes *record_of(const char *json)
{
	char *text = g_strdelimit(g_strdup(json), "'", '"');

	return g_bytes_new_take(text, strlen(text));
}

/* Makes the database of these records, each of which must be taken. */
static inline PvDatabase *database_of(Fixture *fixture, const char *const *records)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvDatabaseWriter) writer = pv_database_writer_new(fixture->path, &error);
	json_t *sources = json_array();
	PvDatabase *database;

	g_assert_no_error(error);
	for (; *records; records++) {
		g_autoptr(GBytes) record = record_of(*records);

		pv_database_writer_add(writer, record, "a record", &error);
		g_assert_no_error(error);
	}
	pv_database_writer_finish(writer, sources, 0, &error);
	g_assert_no_error(error);
	json_decref(sources);
	database = pv_database_open(fixture->path, &error);
	g_assert_no_error(error);
	return database;
}

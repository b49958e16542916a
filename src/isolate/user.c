/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From the User of an image to numbers, by the image's own passwd and group. Those files are the
 * image's: lines that are not in form are passed over, as libc does.
 */

#include "isolate/user.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define FIELDS 7 /* of a line of passwd; group has 4 */

/* The lines of a file of fields, one after the other, without a copy of the file. */
typedef struct {
	const char *at, *end;
	char *line; /* present line, cut into its fields */
	char *fields[FIELDS];
	guint count;
} Lines;

static void lines_start(Lines *lines, GBytes *bytes)
{
	gsize size = 0;

	*lines = (Lines){ 0 };
	lines->at = bytes ? g_bytes_get_data(bytes, &size) : NULL;
	lines->end = lines->at ? lines->at + size : NULL;
}

static gboolean lines_next(Lines *lines)
{
	const char *end;

	g_clear_pointer(&lines->line, g_free);
	if (lines->at == lines->end)
		return FALSE;
	end = memchr(lines->at, '\n', (gsize)(lines->end - lines->at));
	if (!end)
		end = lines->end;
	lines->line = g_strndup(lines->at, (gsize)(end - lines->at));
	lines->at = end < lines->end ? end + 1 : end;
	lines->count = 0;
	for (char *field = lines->line; field && lines->count < FIELDS;) {
		char *colon = strchr(field, ':');

		lines->fields[lines->count++] = field;
		if (colon)
			*colon++ = '\0';
		field = colon;
	}
	return TRUE;
}

static gboolean is_number(const char *text, guint64 *ret_number)
{
	return g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, ret_number, NULL);
}

static gboolean check_id(guint64 id, const char *text, GError **error)
{
	if (id < PV_ID_RANGE_SIZE)
		return TRUE;
	return pv_fail(error, PV_ERROR_LIMIT,
		       "user '%s': id %" G_GUINT64_FORMAT ", a container has the ids 0 to %d", text,
		       id, PV_ID_RANGE_SIZE - 1);
}

void pv_user_clear(PvUser *user)
{
	g_clear_pointer(&user->groups, g_array_unref);
	g_clear_pointer(&user->home, g_free);
}

/* The user's line of passwd: *ret_name is left NULL if it has none. */
static gboolean find_user(const char *wanted, GBytes *passwd, guint64 *uid, guint64 *gid,
			  char **ret_name, char **ret_home)
{
	guint64 number, line_uid, line_gid;
	gboolean by_number = is_number(wanted, &number);
	gboolean found = FALSE;
	Lines lines;

	lines_start(&lines, passwd);
	while (!found && lines_next(&lines)) {
		if (lines.count < 4 || !is_number(lines.fields[2], &line_uid) ||
		    !is_number(lines.fields[3], &line_gid))
			continue;
		if (by_number ? line_uid != number : !g_str_equal(lines.fields[0], wanted))
			continue;
		found = TRUE;
		*uid = line_uid;
		*gid = line_gid;
		*ret_name = g_strdup(lines.fields[0]);
		if (lines.count >= 6 && lines.fields[5][0] == '/')
			*ret_home = g_strdup(lines.fields[5]);
	}
	g_free(lines.line);
	if (!found && by_number) {
		*uid = number;
		*gid = 0;
		found = TRUE;
	}
	return found;
}

static gboolean find_group(const char *wanted, GBytes *group, guint64 *gid)
{
	gboolean found = FALSE;
	guint64 number;
	Lines lines;

	if (is_number(wanted, gid))
		return TRUE;
	lines_start(&lines, group);
	while (!found && lines_next(&lines)) {
		found = lines.count >= 3 && g_str_equal(lines.fields[0], wanted) &&
			is_number(lines.fields[2], &number);
		if (found)
			*gid = number;
	}
	g_free(lines.line);
	return found;
}

static gboolean is_member(const char *members, const char *name)
{
	gsize length = strlen(name);

	for (const char *at = members; *at;) {
		gsize size = strcspn(at, ",");

		if (size == length && strncmp(at, name, size) == 0)
			return TRUE;
		at += size;
		at += *at == ',';
	}
	return FALSE;
}

static void add_groups(const char *name, GBytes *group, GArray *groups)
{
	Lines lines;

	lines_start(&lines, group);
	while (lines_next(&lines)) {
		guint64 gid;
		guint32 id;

		if (lines.count < 4 || !is_number(lines.fields[2], &gid) ||
		    gid >= PV_ID_RANGE_SIZE || !is_member(lines.fields[3], name) ||
		    groups->len >= PV_USER_GROUPS_MAX)
			continue;
		id = (guint32)gid;
		g_array_append_val(groups, id);
	}
	g_free(lines.line);
}

gboolean pv_user_resolve(const char *text, GBytes *passwd, GBytes *group, PvUser *ret_user,
			 GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 2);
	const char *user = parts[0] && parts[0][0] ? parts[0] : "0";
	const char *wanted_group = parts[0] && parts[1] && parts[1][0] ? parts[1] : NULL;
	g_autofree char *name = NULL, *home = NULL;
	guint64 uid, gid;

	if (!find_user(user, passwd, &uid, &gid, &name, &home))
		return pv_fail(error, PV_ERROR_NOT_FOUND,
			       "user '%s': the image's /etc/passwd has none of that name", user);
	if (wanted_group && !find_group(wanted_group, group, &gid))
		return pv_fail(error, PV_ERROR_NOT_FOUND,
			       "group '%s': the image's /etc/group has none of that name",
			       wanted_group);
	if (!check_id(uid, text, error) || !check_id(gid, text, error))
		return FALSE;
	ret_user->uid = (guint32)uid;
	ret_user->gid = (guint32)gid;
	ret_user->groups = g_array_new(FALSE, FALSE, sizeof(guint32));
	ret_user->home = home ? g_steal_pointer(&home) : g_strdup("/");
	if (name && !wanted_group)
		add_groups(name, group, ret_user->groups);
	return TRUE;
}

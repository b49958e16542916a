/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keys as Notary kept them before 0.4: `private/root_keys/ID_root.key` and
 * `private/tuf_keys/GUN/ID_ROLE.key`, without headers. They are moved to the flat layout, with what
 * their paths said in headers; the old file goes only when the new one is on disk.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "trust/keys.h"

#define SUFFIX    ".key"
#define DEPTH_MAX 32 /* components of a repository's name */

typedef struct {
	const char *directory;
	GPtrArray *left; /* of char*: files that stayed, and why */
} Moving;

static void set_text(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
}

/* "ID_ROLE.key" → id and role; FALSE if it is not of that form. */
static gboolean split_name(const char *name, char **ret_id, char **ret_role)
{
	const char *under = strchr(name, '_');
	g_autofree char *id = NULL;

	if (!under || !g_str_has_suffix(name, SUFFIX))
		return FALSE;
	id = g_strndup(name, (gsize)(under - name));
	if (!pv_trust_key_is_id(id))
		return FALSE;
	*ret_id = g_steal_pointer(&id);
	*ret_role = g_strndup(under + 1, strlen(under + 1) - strlen(SUFFIX));
	return TRUE;
}

static gboolean move_key(const Moving *moving, const char *path, const char *name, const char *gun,
			 GError **error)
{
	g_autoptr(GBytes) bytes = pv_file_read(path, PV_KEY_FILE_BYTES_MAX, error);
	g_autoptr(PvKeyFile) file = NULL;
	g_autoptr(PvSecret) text = NULL;
	g_autofree char *id = NULL;
	g_autofree char *role = NULL;
	g_autofree char *target = NULL;
	const char *data;
	gsize size;

	if (!bytes)
		return FALSE;
	if (!split_name(name, &id, &role))
		return pv_fail(error, PV_ERROR_KEY, "its name is not ID_ROLE.key");
	data = g_bytes_get_data(bytes, &size);
	file = pv_key_file_parse(data ? data : "", size, error);
	if (!file)
		return FALSE;
	set_text(&file->gun, gun);
	set_text(&file->role, role);
	g_clear_pointer(&file->path, g_free);
	text = pv_key_file_format(file);
	target = g_strdup_printf("%s/private/%s" SUFFIX, moving->directory, id);
	if (!g_file_test(target, G_FILE_TEST_EXISTS) &&
	    !pv_file_create(target, text->data, text->size, 0600, error))
		return FALSE;
	return unlink(path) == 0 || pv_fail_errno(error, errno, "cannot remove it");
}

static void move_below(const Moving *moving, const char *path, const char *gun, guint depth)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		g_autofree char *child_gun =
			gun ? g_strconcat(gun, "/", name, NULL) : g_strdup(name);
		g_autoptr(GError) failure = NULL;

		if (g_file_test(child, G_FILE_TEST_IS_SYMLINK))
			continue;
		if (g_file_test(child, G_FILE_TEST_IS_DIR)) {
			if (depth < DEPTH_MAX)
				move_below(moving, child, child_gun, depth + 1);
		} else if (!move_key(moving, child, name, gun, &failure)) {
			g_ptr_array_add(moving->left,
					g_strdup_printf("%s: %s", child, failure->message));
		}
	}
	rmdir(path); /* only if nothing is left in it */
}

gboolean pv_trust_keys_migrate(const char *directory, GPtrArray **ret_left)
{
	static const char *const old[] = { "root_keys", "tuf_keys" };
	g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);
	Moving moving = { directory, left };

	for (gsize i = 0; i < G_N_ELEMENTS(old); i++) {
		g_autofree char *path = g_build_filename(directory, "private", old[i], NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			move_below(&moving, path, NULL, 0);
	}
	if (left->len == 0)
		return TRUE;
	if (ret_left)
		*ret_left = g_steal_pointer(&left);
	return FALSE;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From an image's configuration and a profile to the config.json that an OCI runtime executes. All
 * namespaces are new (but the network's, if the profile shares it), the ids are the container's
 * own, nobody gains rights by executing anything. The image is hostile: what it says is bounded and
 * checked first.
 */

#include "isolate/spec.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "isolate/path.h"
#include "isolate/rootfs.h"
#include "isolate/seccomp.h"

#define PIDS_MAX 4096 /* processes of one container: a fork bomb ends there */

static const char default_path[] =
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void pv_image_command_free(PvImageCommand *command)
{
	if (!command)
		return;
	g_free(command->architecture);
	g_strfreev(command->environment);
	g_strfreev(command->entrypoint);
	g_strfreev(command->command);
	g_free(command->working_directory);
	g_free(command->user);
	g_free(command);
}

/* (transfer full): the strings of member @name, which may be missing or null. */
static GStrv strings(const json_t *config, const char *name, GError **error)
{
	const json_t *array = json_object_get(config, name), *item;
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	gsize index, bytes = 0;

	if (array && !json_is_null(array) && !json_is_array(array))
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "the image's %s is not a list of strings", name);
	if (json_array_size(array) > PV_ARGUMENTS_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "the image's %s has more than %d items",
				    name, PV_ARGUMENTS_MAX);
	json_array_foreach(array, index, item) {
		if (!json_is_string(item))
			return pv_fail_null(error, PV_ERROR_SYNTAX,
					    "the image's %s is not a list of strings", name);
		bytes += json_string_length(item) + 1;
		if (bytes > PV_ARGUMENTS_BYTES_MAX)
			return pv_fail_null(error, PV_ERROR_LIMIT,
					    "the image's %s has more than %zu bytes", name,
					    PV_ARGUMENTS_BYTES_MAX);
		g_ptr_array_add(list, g_strdup(json_string_value(item)));
	}
	g_ptr_array_add(list, NULL);
	return (GStrv)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

static gboolean has_path(const char *path, const char *directory)
{
	gsize length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '\0' || path[length] == '/');
}

/* Runtimes enter it before the process is confined: nothing of the kernel's file systems. */
static char *working_directory(const json_t *config, GError **error)
{
	const char *text = pv_json_string(config, "WorkingDir");
	g_autofree char *plain = pv_path_plain(text ? text : "");

	if (strlen(plain) > PV_TAR_PATH_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "the image's WorkingDir has more than %d bytes",
				    PV_TAR_PATH_BYTES_MAX);
	if (has_path(plain, "/proc") || has_path(plain, "/sys") || has_path(plain, "/dev"))
		return pv_fail_null(error, PV_ERROR_ESCAPE, "the image's WorkingDir is %s", plain);
	return g_steal_pointer(&plain);
}

static GStrv environment(const json_t *config, GError **error)
{
	g_auto(GStrv) variables = strings(config, "Env", error);

	for (guint i = 0; variables && variables[i]; i++) {
		if (variables[i][0] == '=' || !strchr(variables[i], '='))
			return pv_fail_null(error, PV_ERROR_SYNTAX,
					    "the image's Env item %u is not NAME=VALUE", i);
	}
	return g_steal_pointer(&variables);
}

PvImageCommand *pv_image_command_parse(GBytes *config, GError **error)
{
	g_autoptr(json_t) root =
		pv_json_load(config, PV_CONFIG_BYTES_MAX, "image configuration", error);
	g_autoptr(PvImageCommand) command = NULL;
	const char *user, *architecture;
	const json_t *inner;

	if (!root)
		return NULL;
	inner = json_object_get(root, "config");
	user = pv_json_string(inner, "User");
	architecture = pv_json_string(root, "architecture");
	command = g_new0(PvImageCommand, 1);
	command->user = g_strdup(user ? user : "");
	command->architecture = g_strdup(architecture ? architecture : "");
	command->environment = environment(inner, error);
	if (!command->environment)
		return NULL;
	command->entrypoint = strings(inner, "Entrypoint", error);
	if (!command->entrypoint)
		return NULL;
	command->command = strings(inner, "Cmd", error);
	if (!command->command)
		return NULL;
	command->working_directory = working_directory(inner, error);
	if (!command->working_directory)
		return NULL;
	return g_steal_pointer(&command);
}

GStrv pv_spec_arguments(const PvImageCommand *command, char **given, GError **error)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	char **rest = given && given[0] ? given : command->command;

	g_strv_builder_addv(builder, (const char **)command->entrypoint);
	g_strv_builder_addv(builder, (const char **)rest);
	if ((!command->entrypoint[0] && !rest[0]) ||
	    (command->entrypoint[0] ? command->entrypoint[0] : rest[0])[0] == '\0')
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "the image names no command; say which to run after its name");
	return g_strv_builder_end(builder);
}

static gboolean has_variable(char **environment_of, const char *name)
{
	gsize length = strlen(name);

	for (; *environment_of; environment_of++) {
		if (strncmp(*environment_of, name, length) == 0 && (*environment_of)[length] == '=')
			return TRUE;
	}
	return FALSE;
}

static json_t *environment_json(const PvSpec *spec)
{
	json_t *array = json_array();

	for (char **variable = spec->command->environment; *variable; variable++)
		json_array_append_new(array, json_string(*variable));
	if (!has_variable(spec->command->environment, "PATH"))
		json_array_append_new(array, json_string(default_path));
	if (!has_variable(spec->command->environment, "HOME"))
		json_array_append_new(array, json_sprintf("HOME=%s", spec->user->home));
	if (spec->terminal && !has_variable(spec->command->environment, "TERM"))
		json_array_append_new(array, json_string("TERM=xterm"));
	return array;
}

static json_t *capabilities_json(guint64 bits)
{
	json_t *sets = json_object(), *array = json_array();
	/* No ambient set, as with Docker: a user other than root starts with nothing. */
	const char *const names[] = { "bounding", "effective", "permitted" };
	const char *name;

	for (int i = 0; (name = pv_profile_capability_name(i)); i++) {
		if (bits & (guint64)1 << i)
			json_array_append_new(array, json_string(name));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		json_object_set(sets, names[i], array);
	json_decref(array);
	return sets;
}

static json_t *process_json(const PvSpec *spec)
{
	json_t *arguments = json_array(), *groups = json_array();

	for (const char *const *argument = spec->arguments; *argument; argument++)
		json_array_append_new(arguments, json_string(*argument));
	for (guint i = 0; i < spec->user->groups->len; i++)
		json_array_append_new(groups,
				      json_integer(g_array_index(spec->user->groups, guint32, i)));
	return json_pack("{s:b, s:{s:I, s:I, s:o}, s:o, s:o, s:s, s:o, s:b}", "terminal",
			 spec->terminal, "user", "uid", (json_int_t)spec->user->uid, "gid",
			 (json_int_t)spec->user->gid, "additionalGids", groups, "args", arguments,
			 "env", environment_json(spec), "cwd", spec->command->working_directory,
			 "capabilities", capabilities_json(spec->profile->capabilities),
			 "noNewPrivileges", TRUE);
}

static void add_mount(json_t *mounts, const char *target, const char *type, const char *source,
		      const char *options)
{
	g_auto(GStrv) words = g_strsplit(options, ",", -1);
	json_t *array = json_array();

	for (guint i = 0; words[i]; i++)
		json_array_append_new(array, json_string(words[i]));
	json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:o}", "destination", target,
						"type", type, "source", source, "options", array));
}

static json_t *mounts_json(const PvSpec *spec)
{
	json_t *mounts = json_array();

	add_mount(mounts, "/proc", "proc", "proc", "nosuid,noexec,nodev");
	add_mount(mounts, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
	add_mount(mounts, "/dev/pts", "devpts", "devpts",
		  "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
	add_mount(mounts, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k");
	add_mount(mounts, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
	/* The kernel gives a new sysfs only to who owns the network namespace. */
	if (spec->profile->host_network)
		add_mount(mounts, "/sys", "none", "/sys", "rbind,nosuid,noexec,nodev,ro");
	else
		add_mount(mounts, "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro");
	for (guint i = 0; i < spec->volumes->len; i++) {
		const PvVolume *volume = g_ptr_array_index(spec->volumes, i);

		/* Without setuid, devices and, maybe, writing: set on the clone already. */
		add_mount(mounts, volume->target, "none", g_ptr_array_index(spec->sources, i),
			  "rbind,rprivate");
	}
	return mounts;
}

static json_t *list(const char *const *texts, gsize count)
{
	json_t *array = json_array();

	for (gsize i = 0; i < count; i++)
		json_array_append_new(array, json_string(texts[i]));
	return array;
}

static json_t *map_json(guint32 first)
{
	return json_pack("[{s:i, s:I, s:i}]", "containerID", 0, "hostID", (json_int_t)first, "size",
			 PV_ID_RANGE_SIZE);
}

static json_t *linux_json(const PvSpec *spec)
{
	const char *const masked[] = {
		"/proc/acpi",        "/proc/asound",     "/proc/interrupts",
		"/proc/kcore",       "/proc/keys",       "/proc/key-users",
		"/proc/kpagecount",  "/proc/kpageflags", "/proc/latency_stats",
		"/proc/sched_debug", "/proc/scsi",       "/proc/timer_list",
		"/proc/timer_stats", "/sys/firmware",    "/sys/devices/virtual/powercap"
	};
	const char *const read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
					  "/proc/sysrq-trigger" };
	json_t *namespaces =
		json_pack("[{s:s}, {s:s}, {s:s}, {s:s}, {s:s}, {s:s}]", "type", "user", "type",
			  "pid", "type", "mount", "type", "ipc", "type", "uts", "type", "cgroup");
	g_autofree char *group = g_strdup_printf("/pavise-%s", spec->id);

	if (!spec->profile->host_network)
		json_array_append_new(namespaces, json_pack("{s:s}", "type", "network"));
	return json_pack("{s:o, s:o, s:o, s:s, s:{s:{s:i}}, s:o, s:o, s:o}", "namespaces",
			 namespaces, "uidMappings", map_json(spec->first), "gidMappings",
			 map_json(spec->first), "cgroupsPath", group, "resources", "pids", "limit",
			 PIDS_MAX, "seccomp", pv_seccomp_spec(spec->command->architecture),
			 "maskedPaths", list(masked, G_N_ELEMENTS(masked)), "readonlyPaths",
			 list(read_only, G_N_ELEMENTS(read_only)));
}

json_t *pv_spec_json(const PvSpec *spec)
{
	g_autofree char *hostname = g_strndup(spec->id, 12);

	return json_pack("{s:s, s:o, s:{s:s, s:b}, s:s, s:o, s:o}", "ociVersion", "1.0.2",
			 "process", process_json(spec), "root", "path", spec->rootfs, "readonly",
			 spec->profile->read_only, "hostname", hostname, "mounts",
			 mounts_json(spec), "linux", linux_json(spec));
}

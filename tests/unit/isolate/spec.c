/* SPDX-License-Identifier: Apache-2.0 */
#include "isolate/spec.h"

#include <seccomp.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "isolate/rootfs.h"
#include "isolate/seccomp.h"

static PvImageCommand *parse(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return pv_image_command_parse(bytes, error);
}

static json_t *spec_of(const PvImageCommand *command, const PvProfile *profile,
		       const GPtrArray *volumes, const GPtrArray *sources)
{
	g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(guint32));
	const char *const arguments[] = { "sh", "-c", "true", NULL };
	PvUser user = { .uid = 7, .gid = 8, .home = (char *)"/home/x", .groups = groups };
	PvSpec spec = { .command = command,
			.arguments = arguments,
			.user = &user,
			.profile = profile,
			.id = "0123456789abcdef",
			.rootfs = "/run/pavise/x/rootfs",
			.first = 0x70010000,
			.sources = sources,
			.volumes = volumes };

	return pv_spec_json(&spec);
}

static void test_spec(void)
{
	g_autoptr(PvImageCommand) command =
		parse("{\"architecture\":\"amd64\",\"config\":{\"Env\":[\"A=b\"],"
		      "\"WorkingDir\":\"/srv/../opt\"}}",
		      NULL);
	g_autoptr(PvProfile) profile = pv_profile_built_in("default");
	g_autoptr(GPtrArray) volumes =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_volume_free);
	g_autoptr(GPtrArray) sources = g_ptr_array_new();
	g_autoptr(json_t) spec = NULL;
	const json_t *process, *linux_part, *map;
	g_autofree char *text = NULL;

	g_ptr_array_add(volumes, pv_volume_parse("/:/data:ro", NULL));
	g_ptr_array_add(sources, (void *)"/run/pavise/x/v/0");
	spec = spec_of(command, profile, volumes, sources);
	text = pv_json_text(spec, FALSE);
	process = json_object_get(spec, "process");
	linux_part = json_object_get(spec, "linux");
	map = json_array_get(json_object_get(linux_part, "uidMappings"), 0);
	g_assert_cmpint(json_integer_value(json_object_get(map, "hostID")), ==, 0x70010000);
	g_assert_cmpint(json_integer_value(json_object_get(map, "size")), ==, 65536);
	g_assert_true(json_is_true(json_object_get(process, "noNewPrivileges")));
	g_assert_cmpstr(pv_json_string(process, "cwd"), ==, "/opt");
	g_assert_nonnull(strstr(text, "\"HOME=/home/x\""));
	g_assert_nonnull(strstr(text, "\"PATH=/usr/local/sbin"));
	g_assert_nonnull(strstr(text,
				"{\"destination\":\"/data\",\"type\":\"none\",\"source\":"
				"\"/run/pavise/x/v/0\",\"options\":[\"rbind\",\"rprivate\"]}"));
	g_assert_nonnull(strstr(text, "\"type\":\"network\""));
	g_assert_null(strstr(text, "CAP_NET_RAW"));
	g_assert_null(strstr(text, "\"ambient\""));
}

static void test_host_network(void)
{
	g_autoptr(PvImageCommand) command = parse("{\"config\":{}}", NULL);
	g_autoptr(PvProfile) profile = pv_profile_built_in("strict");
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	g_autoptr(json_t) spec = NULL;
	g_autofree char *text = NULL;

	profile->host_network = TRUE;
	spec = spec_of(command, profile, none, none);
	text = pv_json_text(spec, FALSE);
	g_assert_null(strstr(text, "\"type\":\"network\""));
	g_assert_null(strstr(text, "CAP_"));
}

static void test_hostile(void)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{ "{\"config\":{\"WorkingDir\":\"/proc/self/fd/7\"}}", PV_ERROR_ESCAPE },
		{ "{\"config\":{\"WorkingDir\":\"/a/../sys/kernel\"}}", PV_ERROR_ESCAPE },
		{ "{\"config\":{\"WorkingDir\":\"//proc\"}}", PV_ERROR_ESCAPE },
		{ "{\"config\":{\"Env\":[\"A\"]}}", PV_ERROR_SYNTAX },
		{ "{\"config\":{\"Env\":[\"=b\"]}}", PV_ERROR_SYNTAX },
		{ "{\"config\":{\"Env\":{}}}", PV_ERROR_SYNTAX },
		{ "{\"config\":{\"Cmd\":\"sh\"}}", PV_ERROR_SYNTAX },
		{ "{\"config\":{\"Cmd\":[7]}}", PV_ERROR_SYNTAX },
		{ "{\"config\":{\"Cmd\":[\"a\\u0000b\"]}}", PV_ERROR_SYNTAX },
		{ "{\"config\":{},\"config\":{}}", PV_ERROR_SYNTAX },
		{ "{\"config\":{\"x\":1e400}}", PV_ERROR_SYNTAX },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", cases[i].text);
		g_assert_null(parse(cases[i].text, &error));
		g_assert_error(error, PV_ERROR, cases[i].code);
	}
}

static gboolean accepts(const char *name, const char *item, guint count)
{
	g_autoptr(GString) text = g_string_new("{\"config\":{");
	g_autoptr(GError) error = NULL;
	g_autoptr(PvImageCommand) command = NULL;

	g_string_append_printf(text, "\"%s\":[", name);
	for (guint i = 0; i < count; i++)
		g_string_append_printf(text, "%s\"%s\"", i > 0 ? "," : "", item);
	g_string_append(text, "]}}");
	command = parse(text->str, &error);
	if (!command)
		g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	return command != NULL;
}

static void test_limits(void)
{
	g_autofree char *half = g_strnfill(PV_ARGUMENTS_BYTES_MAX / 2 - 1, 'x');
	g_autofree char *over = g_strnfill(PV_ARGUMENTS_BYTES_MAX / 2, 'x');

	g_assert_true(accepts("Cmd", "x", PV_ARGUMENTS_MAX - 1));
	g_assert_true(accepts("Cmd", "x", PV_ARGUMENTS_MAX));
	g_assert_false(accepts("Cmd", "x", PV_ARGUMENTS_MAX + 1));
	g_assert_true(accepts("Entrypoint", half, 2));
	g_assert_false(accepts("Entrypoint", over, 2));
}

static void test_arguments(void)
{
	g_autoptr(PvImageCommand) both =
		parse("{\"config\":{\"Entrypoint\":[\"e\"],\"Cmd\":[\"c\"]}}", NULL);
	g_autoptr(PvImageCommand) none = parse("{\"config\":{}}", NULL);
	char *given[] = { (char *)"g", NULL }, *empty[] = { (char *)"", NULL };
	g_auto(GStrv) a = pv_spec_arguments(both, NULL, NULL);
	g_auto(GStrv) b = pv_spec_arguments(both, given, NULL);
	g_auto(GStrv) c = pv_spec_arguments(none, given, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(a[1], ==, "c");
	g_assert_cmpstr(b[0], ==, "e");
	g_assert_cmpstr(b[1], ==, "g");
	g_assert_cmpstr(c[0], ==, "g");
	g_assert_null(pv_spec_arguments(none, NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
	g_assert_null(pv_spec_arguments(none, empty, NULL));
}

/* Every name in the filter is a system call that libseccomp knows, and none is there twice; what
 * must not be there is not. */
static void test_seccomp(void)
{
	static const char *const absent[] = {
		"mount",
		"umount2",
		"unshare",
		"setns",
		"bpf",
		"ptrace",
		"process_vm_readv",
		"process_vm_writev",
		"keyctl",
		"add_key",
		"request_key",
		"userfaultfd",
		"perf_event_open",
		"io_uring_setup",
		"io_uring_enter",
		"open_by_handle_at",
		"init_module",
		"finit_module",
		"delete_module",
		"kexec_load",
		"kexec_file_load",
		"reboot",
		"swapon",
		"pivot_root",
		"open_tree",
		"move_mount",
		"fsopen",
		"fsmount",
		"mount_setattr",
		"quotactl",
		"acct",
		"settimeofday",
		"clock_settime",
		"adjtimex",
		"syslog",
		"kcmp",
		"move_pages",
		"lookup_dcookie",
		"iopl",
		"ioperm",
		"pidfd_getfd",
		"clone3",
	};
	static const char *const new_names[] = {
		"cachestat",     "fchmodat2",        "mseal",           "futex_wait", "futex_wake",
		"futex_requeue", "map_shadow_stack", "utimensat_time64"
	};
	g_autoptr(json_t) spec = pv_seccomp_spec("amd64");
	const json_t *names =
		json_object_get(json_array_get(json_object_get(spec, "syscalls"), 0), "names");
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const json_t *name;
	gsize index;

	g_assert_cmpuint(json_array_size(names), >, 250);
	json_array_foreach(names, index, name) {
		const char *text = json_string_value(name);
		gboolean is_new = FALSE;

		for (gsize i = 0; i < G_N_ELEMENTS(new_names); i++)
			is_new = is_new || g_str_equal(new_names[i], text);
		if (!is_new && seccomp_syscall_resolve_name(text) == __NR_SCMP_ERROR)
			g_error("no system call '%s'", text);
		g_assert_true(g_hash_table_add(seen, (void *)text));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(absent); i++)
		g_assert_false(g_hash_table_contains(seen, absent[i]));
	g_assert_cmpstr(pv_json_string(spec, "defaultAction"), ==, "SCMP_ACT_ERRNO");
}

static void test_volumes(void)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{ "/tmp", PV_ERROR_USAGE },         { "/tmp:/a:rw:x", PV_ERROR_USAGE },
		{ "/tmp:/a:z", PV_ERROR_USAGE },    { "/tmp:a", PV_ERROR_USAGE },
		{ "/tmp:/", PV_ERROR_USAGE },       { "/tmp:/a/..", PV_ERROR_USAGE },
		{ "/tmp:/proc/x", PV_ERROR_USAGE }, { "/tmp:/a/../sys", PV_ERROR_USAGE },
		{ "/tmp:/dev", PV_ERROR_USAGE },    { "/tmp://proc", PV_ERROR_USAGE },
		{ "tmp:/a", PV_ERROR_USAGE },       { "/nonexistent/x:/a", PV_ERROR_NOT_FOUND },
	};
	g_autoptr(PvVolume) good = pv_volume_parse("/proc/../tmp:/process/a/:ro", NULL);

	g_assert_cmpstr(good->source, ==, "/tmp");
	g_assert_cmpstr(good->target, ==, "/process/a");
	g_assert_true(good->read_only);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(pv_volume_parse(cases[i].text, &error));
		g_assert_error(error, PV_ERROR, cases[i].code);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/isolate/spec/spec", test_spec);
	g_test_add_func("/isolate/spec/host-network", test_host_network);
	g_test_add_func("/isolate/spec/hostile", test_hostile);
	g_test_add_func("/isolate/spec/limits", test_limits);
	g_test_add_func("/isolate/spec/arguments", test_arguments);
	g_test_add_func("/isolate/spec/seccomp", test_seccomp);
	g_test_add_func("/isolate/spec/volumes", test_volumes);
	return g_test_run();
}

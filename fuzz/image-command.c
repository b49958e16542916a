/* SPDX-License-Identifier: Apache-2.0 */
/* pv_image_command_parse(): what is accepted makes a config.json. */
#include <stdint.h>

#include "isolate/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) text = g_bytes_new(data, size);
	g_autoptr(PvImageCommand) command = pv_image_command_parse(text, NULL);
	g_autoptr(PvProfile) profile = pv_profile_built_in("default");
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(guint32));
	g_auto(GStrv) arguments = command ? pv_spec_arguments(command, NULL, NULL) : NULL;
	PvUser user = { .home = (char *)"/", .groups = groups };
	PvSpec spec = { .command = command,
			.arguments = (const char *const *)arguments,
			.user = &user,
			.profile = profile,
			.id = "0123456789abcdef",
			.rootfs = "/run/pavise/x/rootfs",
			.first = 0x70010000,
			.sources = none,
			.volumes = none };
	g_autoptr(json_t) json = arguments ? pv_spec_json(&spec) : NULL;

	if (arguments)
		g_assert_nonnull(json);
	return 0;
}

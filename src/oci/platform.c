/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which manifest of an index is meant: "os/architecture[/variant]", by Go's names, for a wish or
 * for this machine.
 */

#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "oci/manifest.h"

/* The kernel's names and Go's. */
static const struct {
	const char *machine, *architecture, *variant;
} machines[] = {
	{ "x86_64", "amd64", "" },    { "aarch64", "arm64", "v8" },
	{ "armv7l", "arm", "v7" },    { "armv6l", "arm", "v6" },
	{ "i386", "386", "" },        { "i686", "386", "" },
	{ "ppc64le", "ppc64le", "" }, { "s390x", "s390x", "" },
	{ "riscv64", "riscv64", "" }, { "loongarch64", "loong64", "" },
};

char *pv_platform_own(void)
{
	struct utsname name;

	uname(&name);
	for (gsize i = 0; i < G_N_ELEMENTS(machines); i++) {
		if (g_str_equal(machines[i].machine, name.machine))
			return g_strdup_printf("linux/%s%s%s", machines[i].architecture,
					       *machines[i].variant ? "/" : "",
					       machines[i].variant);
	}
	return g_strdup_printf("linux/%s", name.machine);
}

/* arm64 and arm64/v8 are the same thing. */
static const char *plain_variant(const char *architecture, const char *variant)
{
	return g_str_equal(architecture, "arm64") && g_str_equal(variant, "v8") ? "" : variant;
}

static gboolean platform_fits(const PvPlatform *have, char **wanted, gboolean exactly)
{
	const char *variant = wanted[2] ? plain_variant(wanted[1], wanted[2]) : "";

	if (!g_str_equal(have->os, wanted[0]) || !g_str_equal(have->architecture, wanted[1]))
		return FALSE;
	return !exactly || g_str_equal(plain_variant(have->architecture, have->variant), variant);
}

static char *list_platforms(const PvManifest *index)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < index->entry_count; i++) {
		const PvPlatform *have = &index->entries[i].platform;

		if (*have->os && !g_str_equal(have->os, "unknown"))
			g_string_append_printf(text, "%s%s/%s%s%s", text->len ? ", " : "", have->os,
					       have->architecture, *have->variant ? "/" : "",
					       have->variant);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

const PvIndexEntry *pv_manifest_select(const PvManifest *index, const char *platform,
				       GError **error)
{
	g_autofree char *own = platform ? NULL : pv_platform_own(), *have = NULL;
	g_auto(GStrv) wanted = g_strsplit(platform ? platform : own, "/", 4);
	guint parts = g_strv_length(wanted);

	if (parts < 2 || parts > 3 || !*wanted[0] || !*wanted[1] || (parts == 3 && !*wanted[2]))
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "platform '%s': not os/architecture[/variant]", platform);
	for (int exactly = 1; exactly >= (parts == 3 && platform ? 1 : 0); exactly--) {
		for (guint i = 0; i < index->entry_count; i++) {
			if (platform_fits(&index->entries[i].platform, wanted, exactly))
				return &index->entries[i];
		}
	}
	if (index->entry_count == 1 && !*index->entries[0].platform.os)
		return &index->entries[0];
	have = list_platforms(index);
	return pv_fail_null(error, PV_ERROR_NOT_FOUND, "no image for %s in the index; it has: %s",
			    platform ? platform : own, *have ? have : "none with a platform");
}

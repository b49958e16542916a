/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Profiles: the rights of a container, the built-in ones, and the names of capabilities
 * (capabilities(7), in the order of linux/capability.h).
 */

#include "policy/profile.h"

#include <linux/capability.h>
#include <string.h>

#define BIT(capability) ((guint64)1 << (capability))

static const char *const names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == CAP_CHECKPOINT_RESTORE + 1);

static const struct {
	const char *name;
	guint64 capabilities;
} built_in[] = {
	{ "default", BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) | BIT(CAP_FOWNER) |
			     BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETFCAP) |
			     BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT) |
			     BIT(CAP_KILL) },
	{ "strict", 0 },
};

PvProfile *pv_profile_new(const char *name)
{
	PvProfile *profile = g_new0(PvProfile, 1);

	profile->name = g_strdup(name);
	return profile;
}

void pv_profile_free(PvProfile *profile)
{
	if (!profile)
		return;
	g_free(profile->name);
	g_free(profile->user);
	g_strfreev(profile->mounts);
	g_free(profile);
}

PvProfile *pv_profile_built_in(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(built_in); i++) {
		PvProfile *profile;

		if (!g_str_equal(built_in[i].name, name))
			continue;
		profile = pv_profile_new(name);
		profile->capabilities = built_in[i].capabilities;
		return profile;
	}
	return NULL;
}

int pv_profile_capability(const char *name)
{
	if (g_str_has_prefix(name, "CAP_"))
		name += strlen("CAP_");
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_str_equal(names[i] + strlen("CAP_"), name))
			return (int)i;
	}
	return -1;
}

const char *pv_profile_capability_name(int capability)
{
	return capability >= 0 && capability < (int)G_N_ELEMENTS(names) ? names[capability] : NULL;
}

gboolean pv_profile_allows_mount(const PvProfile *profile, const char *source)
{
	if (!profile->mounts)
		return TRUE;
	for (guint i = 0; profile->mounts[i]; i++) {
		gsize length = strlen(profile->mounts[i]);

		/* "/" has all; else the directory itself or what is below it. */
		while (length > 0 && profile->mounts[i][length - 1] == '/')
			length--;
		if (strncmp(source, profile->mounts[i], length) == 0 &&
		    (source[length] == '\0' || source[length] == '/'))
			return TRUE;
	}
	return FALSE;
}

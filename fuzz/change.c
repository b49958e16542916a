/* SPDX-License-Identifier: Apache-2.0 */
/* trust/change: a staged change, its content, and the same again after writing it. */
#include <stdint.h>

#include "trust/changelist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) text = g_bytes_new(data, size);
	g_autoptr(PvChange) change = pv_change_parse(text, "fuzz.change", NULL);
	g_autoptr(GBytes) written = NULL;
	g_autoptr(PvChange) again = NULL;
	g_autoptr(PvFileMeta) meta = NULL;
	g_autoptr(PvDelegationChange) content = NULL;

	if (!change)
		return 0;
	meta = pv_change_target(change, NULL);
	if (meta) {
		g_autoptr(PvChange) made = pv_change_add_target(change->role, change->path, meta);
		g_autoptr(PvFileMeta) same = pv_change_target(made, NULL);

		g_assert_nonnull(same);
		g_assert_cmpuint(same->length, ==, meta->length);
	}
	content = pv_change_delegation_content(change, NULL);
	if (content) {
		g_autoptr(PvChange) made =
			pv_change_delegation(change->action, change->role, content);
		g_autoptr(PvDelegationChange) same = pv_change_delegation_content(made, NULL);

		g_assert_nonnull(same);
		g_assert_cmpuint(same->add_keys->len, ==, content->add_keys->len);
		g_assert_cmpuint(same->add_paths->len, ==, content->add_paths->len);
	}
	written = pv_change_format(change, NULL);
	if (!written)
		return 0;
	again = pv_change_parse(written, "fuzz.change", NULL);
	g_assert_nonnull(again);
	g_assert_cmpstr(again->role, ==, change->role);
	g_assert_cmpstr(again->path, ==, change->path);
	return 0;
}

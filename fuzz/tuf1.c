/* SPDX-License-Identifier: Apache-2.0 */
/* tuf/tuf1: what is accepted holds together, and its signed part is canonical already. */
#include <stdint.h>
#include <string.h>

#include "base/canonical.h"
#include "tuf/tuf1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_role(const PvTuf1Metadata *metadata, const PvTuf1Role *role)
{
	if (!role)
		return;
	g_assert_cmpuint(role->threshold, >=, 1);
	pv_tuf1_verify(metadata, role, NULL);
	pv_tuf1_role_covers(role, "folder/file");
	g_assert_true(pv_tuf1_keys_kept(role, role));
}

static void use_meta(const PvTuf1Metadata *metadata)
{
	GHashTableIter iter;
	void *meta;

	if (!metadata->meta)
		return;
	g_hash_table_iter_init(&iter, metadata->meta);
	while (g_hash_table_iter_next(&iter, NULL, &meta))
		pv_tuf1_check_meta(meta, metadata->file, "file", NULL);
}

/* The first byte names the type. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) file = size ? g_bytes_new(data + 1, size - 1) : NULL, again = NULL;
	PvTuf1Type type = size ? data[0] % PV_TUF1_TYPES : PV_TUF1_ROOT;
	g_autoptr(PvTuf1Metadata) metadata = file ? pv_tuf1_parse(type, "role", file, NULL) : NULL;
	g_autoptr(PvDocument) document = NULL;
	g_autofree char *bin = NULL;

	if (!metadata)
		return 0;
	for (guint i = 0; i < PV_TUF1_TYPES; i++)
		use_role(metadata, metadata->roles[i]);
	for (guint i = 0; metadata->delegations && i < metadata->delegations->len; i++)
		use_role(metadata, metadata->delegations->pdata[i]);
	use_role(metadata, metadata->bins);
	bin = metadata->bins ? pv_tuf1_bin_name(metadata, "folder/file") : NULL;
	use_meta(metadata);
	pv_tuf1_check_expiry(metadata, pv_time_now(), NULL);
	/* Not JSON if a string has a raw control character. */
	document = pv_document_parse(metadata->canonical, "canonical", NULL);
	again = document ? pv_node_canonical(pv_document_root(document)) : NULL;
	g_assert_true(!again || g_bytes_equal(again, metadata->canonical));
	return 0;
}

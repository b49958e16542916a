/* SPDX-License-Identifier: Apache-2.0 */
/* trust/keys: a file of PEM blocks, imported into a directory of its own, which is removed. */
#include <stdint.h>

#include "base/file.h"
#include "trust/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *directory = g_dir_make_tmp("pavise-fuzz-XXXXXX", NULL);
	g_autoptr(GBytes) pem = g_bytes_new(data, size);
	g_autoptr(PvPassphrases) passphrases = NULL;
	g_autoptr(GPtrArray) ids = NULL;
	g_autoptr(GPtrArray) keys = NULL;

	g_setenv("DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE", "passphrase", TRUE);
	g_setenv("DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE", "passphrase", TRUE);
	passphrases = pv_passphrases_take();
	g_assert_nonnull(directory);
	if (pv_trust_key_import(directory, passphrases, pem, "alice", "lab/app", &ids, NULL)) {
		for (guint i = 0; i < ids->len; i++)
			g_assert_true(pv_trust_key_is_id(ids->pdata[i]));
		keys = pv_trust_keys(directory, NULL);
		g_assert_nonnull(keys);
	}
	g_assert_true(pv_file_remove_tree(directory, NULL));
	return 0;
}

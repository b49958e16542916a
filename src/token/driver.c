/* SPDX-License-Identifier: Apache-2.0 */

/* What all drivers share: the description of a key on a token. */

#include "token/driver.h"

PvTokenKey *pv_token_key_new(void)
{
	return g_new0(PvTokenKey, 1);
}

void pv_token_key_free(PvTokenKey *key)
{
	if (!key)
		return;
	g_free(key->uri);
	g_free(key->token);
	g_free(key->serial);
	g_clear_pointer(&key->public, pv_public_key_unref);
	g_clear_pointer(&key->certificate, g_bytes_unref);
	g_free(key->role);
	g_free(key->unfinished);
	g_free(key);
}

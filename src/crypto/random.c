/* SPDX-License-Identifier: Apache-2.0 */

/* Randomness: OpenSSL's generator, seeded by the kernel. */

#include "crypto/random.h"

#include <openssl/rand.h>

#include "base/error.h"

gboolean pv_random_fill(void *data, gsize size, GError **error)
{
	if (size > G_MAXINT || RAND_priv_bytes(data, (int)size) != 1)
		return pv_fail(error, PV_ERROR_INTERNAL, "no randomness to be had");
	return TRUE;
}

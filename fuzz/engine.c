/* SPDX-License-Identifier: Apache-2.0 */
/* What a Docker engine says while it pushes, and a docker context that names one. */
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "oci/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
	g_auto(PvEngineMessage) message = { 0 };
	g_autofree char *host = pv_engine_read_context(bytes, NULL);

	g_assert_true(!host || *host);
	if (!pv_engine_message_parse(bytes, &message, NULL))
		return 0;
	g_assert_true(!message.status || !strpbrk(message.status, "\n\r\033"));
	g_assert_true(!message.problem || !strpbrk(message.problem, "\n\r\033"));
	if (message.has_result) {
		g_assert_true(pv_reference_is_tag(message.tag));
		g_assert_cmpuint(message.size, <=, PV_MANIFEST_BYTES_MAX);
	}
	return 0;
}

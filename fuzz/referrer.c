/* SPDX-License-Identifier: Apache-2.0 */
/* oci/referrer: lists of what refers to an image, and what an artifact says of itself. */
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "oci/referrer_private.h"

#define SUBJECT "sha256:87d28705f4a2556426df79997c06e392c8f95dcac2d9762d891ba1751f2e5bdc"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const PvOrigin nowhere = { NULL, NULL };
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	g_autoptr(GPtrArray) blobs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_autoptr(json_t) index = pv_referrer_parse_index(bytes);
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(PvReferrer) own = NULL;
	PvDescriptor subject = { .media_type = "application/vnd.oci.image.manifest.v1+json",
				 .size = 500 };

	g_assert_true(pv_digest_parse(SUBJECT, strlen(SUBJECT), &subject.digest, NULL));
	pv_referrer_is_wanted(bytes, PV_ATTESTATION_ARTIFACT, &subject.digest);
	found = pv_referrer_collect(&nowhere, index, &subject.digest, PV_ATTESTATION_ARTIFACT,
				    1000);
	g_assert_cmpuint(found->len, ==, 0);
	/* What is made of any bytes is what is looked for, and gets into any list once. */
	g_ptr_array_add(blobs, g_bytes_ref(bytes));
	own = pv_referrer_new(&subject, PV_ATTESTATION_ARTIFACT, PV_ATTESTATION_MEDIA, blobs);
	g_assert_true(
		pv_referrer_is_wanted(own->manifest, PV_ATTESTATION_ARTIFACT, &subject.digest));
	if (index && pv_referrer_enter(index, own, NULL))
		g_assert_false(pv_referrer_enter(index, own, NULL));
	return 0;
}

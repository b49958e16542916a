/* SPDX-License-Identifier: Apache-2.0 */
/* CVSS vectors: a score is one of those there are. */
#include <math.h>
#include <stdint.h>

#include "vuln/cvss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *vector = g_strndup((const char *)data, size);
	double score = 0;

	if (pv_cvss_score(vector, &score)) {
		g_assert_true(score >= 0 && score <= 10);
		g_assert_cmpfloat_with_epsilon(score * 10, round(score * 10), 1e-6);
	}
	pv_severity_parse(vector);
	pv_severity_name(pv_cvss_severity(score));
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Counting, and quantiles that are right to the width of a bucket. */

#include "service/metrics.h"

#include <string.h>

static double number_after(const char *text, const char *label)
{
	const char *at = strstr(text, label);

	g_assert_nonnull(at);
	return g_ascii_strtod(at + strlen(label), NULL);
}

static void test_counts(void)
{
	g_autoptr(PvMetrics) metrics = pv_metrics_new();
	g_autofree char *text = NULL;

	pv_metrics_count(metrics, PV_OPERATION_UPDATE, "POST", 200, 5, 100, 0);
	pv_metrics_count(metrics, PV_OPERATION_UPDATE, "POST", 400, 5, 100, 50);
	pv_metrics_count(metrics, PV_OPERATION_CHANGES, "GET", 200, 1, 1, 1);
	pv_metrics_count(metrics, PV_OPERATION_ALL_CHANGES, "GET", 200, 1, 1, 1);
	pv_metrics_count(metrics, PV_OPERATION_PING, "GET", 200, 1, 1, 1);    /* has no name */
	pv_metrics_count(metrics, PV_OPERATION_UPDATE, "POST", 600, 1, 1, 1); /* no status */
	pv_metrics_count(metrics, PV_OPERATION_UPDATE, "POST", -1, 1, 1, 1);
	text = pv_metrics_text(metrics);
	g_assert_nonnull(strstr(text,
				"notary_server_http_requests_total{code=\"200\",method=\"post\","
				"operation=\"UpdateTUF\"} 1\n"));
	g_assert_nonnull(strstr(text,
				"notary_server_http_requests_total{code=\"400\",method=\"post\","
				"operation=\"UpdateTUF\"} 1\n"));
	g_assert_nonnull(strstr(text,
				"notary_server_http_requests_total{code=\"200\",method=\"get\","
				"operation=\"Changefeed\"} 2\n"));
	g_assert_nonnull(strstr(text, "request_size_bytes_sum{operation=\"UpdateTUF\"} 200\n"));
	g_assert_nonnull(strstr(text, "request_size_bytes_count{operation=\"UpdateTUF\"} 2\n"));
	g_assert_nonnull(
		strstr(text, "{operation=\"GetKey\",quantile=\"0.5\"} NaN\n")); /* nothing yet */
	g_assert_true(g_str_has_suffix(text, "\n"));
}

static void test_quantiles(void)
{
	g_autoptr(PvMetrics) metrics = pv_metrics_new();
	g_autofree char *text = NULL;
	double median, high;

	for (guint i = 1; i <= 1000; i++)
		pv_metrics_count(metrics, PV_OPERATION_GET_KEY, "GET", 200, i, i * 1000, 0);
	text = pv_metrics_text(metrics);
	median =
		number_after(text, "duration_microseconds{operation=\"GetKey\",quantile=\"0.5\"} ");
	high = number_after(text, "duration_microseconds{operation=\"GetKey\",quantile=\"0.99\"} ");
	g_assert_cmpfloat(median, >=, 500 * 0.85);
	g_assert_cmpfloat(median, <=, 500 * 1.15);
	g_assert_cmpfloat(high, >=, 990 * 0.85);
	g_assert_cmpfloat(high, <=, 990 * 1.15);
}

/* The largest values there are fall into the last bucket and break nothing. */
static void test_extremes(void)
{
	static const guint64 values[] = { 0, 1, 3, 4, 5, 7, 8, G_MAXUINT32, G_MAXUINT64 };
	g_autoptr(PvMetrics) metrics = pv_metrics_new();
	g_autofree char *text = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
		pv_metrics_count(metrics, PV_OPERATION_DELETE, "DELETE", 200, values[i], 0, 0);
	text = pv_metrics_text(metrics);
	g_assert_nonnull(strstr(text, "duration_microseconds_count{operation=\"DeleteTUF\"} 9\n"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/service/metrics/counts", test_counts);
	g_test_add_func("/service/metrics/quantiles", test_quantiles);
	g_test_add_func("/service/metrics/extremes", test_extremes);
	return g_test_run();
}

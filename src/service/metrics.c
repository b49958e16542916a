/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Requests counted. Quantiles come from buckets a quarter of an octave wide, over all requests since
 * the start, so that counting is a few atomic additions.
 */

#include "service/metrics.h"

#include <stdatomic.h>
#include <string.h>

#define PREFIX    "notary_server_http_"
#define STEPS     4 /* buckets in an octave */
#define BUCKETS   (40 * STEPS)
#define MEASURES  3
#define QUANTILES 3

typedef struct {
	_Atomic guint64 sum, buckets[BUCKETS];
} Summary;

typedef enum { GET, POST, PUT, DELETE, HEAD, METHODS } Method;

static const char *const methods[METHODS] = { "get", "post", "put", "delete", "head" };

struct PvMetrics {
	Summary summaries[PV_OPERATION_COUNT][MEASURES];
	_Atomic guint64 codes[PV_OPERATION_COUNT][METHODS][600];
};

static const struct {
	const char *name, *help;
} measures[MEASURES] = {
	{ "request_duration_microseconds", "The HTTP request latencies in microseconds." },
	{ "request_size_bytes", "The HTTP request sizes in bytes." },
	{ "response_size_bytes", "The HTTP response sizes in bytes." },
};

PvMetrics *pv_metrics_new(void)
{
	return g_new0(PvMetrics, 1);
}

void pv_metrics_free(PvMetrics *metrics)
{
	g_free(metrics);
}

static guint bucket_of(guint64 value)
{
	guint octave, step;

	if (value < STEPS)
		return (guint)value;
	octave = (guint)(63 - __builtin_clzll(value));
	step = (guint)(value >> (octave - 2)) & (STEPS - 1);
	return MIN((octave - 1) * STEPS + step, BUCKETS - 1);
}

/* The middle of a bucket. */
static double value_of(guint bucket)
{
	guint octave = bucket / STEPS + 1;
	double width;

	if (bucket < STEPS)
		return bucket;
	width = (double)(G_GUINT64_CONSTANT(1) << (octave - 2));
	return (STEPS + bucket % STEPS) * width + (width - 1) / 2;
}

static void add(Summary *summary, guint64 value)
{
	atomic_fetch_add_explicit(&summary->sum, value, memory_order_relaxed);
	atomic_fetch_add_explicit(&summary->buckets[bucket_of(value)], 1, memory_order_relaxed);
}

void pv_metrics_count(PvMetrics *metrics, PvOperation operation, const char *method, int code,
		      guint64 duration_us, guint64 request_bytes, guint64 response_bytes)
{
	const guint64 values[MEASURES] = { duration_us, request_bytes, response_bytes };

	if (!pv_operation_info(operation)->metric || code < 100 || code > 599)
		return;
	for (guint i = 0; i < MEASURES; i++)
		add(&metrics->summaries[operation][i], values[i]);
	for (guint i = 0; i < METHODS; i++) {
		if (g_ascii_strcasecmp(method, methods[i]) == 0)
			atomic_fetch_add_explicit(&metrics->codes[operation][i][code], 1,
						  memory_order_relaxed);
	}
}

/* --- as text ------------------------------------------------------------------------------ */

/* The operations that share one label are one line. */
static gboolean is_first_of_label(guint operation)
{
	const char *label = pv_operation_info(operation)->metric;

	for (guint i = 0; label && i < operation; i++) {
		if (g_strcmp0(pv_operation_info(i)->metric, label) == 0)
			return FALSE;
	}
	return label != NULL;
}

static void collect(PvMetrics *metrics, const char *label, guint measure, guint64 *sum,
		    guint64 *count, guint64 buckets[BUCKETS])
{
	*sum = *count = 0;
	memset(buckets, 0, BUCKETS * sizeof *buckets);
	for (guint i = 0; i < PV_OPERATION_COUNT; i++) {
		Summary *summary = &metrics->summaries[i][measure];

		if (g_strcmp0(pv_operation_info(i)->metric, label) != 0)
			continue;
		*sum += atomic_load(&summary->sum);
		for (guint k = 0; k < BUCKETS; k++) {
			buckets[k] += atomic_load(&summary->buckets[k]);
			*count += atomic_load(&summary->buckets[k]);
		}
	}
}

static void write_quantile(GString *text, const char *measure, const char *label,
			   const char *quantile, guint64 count, const guint64 buckets[BUCKETS])
{
	guint64 wanted = (guint64)(g_ascii_strtod(quantile, NULL) * (double)count + 0.5), seen = 0;
	char number[G_ASCII_DTOSTR_BUF_SIZE] = "NaN";

	for (guint k = 0; count > 0 && k < BUCKETS; k++) {
		seen += buckets[k];
		if (seen >= MAX(wanted, 1)) {
			g_ascii_formatd(number, sizeof number, "%.10g", value_of(k));
			break;
		}
	}
	g_string_append_printf(text, PREFIX "%s{operation=\"%s\",quantile=\"%s\"} %s\n", measure,
			       label, quantile, number);
}

static void write_measure(GString *text, PvMetrics *metrics, guint measure)
{
	static const char *const quantiles[QUANTILES] = { "0.5", "0.9", "0.99" };
	const char *name = measures[measure].name;

	g_string_append_printf(text, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s summary\n", name,
			       measures[measure].help, name);
	for (guint i = 0; i < PV_OPERATION_COUNT; i++) {
		const char *label = pv_operation_info(i)->metric;
		guint64 sum, count, buckets[BUCKETS];

		if (!is_first_of_label(i))
			continue;
		collect(metrics, label, measure, &sum, &count, buckets);
		for (guint k = 0; k < QUANTILES; k++)
			write_quantile(text, name, label, quantiles[k], count, buckets);
		g_string_append_printf(text,
				       PREFIX "%s_sum{operation=\"%s\"} %" G_GUINT64_FORMAT
					      "\n" PREFIX "%s_count{operation=\"%s\"} "
					      "%" G_GUINT64_FORMAT "\n",
				       name, label, sum, name, label, count);
	}
}

static void write_codes(GString *text, PvMetrics *metrics)
{
	g_string_append(text,
			"# HELP " PREFIX "requests_total Total number of HTTP requests made.\n"
			"# TYPE " PREFIX "requests_total counter\n");
	for (guint i = 0; i < PV_OPERATION_COUNT; i++) {
		for (guint m = 0; is_first_of_label(i) && m < METHODS; m++) {
			for (guint code = 100; code < 600; code++) {
				const char *label = pv_operation_info(i)->metric;
				guint64 count = 0;

				for (guint k = i; k < PV_OPERATION_COUNT; k++) {
					if (g_strcmp0(pv_operation_info(k)->metric, label) == 0)
						count += atomic_load(&metrics->codes[k][m][code]);
				}
				if (count > 0)
					g_string_append_printf(
						text,
						PREFIX "requests_total{code=\"%u\",method=\"%s\","
						       "operation=\"%s\"} %" G_GUINT64_FORMAT "\n",
						code, methods[m], label, count);
			}
		}
	}
}

char *pv_metrics_text(PvMetrics *metrics)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < MEASURES; i++)
		write_measure(text, metrics, i);
	write_codes(text, metrics);
	return g_string_free(text, FALSE);
}

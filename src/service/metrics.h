/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "service/route.h"

/* Counters under the names of notary-server (trust.md 1.6); adding to them takes no lock. */
typedef struct PvMetrics PvMetrics;

PvMetrics *pv_metrics_new(void);
void pv_metrics_free(PvMetrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvMetrics, pv_metrics_free)

/**
 * pv_metrics_count:
 * @method: of the request
 * @code: the status that was answered
 * @duration_us: until the answer was made
 */
void pv_metrics_count(PvMetrics *metrics, PvOperation operation, const char *method, int code,
		      guint64 duration_us, guint64 request_bytes, guint64 response_bytes);

/* (transfer full): Prometheus' text format, version 0.0.4. */
char *pv_metrics_text(PvMetrics *metrics);

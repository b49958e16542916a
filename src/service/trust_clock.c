/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The clock of the trust API: signs timestamps anew when half of their life is over, so that no
 * reader ever waits for a signature and none finds an expired one (trust.md 1.8).
 */

#include "base/error.h"
#include "service/publish.h"
#include "service/server_metadata.h"
#include "service/trust_handlers.h"

#define RENEW_BEFORE_S (PV_TIMESTAMP_LIFE_S / 2)
#define RENEW_EVERY_S  60
#define RENEW_BATCH    100

/* TRUE if there may be more of them. */
static gboolean renew_expiring(PvTrustApi *api)
{
	g_autoptr(GError) error = NULL;
	PvTime now = pv_time_now();
	g_autoptr(GPtrArray) guns =
		pv_store_expiring(api->store, now, pv_time_add_seconds(now, RENEW_BEFORE_S),
				  RENEW_BATCH, &error);
	guint renewed = 0;

	if (!guns) {
		g_warning("cannot look for timestamps to renew: %s", error->message);
		return FALSE;
	}
	for (guint i = 0; i < guns->len; i++) {
		const char *gun = guns->pdata[i];
		g_autoptr(GMutexLocker) locked = g_mutex_locker_new(pv_trust_lock_of(api, gun));
		g_autoptr(GError) failure = NULL;

		if (pv_publish_renew(api->store, api->signer, gun, now, &failure))
			renewed++;
		else
			g_warning("cannot renew the timestamp of %s: %s", gun, failure->message);
	}
	return renewed == RENEW_BATCH;
}

static void *run(void *data)
{
	PvTrustApi *api = data;

	g_mutex_lock(&api->clock_lock);
	while (!api->is_stopping) {
		gint64 next = g_get_monotonic_time() + RENEW_EVERY_S * G_USEC_PER_SEC;
		gboolean more;

		g_mutex_unlock(&api->clock_lock);
		more = renew_expiring(api);
		g_mutex_lock(&api->clock_lock);
		while (!more && !api->is_stopping &&
		       g_cond_wait_until(&api->clock_wake, &api->clock_lock, next))
			;
	}
	g_mutex_unlock(&api->clock_lock);
	return NULL;
}

void pv_trust_clock_start(PvTrustApi *api)
{
	g_mutex_init(&api->clock_lock);
	g_cond_init(&api->clock_wake);
	api->clock = g_thread_new("renew", run, api);
}

void pv_trust_clock_stop(PvTrustApi *api)
{
	g_mutex_lock(&api->clock_lock);
	api->is_stopping = TRUE;
	g_cond_signal(&api->clock_wake);
	g_mutex_unlock(&api->clock_lock);
	g_thread_join(api->clock);
	g_mutex_clear(&api->clock_lock);
	g_cond_clear(&api->clock_wake);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Whether a finger is needed, and whether it came. */

#include "card.h"

#define CACHED_US (15 * G_USEC_PER_SEC)

gboolean rig_touch(RigCard *card, guint8 reference, guint8 policy)
{
	gint64 now = g_get_monotonic_time();

	if (policy <= RIG_TOUCH_NEVER)
		return TRUE;
	if (policy == RIG_TOUCH_CACHED && card->touched_us > 0 &&
	    now - card->touched_us < CACHED_US)
		return TRUE;
	if (card->await_touch && !card->await_touch(reference, card->touch_user))
		return FALSE;
	card->touched_us = g_get_monotonic_time();
	return TRUE;
}

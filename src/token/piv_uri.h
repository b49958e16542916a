/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Names of tokens and slots: "yubikey:serial=4242424;slot=9c". Both parts may be missing, and they
 * may come in any order. Slots are 9a, 9c, 9d, 9e and 82 to 95 (SP 800-73-4, part 1, table 4b).
 */
#define PV_PIV_SCHEME "yubikey:"
#define PV_PIV_SLOTS  24

typedef struct {
	gboolean has_serial;
	guint32 serial;
	guint8 slot; /* 0: none named */
} PvPivUri;

/* Errors: PV_ERROR_USAGE, with an example. */
gboolean pv_piv_uri_parse(const char *text, PvPivUri *ret_uri, GError **error);

/* (transfer full): @serial NULL: without. */
char *pv_piv_uri_format(const char *serial, guint8 slot);

/* Slot @index below PV_PIV_SLOTS. */
guint8 pv_piv_slot_at(gsize index);

/* The data object of a slot's certificate. @slot must be one. */
guint32 pv_piv_slot_object(guint8 slot);

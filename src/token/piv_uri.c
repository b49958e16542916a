/* SPDX-License-Identifier: Apache-2.0 */

/* Names of tokens and of the slots in them, as people write them on a command line. */

#include "token/piv_uri.h"

#include <string.h>

#include "base/error.h"

#define RETIRED_FIRST  0x82
#define RETIRED_LAST   0x95
#define RETIRED_OBJECT 0x5fc10d

static const struct {
	guint8 slot;
	guint32 object;
} own_slots[] = {
	{ 0x9a, 0x5fc105 },
	{ 0x9c, 0x5fc10a },
	{ 0x9d, 0x5fc10b },
	{ 0x9e, 0x5fc101 },
};

guint8 pv_piv_slot_at(gsize index)
{
	g_assert(index < PV_PIV_SLOTS);
	return index < G_N_ELEMENTS(own_slots)
		       ? own_slots[index].slot
		       : (guint8)(RETIRED_FIRST + (index - G_N_ELEMENTS(own_slots)));
}

guint32 pv_piv_slot_object(guint8 slot)
{
	for (gsize i = 0; i < G_N_ELEMENTS(own_slots); i++)
		if (own_slots[i].slot == slot)
			return own_slots[i].object;
	g_assert(slot >= RETIRED_FIRST && slot <= RETIRED_LAST);
	return RETIRED_OBJECT + (guint32)(slot - RETIRED_FIRST);
}

static gboolean read_slot(const char *value, guint8 *ret_slot)
{
	guint64 number;

	if (strlen(value) != 2 || !g_ascii_string_to_unsigned(value, 16, 1, 0xff, &number, NULL))
		return FALSE;
	for (gsize i = 0; i < PV_PIV_SLOTS; i++)
		if (pv_piv_slot_at(i) == number) {
			*ret_slot = (guint8)number;
			return TRUE;
		}
	return FALSE;
}

static gboolean read_serial(const char *value, PvPivUri *uri)
{
	guint64 number;

	if (value[0] == '0' ||
	    !g_ascii_string_to_unsigned(value, 10, 1, G_MAXUINT32, &number, NULL))
		return FALSE;
	uri->has_serial = TRUE;
	uri->serial = (guint32)number;
	return TRUE;
}

static gboolean read_part(const char *part, PvPivUri *uri)
{
	if (g_str_has_prefix(part, "serial=") && !uri->has_serial)
		return read_serial(part + strlen("serial="), uri);
	if (g_str_has_prefix(part, "slot=") && uri->slot == 0)
		return read_slot(part + strlen("slot="), &uri->slot);
	return FALSE;
}

gboolean pv_piv_uri_parse(const char *text, PvPivUri *ret_uri, GError **error)
{
	PvPivUri uri = { 0 };
	g_auto(GStrv) parts = NULL;

	if (!g_str_has_prefix(text, PV_PIV_SCHEME))
		return pv_fail(error, PV_ERROR_USAGE, "'%.64s' does not begin with %s", text,
			       PV_PIV_SCHEME);
	parts = g_strsplit(text + strlen(PV_PIV_SCHEME), ";", 3);
	for (char **part = parts; *part; part++)
		if ((*part)[0] != 0 || parts[1]) {
			if (!read_part(*part, &uri))
				return pv_fail(error, PV_ERROR_USAGE,
					       "'%.64s': '%.32s' is neither serial=NUMBER nor "
					       "slot=9a, 9c, 9d, 9e or 82 to 95, once each, as in "
					       "yubikey:serial=4242424;slot=9c",
					       text, *part);
		}
	*ret_uri = uri;
	return TRUE;
}

char *pv_piv_uri_format(const char *serial, guint8 slot)
{
	return serial ? g_strdup_printf(PV_PIV_SCHEME "serial=%s;slot=%02x", serial, slot)
		      : g_strdup_printf(PV_PIV_SCHEME "slot=%02x", slot);
}

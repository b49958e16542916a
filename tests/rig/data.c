/* SPDX-License-Identifier: Apache-2.0 */

/* Data objects, and what the card tells about a key, the PIN, the PUK and the management key. */

#include <string.h>

#include "card.h"

#define PRINTED   0x5fc109 /* the one object that needs the PIN */
#define DISCOVERY 0x7e

static gboolean is_object(guint32 number)
{
	return (number >= 0x5fc101 && number <= 0x5fc123) ||
	       (number >= 0x5fff00 && number <= 0x5fff1f);
}

/* 5c 03 NUMBER, what follows is left in @rest */
static gboolean take_number(RigSpan *rest, guint32 *ret_number)
{
	RigSpan value;
	guint32 tag;

	if (!rig_tlv_next(rest, &tag, &value) || tag != 0x5c)
		return FALSE;
	if (value.size == 1)
		*ret_number = value.data[0];
	else if (value.size == 3)
		*ret_number =
			(guint32)value.data[0] << 16 | (guint32)value.data[1] << 8 | value.data[2];
	else
		return FALSE;
	return TRUE;
}

guint16 rig_get_data(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	static const guint8 discovery[] = { 0x7e, 0x12, 0x4f, 0x0b, 0xa0, 0x00, 0x00,
					    0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01,
					    0x00, 0x5f, 0x2f, 0x02, 0x40, 0x00 };
	RigSpan rest = command->data;
	guint32 number;
	GBytes *content;

	if (command->p1 != 0x3f || command->p2 != 0xff)
		return RIG_PARAMETERS;
	if (!take_number(&rest, &number) || rest.size > 0)
		return RIG_DATA;
	if (number == DISCOVERY) {
		g_byte_array_append(answer, discovery, sizeof(discovery));
		return RIG_OK;
	}
	if (number == PRINTED && !card->session.pin_verified)
		return RIG_NOT_AUTHORISED;
	content = g_hash_table_lookup(card->objects, GUINT_TO_POINTER(number));
	if (!content)
		return RIG_NOT_FOUND;
	rig_tlv_append(answer, 0x53, g_bytes_get_data(content, NULL), g_bytes_get_size(content));
	return RIG_OK;
}

guint16 rig_put_data(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	RigSpan rest = command->data, content;
	guint32 number, tag;

	if (!card->session.authenticated)
		return RIG_NOT_AUTHORISED;
	if (command->p1 != 0x3f || command->p2 != 0xff)
		return RIG_PARAMETERS;
	if (!take_number(&rest, &number) || !is_object(number) ||
	    !rig_tlv_next(&rest, &tag, &content) || tag != 0x53 || rest.size > 0)
		return RIG_DATA;
	if (content.size == 0)
		g_hash_table_remove(card->objects, GUINT_TO_POINTER(number));
	else
		g_hash_table_insert(card->objects, GUINT_TO_POINTER(number),
				    g_bytes_new(content.data, content.size));
	rig_card_save(card);
	return RIG_OK;
}

static void tell_byte(GByteArray *answer, guint32 tag, gboolean value)
{
	guint8 byte = value ? 1 : 0;

	rig_tlv_append(answer, tag, &byte, 1);
}

static void tell_reference(const RigCard *card, const RigReference *reference, GByteArray *answer)
{
	const guint8 tries[2] = { reference->max, reference->left };

	tell_byte(answer, 0x05, rig_pin_is_factory(card, reference));
	rig_tlv_append(answer, 0x06, tries, sizeof(tries));
}

static void tell_management(const RigCard *card, GByteArray *answer)
{
	const guint8 policy[2] = { RIG_PIN_DEFAULT, card->management.needs_touch
							    ? RIG_TOUCH_ALWAYS
							    : RIG_TOUCH_NEVER };

	rig_tlv_append(answer, 0x01, &card->management.algorithm, 1);
	rig_tlv_append(answer, 0x02, policy, sizeof(policy));
	tell_byte(answer, 0x05, rig_management_is_factory(card));
}

static guint16 tell_slot(const RigSlot *slot, GByteArray *answer)
{
	g_autoptr(GByteArray) public = g_byte_array_new();
	const guint8 policy[2] = { slot->pin_policy, slot->touch_policy };

	if (!slot->key)
		return RIG_NO_REFERENCE;
	if (!rig_key_public(slot, public))
		return RIG_INTERNAL;
	rig_tlv_append(answer, 0x01, &slot->algorithm, 1);
	rig_tlv_append(answer, 0x02, policy, sizeof(policy));
	rig_tlv_append(answer, 0x03, &slot->origin, 1);
	rig_tlv_append(answer, 0x04, public->data, public->len);
	return RIG_OK;
}

guint16 rig_metadata(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	const RigSlot *slot = rig_slot(card, command->p2);

	if (command->p1 != 0)
		return RIG_PARAMETERS;
	switch (command->p2) {
	case 0x80:
		tell_reference(card, &card->pin, answer);
		return RIG_OK;
	case 0x81:
		tell_reference(card, &card->puk, answer);
		return RIG_OK;
	case 0x9b:
		tell_management(card, answer);
		return RIG_OK;
	default:
		return slot ? tell_slot(slot, answer) : RIG_PARAMETERS;
	}
}

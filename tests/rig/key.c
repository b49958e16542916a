/* SPDX-License-Identifier: Apache-2.0 */

/* Keys in slots: made on the card, brought to it, used under their PIN and touch policies, moved. */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#include "card.h"
#include "key_build.h"

#define SLOT_SIGNATURE   0x9c
#define SLOT_CARD        0x9e
#define SLOT_ATTESTATION 0xf9
#define SLOT_NONE        0xff

static const RigAlgorithm algorithms[] = {
	{ 0x06, NULL, 1024, 0 },
	{ 0x07, NULL, 2048, 0 },
	{ 0x05, NULL, 3072, RIG_FIRMWARE(5, 7, 0) },
	{ 0x16, NULL, 4096, RIG_FIRMWARE(5, 7, 0) },
	{ 0x11, "P-256", 256, 0 },
	{ 0x14, "P-384", 384, 0 },
};

static const RigAlgorithm *find_algorithm(guint8 id, guint32 firmware)
{
	for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++)
		if (algorithms[i].id == id && firmware >= algorithms[i].since)
			return &algorithms[i];
	return NULL;
}

EVP_PKEY *rig_key_new(guint8 id)
{
	const RigAlgorithm *algorithm = find_algorithm(id, G_MAXUINT32);

	return algorithm->group ? EVP_EC_gen(algorithm->group) : EVP_RSA_gen(algorithm->bits);
}

static void append_number(GByteArray *array, guint32 tag, const EVP_PKEY *key, const char *name)
{
	BIGNUM *number = NULL;
	guint8 bytes[512];

	if (EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
	    BN_num_bytes(number) <= (int)sizeof(bytes))
		rig_tlv_append(array, tag, bytes, (gsize)BN_bn2bin(number, bytes));
	BN_free(number);
}

gboolean rig_key_public(const RigSlot *slot, GByteArray *answer)
{
	guint8 point[1 + 2 * 48];
	gsize size;

	if (EVP_PKEY_get_base_id(slot->key) == EVP_PKEY_RSA) {
		append_number(answer, 0x81, slot->key, OSSL_PKEY_PARAM_RSA_N);
		append_number(answer, 0x82, slot->key, OSSL_PKEY_PARAM_RSA_E);
		return TRUE;
	}
	if (EVP_PKEY_get_octet_string_param(slot->key, OSSL_PKEY_PARAM_PUB_KEY, point,
					    sizeof(point), &size) != 1)
		return FALSE;
	rig_tlv_append(answer, 0x86, point, size);
	return TRUE;
}

static guint8 pin_policy_of(guint8 reference)
{
	switch (reference) {
	case SLOT_SIGNATURE:
		return RIG_PIN_ALWAYS;
	case SLOT_CARD:
		return RIG_PIN_NEVER;
	default:
		return RIG_PIN_ONCE;
	}
}

/* One of the tags aa and ab: a policy of one byte, 1 to 3, or 0 for the slot's own. */
static gboolean take_policy(guint32 tag, RigSpan value, guint8 *pin, guint8 *touch)
{
	if ((tag != 0xaa && tag != 0xab) || value.size != 1 || value.data[0] > 3)
		return FALSE;
	*(tag == 0xaa ? pin : touch) = value.data[0];
	return TRUE;
}

static void put_key(RigCard *card, guint8 reference, RigSlot new)
{
	RigSlot *slot = rig_slot(card, reference);

	if (new.pin_policy == RIG_PIN_DEFAULT)
		new.pin_policy = pin_policy_of(reference);
	if (new.touch_policy == RIG_TOUCH_DEFAULT)
		new.touch_policy = RIG_TOUCH_NEVER;
	rig_slot_clear(slot);
	*slot = new;
	rig_card_save(card);
}

guint16 rig_generate(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	RigSpan rest = command->data, inner, value;
	RigSlot new = { .origin = RIG_GENERATED };
	g_autoptr(GByteArray) public = g_byte_array_new();
	guint32 tag;

	if (!card->session.authenticated)
		return RIG_NOT_AUTHORISED;
	if (command->p1 != 0 || !rig_slot(card, command->p2))
		return RIG_PARAMETERS;
	if (!rig_tlv_next(&rest, &tag, &inner) || tag != 0xac || rest.size > 0)
		return RIG_DATA;
	while (rig_tlv_next(&inner, &tag, &value)) {
		if (tag == 0x80 && value.size == 1)
			new.algorithm = value.data[0];
		else if (!take_policy(tag, value, &new.pin_policy, &new.touch_policy))
			return RIG_DATA;
	}
	if (inner.size > 0 || !find_algorithm(new.algorithm, card->firmware))
		return RIG_DATA;
	new.key = rig_key_new(new.algorithm);
	if (!new.key || !rig_key_public(&new, public)) {
		rig_slot_clear(&new);
		return RIG_INTERNAL;
	}
	put_key(card, command->p2, new);
	rig_tlv_append(answer, 0x7f49, public->data, public->len);
	return RIG_OK;
}

guint16 rig_import(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	const RigAlgorithm *algorithm = find_algorithm(command->p1, card->firmware);
	RigSpan rest = command->data, value, parts[RIG_KEY_PARTS] = { 0 };
	RigSlot new = { .algorithm = command->p1, .origin = RIG_IMPORTED };
	guint32 tag;

	if (!card->session.authenticated)
		return RIG_NOT_AUTHORISED;
	if (!algorithm || !rig_slot(card, command->p2))
		return RIG_PARAMETERS;
	while (rig_tlv_next(&rest, &tag, &value)) {
		if (tag >= 1 && tag < RIG_KEY_PARTS)
			parts[tag] = value;
		else if (!take_policy(tag, value, &new.pin_policy, &new.touch_policy))
			return RIG_DATA;
	}
	if (rest.size > 0)
		return RIG_DATA;
	new.key = rig_key_build(algorithm, parts);
	if (!new.key)
		return RIG_DATA;
	put_key(card, command->p2, new);
	return RIG_OK;
}

/* RSA without padding, which is the host's; ECDSA over a digest. */
static gboolean use(EVP_PKEY *key, gboolean is_rsa, RigSpan data, guint8 *out, gsize *size)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	gboolean done;

	done = context && EVP_PKEY_sign_init(context) == 1 &&
	       (!is_rsa || EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1) &&
	       EVP_PKEY_sign(context, out, size, data.data, data.size) == 1;
	EVP_PKEY_CTX_free(context);
	return done;
}

/* 7c { 82 (empty: the answer is wanted), 81 data } in any order. */
static gboolean read_request(RigSpan rest, RigSpan *ret_data)
{
	RigSpan inner, value, data = { 0 };
	gboolean wanted = FALSE;
	guint32 tag;

	if (!rig_tlv_next(&rest, &tag, &inner) || tag != 0x7c || rest.size > 0)
		return FALSE;
	while (rig_tlv_next(&inner, &tag, &value)) {
		if (tag == 0x82 && value.size == 0)
			wanted = TRUE;
		else if (tag == 0x81 && value.size > 0)
			data = value;
		else
			return FALSE;
	}
	if (!wanted || !data.data || inner.size > 0)
		return FALSE;
	*ret_data = data;
	return TRUE;
}

static gboolean may_use(RigCard *card, guint8 reference, const RigSlot *slot)
{
	const RigSession *session = &card->session;

	if (slot->pin_policy == RIG_PIN_ONCE && !session->pin_verified)
		return FALSE;
	if (slot->pin_policy == RIG_PIN_ALWAYS && !session->pin_fresh)
		return FALSE;
	return rig_touch(card, reference, slot->touch_policy);
}

guint16 rig_use_key(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	RigSlot *slot = rig_slot(card, command->p2);
	const RigAlgorithm *algorithm = find_algorithm(command->p1, card->firmware);
	g_autoptr(GByteArray) inner = g_byte_array_new();
	guint8 out[512];
	gsize size = sizeof(out), bytes;
	RigSpan data;

	if (!slot || command->p2 == SLOT_ATTESTATION)
		return RIG_PARAMETERS;
	if (!algorithm || !slot->key || slot->algorithm != command->p1 ||
	    !read_request(command->data, &data))
		return RIG_DATA;
	bytes = algorithm->bits / 8;
	if (algorithm->group ? data.size > bytes : data.size != bytes)
		return RIG_DATA;
	if (!may_use(card, command->p2, slot))
		return RIG_NOT_AUTHORISED;
	if (!use(slot->key, !algorithm->group, data, out, &size))
		return RIG_DATA;
	rig_tlv_append(inner, 0x82, out, size);
	rig_tlv_append(answer, 0x7c, inner->data, inner->len);
	return RIG_OK;
}

/* MOVE KEY: P1 is where to, or ff to delete; P2 where from. */
guint16 rig_move(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	RigSlot *from = rig_slot(card, command->p2), *to = rig_slot(card, command->p1);

	if (!card->session.authenticated)
		return RIG_NOT_AUTHORISED;
	if (!from || (!to && command->p1 != SLOT_NONE) || to == from)
		return RIG_PARAMETERS;
	if (!from->key)
		return RIG_NO_REFERENCE;
	if (to) {
		rig_slot_clear(to);
		*to = *from;
		*from = (RigSlot){ 0 };
	} else {
		rig_slot_clear(from);
	}
	rig_card_save(card);
	return RIG_OK;
}

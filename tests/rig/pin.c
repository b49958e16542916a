/* SPDX-License-Identifier: Apache-2.0 */

/* PIN and PUK: tries are spent before a value is compared, and written down at once. */

#include <openssl/crypto.h>
#include <string.h>

#include "card.h"

#define PIN 0x80
#define PUK 0x81

#define VALUE_BYTES     sizeof(((RigReference *)0)->value)
#define VALUE_BYTES_MIN 6

static guint16 wrong(const RigReference *reference)
{
	return reference->left == 0 ? RIG_BLOCKED
				    : (guint16)(RIG_WRONG_PIN | MIN(reference->left, 15));
}

static guint16 check(RigCard *card, RigReference *reference, const guint8 *value)
{
	if (reference->left == 0)
		return RIG_BLOCKED;
	reference->left--;
	rig_card_save(card);
	if (CRYPTO_memcmp(reference->value, value, VALUE_BYTES) != 0)
		return (guint16)(RIG_WRONG_PIN | MIN(reference->left, 15));
	reference->left = reference->max;
	rig_card_save(card);
	return RIG_OK;
}

/* Six to eight bytes, then 0xff. */
static gboolean is_value(const guint8 *value)
{
	gsize size = 0;

	while (size < VALUE_BYTES && value[size] != 0xff)
		size++;
	for (gsize i = size; i < VALUE_BYTES; i++)
		if (value[i] != 0xff)
			return FALSE;
	return size >= VALUE_BYTES_MIN;
}

guint16 rig_verify(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	RigSession *session = &card->session;
	guint16 word;

	if (command->p2 != PIN || (command->p1 != 0 && command->p1 != 0xff))
		return RIG_PARAMETERS;
	if (command->p1 == 0xff) {
		session->pin_verified = session->pin_fresh = FALSE;
		return command->data.size == 0 ? RIG_OK : RIG_LENGTH;
	}
	if (command->data.size == 0)
		return session->pin_verified ? RIG_OK : wrong(&card->pin);
	if (command->data.size != VALUE_BYTES)
		return RIG_LENGTH;
	word = check(card, &card->pin, command->data.data);
	session->pin_verified = session->pin_fresh = word == RIG_OK;
	return word;
}

guint16 rig_change(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	RigReference *reference = command->p2 == PUK ? &card->puk : &card->pin;
	guint16 word;

	if (command->p1 != 0 || (command->p2 != PIN && command->p2 != PUK))
		return RIG_PARAMETERS;
	if (command->data.size != 2 * VALUE_BYTES)
		return RIG_LENGTH;
	if (!is_value(command->data.data + VALUE_BYTES))
		return RIG_DATA;
	word = check(card, reference, command->data.data);
	if (word != RIG_OK) {
		if (command->p2 == PIN)
			card->session.pin_verified = FALSE;
		return word;
	}
	memcpy(reference->value, command->data.data + VALUE_BYTES, VALUE_BYTES);
	rig_card_save(card);
	return RIG_OK;
}

guint16 rig_unblock(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	guint16 word;

	if (command->p1 != 0 || command->p2 != PIN)
		return RIG_PARAMETERS;
	if (command->data.size != 2 * VALUE_BYTES)
		return RIG_LENGTH;
	if (!is_value(command->data.data + VALUE_BYTES))
		return RIG_DATA;
	word = check(card, &card->puk, command->data.data);
	if (word != RIG_OK)
		return word;
	memcpy(card->pin.value, command->data.data + VALUE_BYTES, VALUE_BYTES);
	card->pin.left = card->pin.max;
	rig_card_save(card);
	return RIG_OK;
}

guint16 rig_set_retries(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	if (!card->session.authenticated || !card->session.pin_verified)
		return RIG_NOT_AUTHORISED;
	if (command->p1 == 0 || command->p2 == 0)
		return RIG_PARAMETERS;
	rig_pin_set_factory(card);
	card->pin.max = card->pin.left = command->p1;
	card->puk.max = card->puk.left = command->p2;
	card->session.pin_verified = FALSE;
	rig_card_save(card);
	return RIG_OK;
}

guint16 rig_reset(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	if (card->pin.left > 0 || card->puk.left > 0)
		return RIG_CONDITIONS;
	rig_card_set_factory(card);
	card->session.pin_verified = card->session.authenticated = FALSE;
	rig_card_save(card);
	return RIG_OK;
}

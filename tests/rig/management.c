/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The management key: GENERAL AUTHENTICATE against 9b, mutual (witness and challenge) or of the
 * host only, with 3DES or AES, one block in ECB.
 */

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "card.h"

static const struct {
	guint8 algorithm;
	const char *cipher;
	gsize key_bytes, block_bytes;
	guint32 since;
} ciphers[] = {
	{ 0x03, "DES-EDE3-ECB", 24, 8, 0 },
	{ 0x08, "AES-128-ECB", 16, 16, RIG_FIRMWARE(5, 4, 2) },
	{ 0x0a, "AES-192-ECB", 24, 16, RIG_FIRMWARE(5, 4, 2) },
	{ 0x0c, "AES-256-ECB", 32, 16, RIG_FIRMWARE(5, 4, 2) },
};

static gssize find(const RigCard *card, guint8 algorithm)
{
	for (gsize i = 0; i < G_N_ELEMENTS(ciphers); i++)
		if (ciphers[i].algorithm == algorithm && card->firmware >= ciphers[i].since)
			return (gssize)i;
	return -1;
}

gboolean rig_management_fits(const RigCard *card, guint8 algorithm, gsize size)
{
	gssize at = find(card, algorithm);

	return at >= 0 && ciphers[at].key_bytes == size;
}

static gboolean encrypt(const RigCard *card, gssize at, const guint8 *in, guint8 *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, ciphers[at].cipher, NULL);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int size = 0;
	gboolean done;

	done = EVP_EncryptInit_ex2(context, cipher, card->management.key, NULL, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
	       EVP_EncryptUpdate(context, out, &size, in, (int)ciphers[at].block_bytes) == 1 &&
	       size == (int)ciphers[at].block_bytes;
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(cipher);
	return done;
}

/* 7c { @tag value } */
static void give(GByteArray *answer, guint8 tag, const guint8 *value, gsize size)
{
	g_autoptr(GByteArray) inner = g_byte_array_new();

	rig_tlv_append(inner, tag, value, size);
	rig_tlv_append(answer, 0x7c, inner->data, inner->len);
}

/* First step: a witness (80) to be decrypted, or a challenge (81) to be encrypted by the host. */
static guint16 begin(RigCard *card, gssize at, gboolean mutual, GByteArray *answer)
{
	RigSession *session = &card->session;
	guint8 sent[RIG_BLOCK_BYTES_MAX];

	session->has_witness = session->has_challenge = FALSE;
	if (RAND_bytes(session->witness, sizeof(session->witness)) != 1 ||
	    RAND_bytes(session->challenge, sizeof(session->challenge)) != 1 ||
	    !encrypt(card, at, session->witness, sent))
		return RIG_INTERNAL;
	session->has_witness = mutual;
	session->has_challenge = !mutual;
	give(answer, mutual ? 0x80 : 0x81, mutual ? sent : session->challenge,
	     ciphers[at].block_bytes);
	return RIG_OK;
}

/* Second step, mutual: the witness must be right; then the host's challenge is answered. */
static guint16 answer_mutual(RigCard *card, gssize at, RigSpan witness, RigSpan challenge,
			     GByteArray *answer)
{
	RigSession *session = &card->session;
	gsize block = ciphers[at].block_bytes;
	guint8 response[RIG_BLOCK_BYTES_MAX];
	gboolean known = session->has_witness;

	session->has_witness = FALSE;
	if (witness.size != block || challenge.size != block)
		return RIG_DATA;
	if (!known)
		return RIG_CONDITIONS;
	if (CRYPTO_memcmp(witness.data, session->witness, block) != 0)
		return RIG_NOT_AUTHORISED;
	if (card->management.needs_touch && !rig_touch(card, 0x9b, RIG_TOUCH_ALWAYS))
		return RIG_NOT_AUTHORISED;
	if (!encrypt(card, at, challenge.data, response))
		return RIG_INTERNAL;
	session->authenticated = TRUE;
	give(answer, 0x82, response, block);
	return RIG_OK;
}

/* Second step, of the host only. */
static guint16 check_host(RigCard *card, gssize at, RigSpan response)
{
	RigSession *session = &card->session;
	guint8 expected[RIG_BLOCK_BYTES_MAX];
	gboolean known = session->has_challenge;

	session->has_challenge = FALSE;
	if (response.size != ciphers[at].block_bytes)
		return RIG_DATA;
	if (!known)
		return RIG_CONDITIONS;
	if (!encrypt(card, at, session->challenge, expected))
		return RIG_INTERNAL;
	if (CRYPTO_memcmp(response.data, expected, response.size) != 0)
		return RIG_NOT_AUTHORISED;
	if (card->management.needs_touch && !rig_touch(card, 0x9b, RIG_TOUCH_ALWAYS))
		return RIG_NOT_AUTHORISED;
	session->authenticated = TRUE;
	return RIG_OK;
}

guint16 rig_authenticate(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	guint8 algorithm = command->p1 == 0 ? 0x03 : command->p1;
	RigSpan rest = command->data, value, inner, parts[3] = { 0 };
	guint32 tag;
	gssize at = find(card, algorithm);

	if (at < 0 || algorithm != card->management.algorithm)
		return RIG_DATA;
	if (!rig_tlv_next(&rest, &tag, &inner) || tag != 0x7c || rest.size > 0)
		return RIG_DATA;
	while (rig_tlv_next(&inner, &tag, &value)) {
		if (tag < 0x80 || tag > 0x82)
			return RIG_DATA;
		parts[tag - 0x80] = value;
	}
	if (inner.size > 0)
		return RIG_DATA;
	if (parts[0].data && parts[0].size == 0)
		return begin(card, at, TRUE, answer);
	if (parts[0].size > 0)
		return answer_mutual(card, at, parts[0], parts[1], answer);
	if (parts[2].size > 0)
		return check_host(card, at, parts[2]);
	if (parts[1].data && parts[1].size == 0)
		return begin(card, at, FALSE, answer);
	return RIG_DATA;
}

guint16 rig_set_management(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	const guint8 *data = command->data.data;
	gsize size = command->data.size;

	if (!card->session.authenticated)
		return RIG_NOT_AUTHORISED;
	if (command->p1 != 0xff || (command->p2 != 0xff && command->p2 != 0xfe))
		return RIG_PARAMETERS;
	if (size < 3 || data[1] != 0x9b || data[2] != size - 3 ||
	    !rig_management_fits(card, data[0], size - 3))
		return RIG_DATA;
	card->management.algorithm = data[0];
	memset(card->management.key, 0, sizeof(card->management.key));
	memcpy(card->management.key, data + 3, size - 3);
	card->management.needs_touch = command->p2 == 0xfe;
	rig_card_save(card);
	return RIG_OK;
}

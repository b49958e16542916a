/* SPDX-License-Identifier: Apache-2.0 */

/*
 * ATTEST: a certificate made on the spot for a key that was generated on the card, signed by the
 * key in f9, with Yubico's extensions. All but the serial number's hold bytes that are no DER.
 */

#include <openssl/x509.h>

#include "card.h"
#include "certificate.h"

#define ATTESTATION_CERTIFICATE 0x5fff01

static gboolean add_serial(X509 *leaf, guint32 serial)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	guint8 *der = NULL;
	gboolean added;
	int size;

	ASN1_INTEGER_set_uint64(number, serial);
	size = i2d_ASN1_INTEGER(number, &der);
	added = size > 0 && rig_certificate_add_yubico(leaf, 7, der, (gsize)size);
	OPENSSL_free(der);
	ASN1_INTEGER_free(number);
	return added;
}

static gboolean add_extensions(const RigCard *card, const RigSlot *slot, X509 *leaf)
{
	const guint8 firmware[3] = { (card->firmware >> 16) & 0xff, (card->firmware >> 8) & 0xff,
				     card->firmware & 0xff };
	const guint8 policy[2] = { slot->pin_policy, slot->touch_policy };
	guint8 form_factor = card->form_factor | (card->fips ? 0x80 : 0);

	return rig_certificate_add_yubico(leaf, 3, firmware, sizeof(firmware)) &&
	       (card->hides_serial || add_serial(leaf, card->serial)) &&
	       rig_certificate_add_yubico(leaf, 8, policy, sizeof(policy)) &&
	       (card->form_factor == 0 || rig_certificate_add_yubico(leaf, 9, &form_factor, 1)) &&
	       (!card->fips || rig_certificate_add_yubico(leaf, 10, NULL, 0));
}

/* The certificate of f9, out of 70 LEN der 71 01 00 fe 00. */
static X509 *issuer_of(const RigCard *card)
{
	GBytes *content =
		g_hash_table_lookup(card->objects, GUINT_TO_POINTER(ATTESTATION_CERTIFICATE));
	RigSpan rest, der;
	guint32 tag;

	if (!content)
		return NULL;
	rest.data = g_bytes_get_data(content, &rest.size);
	if (!rig_tlv_next(&rest, &tag, &der) || tag != 0x70)
		return NULL;
	return d2i_X509(NULL, &der.data, (long)der.size);
}

guint16 rig_attest(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	const RigSlot *slot = rig_slot(card, command->p1), *signer = rig_slot(card, 0xf9);
	g_autofree char *name = g_strdup_printf("YubiKey PIV Attestation %02x", command->p1);
	guint16 word = RIG_INTERNAL;
	guint8 *der = NULL;
	X509 *issuer, *leaf;
	int size;

	if (command->p2 != 0 || !slot || slot == signer)
		return RIG_PARAMETERS;
	if (!slot->key || slot->origin != RIG_GENERATED || !signer->key)
		return RIG_DATA;
	issuer = issuer_of(card);
	if (!issuer)
		return RIG_DATA;
	leaf = rig_certificate_new(name, slot->key);
	if (leaf && X509_set_issuer_name(leaf, X509_get_subject_name(issuer)) == 1 &&
	    X509_set1_notBefore(leaf, X509_get0_notBefore(issuer)) == 1 &&
	    X509_set1_notAfter(leaf, X509_get0_notAfter(issuer)) == 1 &&
	    add_extensions(card, slot, leaf) && X509_sign(leaf, signer->key, EVP_sha256()) > 0 &&
	    (size = i2d_X509(leaf, &der)) > 0) {
		g_byte_array_append(answer, der, (guint)size);
		word = RIG_OK;
	}
	OPENSSL_free(der);
	X509_free(leaf);
	X509_free(issuer);
	return word;
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/attestation.h"
#include "token/tlv.h"

/*
 * What a PIV card says, taken apart: SP 800-73-4, part 2, and Yubico's additions (hardware-keys.md
 * 3.4). All of it is untrusted. @what says in errors what was being read. Unknown elements are
 * skipped where Yubico may add some (metadata), and refused elsewhere.
 */

/* Algorithms of keys; of management keys. */
enum {
	PV_PIV_P256 = 0x11,
	PV_PIV_P384 = 0x14,
	PV_PIV_3DES = 0x03,
	PV_PIV_AES128 = 0x08,
	PV_PIV_AES192 = 0x0a,
	PV_PIV_AES256 = 0x0c,
};

/* Bytes of a scalar, which are also those of the digest the card wants; 0: not an ECDSA key. */
gsize pv_piv_scalar_bytes(guint8 algorithm);

/* ECDSA's algorithm of a public key by the size of its encoding; 0: none that is known here. */
guint8 pv_piv_algorithm_of(const PvPublicKey *key);

/* GET VERSION, as 0x050403. */
gboolean pv_piv_read_version(PvTlv answer, guint32 *ret_version, GError **error);
gboolean pv_piv_read_serial(PvTlv answer, guint32 *ret_serial, GError **error);

/* METADATA of a slot. */
typedef struct {
	guint8 algorithm;
	guint8 origin; /* 1 generated, 2 imported; 0 if not told */
	PvPinPolicy pin;
	PvTouchPolicy touch;
	PvPublicKey *public; /* NULL: of an algorithm that is not known here */
} PvPivMetadata;

void pv_piv_metadata_clear(PvPivMetadata *metadata);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvPivMetadata, pv_piv_metadata_clear)

gboolean pv_piv_read_metadata(PvTlv answer, const char *what, PvPivMetadata *ret_metadata,
			      GError **error);

/* METADATA of PIN, PUK or management key: what is not told is 0, of tries -1. */
typedef struct {
	gboolean is_factory;
	int tries_max, tries_left;
	guint8 algorithm;
	PvTouchPolicy touch;
} PvPivReference;

gboolean pv_piv_read_reference(PvTlv answer, const char *what, PvPivReference *ret_reference,
			       GError **error);

/**
 * pv_piv_read_generated:
 *
 * Returns: (transfer full): the public key in the answer to GENERATE.
 */
PvPublicKey *pv_piv_read_generated(PvTlv answer, const char *what, guint8 algorithm,
				   GError **error);

/**
 * pv_piv_read_object:
 *
 * Content of a data object; empty if it holds nothing.
 */
gboolean pv_piv_read_object(PvTlv answer, const char *what, PvTlv *ret_content, GError **error);

/**
 * pv_piv_read_certificate:
 * @content: of a data object
 *
 * Returns: (transfer full): DER, not looked at. Errors: PV_ERROR_SYNTAX, PV_ERROR_UNSUPPORTED
 * (compressed).
 */
GBytes *pv_piv_read_certificate(PvTlv content, const char *what, GError **error);

/* (transfer full): content of a data object with a certificate. */
GByteArray *pv_piv_write_certificate(GBytes *der);

/**
 * pv_piv_read_signature:
 * @scalar_bytes: of the key's curve
 *
 * Returns: (transfer full): raw r||s of an ECDSA signature.
 */
GBytes *pv_piv_read_signature(PvTlv answer, const char *what, gsize scalar_bytes, GError **error);

/* A step of GENERAL AUTHENTICATE: the value of @tag, which has @size bytes. */
gboolean pv_piv_read_step(PvTlv answer, const char *what, guint32 tag, gsize size, PvTlv *ret_value,
			  GError **error);

/* Yubico's convention of a management key that is kept on the card under the PIN. */
#define PV_PIV_ADMIN     0x5fff00
#define PV_PIV_PROTECTED 0x5fc109 /* "printed information" */

/* Whether the admin object @content says that the management key is under the PIN. */
gboolean pv_piv_read_admin(PvTlv content, gboolean *ret_is_protected, GError **error);

/* @content of the protected object: the key's bytes. */
gboolean pv_piv_read_protected(PvTlv content, PvTlv *ret_key, GError **error);

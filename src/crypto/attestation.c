/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an attestation says (hardware-keys.md 2.2). Yubico's extensions are read by hand: they hold
 * raw bytes and no DER, but for the serial, and nothing about them may be doubtful, since a policy
 * believes them. Who signed the attestation is attestation_chain.c's to find out.
 */

#include "crypto/attestation.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/attestation_private.h"
#include "crypto/key_private.h"

#define SUBJECT          "YubiKey PIV Attestation "
#define OID_TEXT_SIZE    64
#define ASN1_INTEGER_TAG 0x02
#define SERIAL_BYTES_MAX 8 /* of which all but the last four must be 0 */
#define MARK_BYTES_MAX   16
#define FORM_FACTOR_FIPS 0x80

void pv_attestation_free(PvAttestation *attestation)
{
	if (!attestation)
		return;
	pv_public_key_unref(attestation->key);
	g_free(attestation->device);
	g_free(attestation->root);
	g_free(attestation);
}

X509 *pv_attestation_certificate(GBytes *der, const char *what, GError **error)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(der, &size), *at = data;
	X509 *certificate;

	if (size > PV_ATTESTATION_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: %zu bytes, at most %zu allowed",
				    what, size, PV_ATTESTATION_BYTES_MAX);
	certificate = size > 0 ? d2i_X509(NULL, &at, (long)size) : NULL;
	if (!certificate)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: no X.509 certificate: %s", what,
				    pv_crypto_reason());
	if (at != data + size) {
		X509_free(certificate);
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: %zu bytes after the certificate",
				    what, (gsize)(data + size - at));
	}
	if (X509_get_ext_count(certificate) > PV_ATTESTATION_EXTENSIONS_MAX) {
		X509_free(certificate);
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: more than %d extensions", what,
				    PV_ATTESTATION_EXTENSIONS_MAX);
	}
	return certificate;
}

static gboolean has_oid(const X509_EXTENSION *extension, const char *oid)
{
	char text[OID_TEXT_SIZE];

	return OBJ_obj2txt(text, sizeof text,
			   X509_EXTENSION_get_object((X509_EXTENSION *)extension), 1) > 0 &&
	       strcmp(text, oid) == 0;
}

const ASN1_OCTET_STRING *pv_attestation_extension(const X509 *certificate, const char *oid)
{
	for (int i = 0; i < X509_get_ext_count(certificate); i++) {
		X509_EXTENSION *extension = X509_get_ext(certificate, i);

		if (has_oid(extension, oid))
			return X509_EXTENSION_get_data(extension);
	}
	return NULL;
}

char *pv_attestation_subject(const X509 *certificate)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	guint8 *text = NULL;
	int length = at < 0 ? -1
			    : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
								 X509_NAME_get_entry(name, at)));
	char *copy;

	copy = length > 0 ? g_utf8_make_valid((const char *)text, length)
			  : g_strdup("a certificate without a name");
	OPENSSL_free(text);
	ERR_clear_error();
	return copy;
}

/* --- one extension each: the content of @bytes, which is @size bytes long ----------------- */

static char *hex_of(const guint8 *bytes, gsize size)
{
	GString *text = g_string_new(NULL);

	for (gsize i = 0; i < MIN(size, 16); i++)
		g_string_append_printf(text, "%s%02x", i ? " " : "", bytes[i]);
	return g_string_free(text, FALSE);
}

static gboolean fail_length(const char *what, const char *oid, gsize size, int expected,
			    GError **error)
{
	return pv_fail(error, PV_ERROR_SYNTAX,
		       "the attestation's %s has %zu bytes at extension %s, expected %d", what,
		       size, oid, expected);
}

static gboolean read_firmware(const guint8 *bytes, gsize size, PvAttestationFacts *facts,
			      GError **error)
{
	if (size != 3)
		return fail_length("firmware version", PV_ATTESTATION_FIRMWARE, size, 3, error);
	facts->firmware = PV_FIRMWARE(bytes[0], bytes[1], bytes[2]);
	return TRUE;
}

/*
 * 02 LENGTH NUMBER. Some devices always write four bytes or five, so leading zeros are no reason to
 * refuse; a first byte of 80 or more would be a negative number.
 */
static gboolean read_serial(const guint8 *bytes, gsize size, PvAttestationFacts *facts,
			    GError **error)
{
	g_autofree char *hex = hex_of(bytes, size);
	guint64 serial = 0;

	if (size < 3 || size > 2 + SERIAL_BYTES_MAX || bytes[0] != ASN1_INTEGER_TAG ||
	    bytes[1] != size - 2)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "the attestation's serial is no DER INTEGER at extension %s: "
			       "bytes %s of %zu",
			       PV_ATTESTATION_SERIAL, hex, size);
	if (bytes[2] & 0x80)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "the attestation's serial is negative at extension %s: bytes %s",
			       PV_ATTESTATION_SERIAL, hex);
	for (gsize i = 2; i < size; i++)
		serial = serial << 8 | bytes[i];
	if (serial > G_MAXUINT32)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "the attestation's serial is above 4294967295 at extension %s: "
			       "bytes %s",
			       PV_ATTESTATION_SERIAL, hex);
	facts->has_serial = TRUE;
	facts->serial = (guint32)serial;
	return TRUE;
}

static gboolean read_policy(const guint8 *bytes, gsize size, PvAttestationFacts *facts,
			    GError **error)
{
	if (size != 2)
		return fail_length("policy", PV_ATTESTATION_POLICY, size, 2, error);
	if (bytes[0] < PV_PIN_NEVER || bytes[0] > PV_PIN_MATCH_ALWAYS)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "the attestation's PIN policy byte %02x at extension %s is "
			       "unknown, expected 01 to 05",
			       bytes[0], PV_ATTESTATION_POLICY);
	if (bytes[1] < PV_TOUCH_NEVER || bytes[1] > PV_TOUCH_CACHED)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "the attestation's touch policy byte %02x at extension %s is "
			       "unknown, expected 01 to 03",
			       bytes[1], PV_ATTESTATION_POLICY);
	facts->pin = (PvPinPolicy)bytes[0];
	facts->touch = (PvTouchPolicy)bytes[1];
	return TRUE;
}

static gboolean read_form_factor(const guint8 *bytes, gsize size, PvAttestationFacts *facts,
				 GError **error)
{
	if (size != 1)
		return fail_length("form factor", PV_ATTESTATION_FORM_FACTOR, size, 1, error);
	facts->form_factor = bytes[0];
	facts->fips |= (bytes[0] & FORM_FACTOR_FIPS) != 0;
	return TRUE;
}

static gboolean read_mark(const char *what, const char *oid, gsize size, gboolean *ret_set,
			  GError **error)
{
	if (size > MARK_BYTES_MAX)
		return fail_length(what, oid, size, 0, error);
	*ret_set = TRUE;
	return TRUE;
}

static gboolean read_fips(const guint8 *bytes, gsize size, PvAttestationFacts *facts,
			  GError **error)
{
	return read_mark("FIPS mark", PV_ATTESTATION_FIPS, size, &facts->fips, error);
}

static gboolean read_cspn(const guint8 *bytes, gsize size, PvAttestationFacts *facts,
			  GError **error)
{
	return read_mark("CSPN mark", PV_ATTESTATION_CSPN, size, &facts->cspn, error);
}

static const struct {
	const char *oid;
	gboolean is_required;
	gboolean (*read)(const guint8 *bytes, gsize size, PvAttestationFacts *facts,
			 GError **error);
} extensions[] = {
	{ PV_ATTESTATION_FIRMWARE, TRUE, read_firmware },
	{ PV_ATTESTATION_SERIAL, FALSE, read_serial },
	{ PV_ATTESTATION_POLICY, TRUE, read_policy },
	{ PV_ATTESTATION_FORM_FACTOR, FALSE, read_form_factor },
	{ PV_ATTESTATION_FIPS, FALSE, read_fips },
	{ PV_ATTESTATION_CSPN, FALSE, read_cspn },
};

static gboolean read_extensions(const X509 *leaf, PvAttestationFacts *facts, GError **error)
{
	guint seen = 0;

	for (int i = 0; i < X509_get_ext_count(leaf); i++) {
		X509_EXTENSION *extension = X509_get_ext(leaf, i);
		const ASN1_OCTET_STRING *content = X509_EXTENSION_get_data(extension);
		guint row = 0;

		while (row < G_N_ELEMENTS(extensions) && !has_oid(extension, extensions[row].oid))
			row++;
		if (row == G_N_ELEMENTS(extensions))
			continue;
		if (seen & 1U << row)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "the attestation has extension %s twice",
				       extensions[row].oid);
		seen |= 1U << row;
		if (!extensions[row].read(ASN1_STRING_get0_data(content),
					  (gsize)ASN1_STRING_length(content), facts, error))
			return FALSE;
	}
	for (guint row = 0; row < G_N_ELEMENTS(extensions); row++) {
		if (extensions[row].is_required && !(seen & 1U << row))
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "the attestation lacks extension %s (%s)",
				       extensions[row].oid,
				       row == 0 ? "firmware version" : "PIN and touch policy");
	}
	return TRUE;
}

/* "YubiKey PIV Attestation 9c"; 0 if it is no such slot. */
static guint8 slot_of(const X509 *leaf)
{
	g_autofree char *subject = pv_attestation_subject(leaf);
	const char *digits = subject + strlen(SUBJECT);
	int high, low, slot;

	if (!g_str_has_prefix(subject, SUBJECT) || strlen(digits) != 2)
		return 0;
	high = g_ascii_xdigit_value(digits[0]);
	low = g_ascii_xdigit_value(digits[1]);
	slot = high < 0 || low < 0 ? 0 : high << 4 | low;
	return slot == 0x9a || (slot >= 0x9c && slot <= 0x9e) || (slot >= 0x82 && slot <= 0x95)
		       ? (guint8)slot
		       : 0;
}

PvAttestation *pv_attestation_read(X509 *leaf, GError **error)
{
	g_autoptr(PvAttestation) attestation = g_new0(PvAttestation, 1);
	EVP_PKEY *pkey = X509_get0_pubkey(leaf);

	if (X509_get_version(leaf) != X509_VERSION_3)
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "the attestation is an X.509 certificate of version %ld, "
				    "expected 3",
				    X509_get_version(leaf) + 1);
	if (!read_extensions(leaf, &attestation->facts, error))
		return NULL;
	if (!pkey)
		return pv_fail_null(error, PV_ERROR_KEY, "the attestation has no usable key: %s",
				    pv_crypto_reason());
	attestation->key = pv_public_key_of_pkey(pkey, error);
	if (!attestation->key) {
		pv_fail_wrap(error, "the attestation");
		return NULL;
	}
	attestation->facts.slot = slot_of(leaf);
	return g_steal_pointer(&attestation);
}

PvAttestation *pv_attestation_read_unverified(GBytes *leaf, GError **error)
{
	X509 *certificate = pv_attestation_certificate(leaf, "the attestation", error);
	PvAttestation *attestation;

	if (!certificate)
		return NULL;
	attestation = pv_attestation_read(certificate, error);
	X509_free(certificate);
	return attestation;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From an attestation to a root that is believed (hardware-keys.md 2.3). The chain is walked by hand:
 * some YubiKeys 4 have a device certificate without basicConstraints, which OpenSSL's own walk would
 * refuse, and allowing that everywhere would make each attested key a maker of devices. Hence: only
 * the device's certificate may lack them, it must not be an attestation itself, and what stands above
 * it comes from the configured set alone, never from who shows the attestation.
 */

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/attestation_private.h"
#include "crypto/key_private.h"

#define CHAIN_LENGTH 2 /* attestation, device */
#define PEM_NAME     "CERTIFICATE"

GPtrArray *pv_attestation_chain_parse(GBytes *pem, GError **error)
{
	g_autoptr(GPtrArray) chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	gsize size;
	const void *text = g_bytes_get_data(pem, &size);
	char *name, *header;
	guint8 *data;
	long length;
	guint blocks = 0, others = 0;
	BIO *bio;

	if (size > PV_ATTESTATION_FILE_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "attestation: %zu bytes of PEM, at most %zu allowed", size,
				    PV_ATTESTATION_FILE_BYTES_MAX);
	bio = BIO_new_mem_buf(text ? text : "", (int)size);
	while (blocks <= CHAIN_LENGTH && PEM_read_bio(bio, &name, &header, &data, &length) == 1) {
		blocks++;
		if (strcmp(name, PEM_NAME) != 0 || *header)
			others++;
		g_ptr_array_add(chain, g_bytes_new(data, (gsize)length));
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (blocks != CHAIN_LENGTH || others > 0)
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "attestation: expected two PEM certificates, the attestation "
				    "and its device's, found %s%u block%s",
				    others                  ? "others in "
				    : blocks > CHAIN_LENGTH ? "at least "
							    : "",
				    blocks, blocks == 1 ? "" : "s");
	return g_steal_pointer(&chain);
}

GBytes *pv_attestation_chain_write(const GPtrArray *chain)
{
	BIO *bio = BIO_new(BIO_s_mem());
	GBytes *pem;
	char *text;
	long length;

	for (guint i = 0; i < chain->len; i++) {
		gsize size;
		const guint8 *der = g_bytes_get_data(chain->pdata[i], &size);

		PEM_write_bio(bio, PEM_NAME, "", der, (long)size);
	}
	length = BIO_get_mem_data(bio, &text);
	pem = g_bytes_new(text, (gsize)length);
	BIO_free(bio);
	return pem;
}

/* --- one certificate ---------------------------------------------------------------------- */

static void format_time(const ASN1_TIME *time, char *ret_text)
{
	PvTime moment = { 0, 0 };
	struct tm utc;

	if (ASN1_TIME_to_tm(time, &utc) == 1)
		moment.seconds = (gint64)timegm(&utc);
	pv_time_format(moment, ret_text);
}

static gboolean check_dates(const X509 *certificate, const char *what, PvTime now, GError **error)
{
	const ASN1_TIME *from = X509_get0_notBefore(certificate),
			*until = X509_get0_notAfter(certificate);
	time_t at = (time_t)now.seconds;
	char first[PV_TIME_TEXT_SIZE], last[PV_TIME_TEXT_SIZE];

	if (X509_cmp_time(from, &at) < 0 && X509_cmp_time(until, &at) > 0)
		return TRUE;
	format_time(from, first);
	format_time(until, last);
	return pv_fail(error, PV_ERROR_EXPIRED, "%s is valid from %s to %s only", what, first,
		       last);
}

static gboolean check_method(const X509 *certificate, const char *what, GError **error)
{
	int method = X509_get_signature_nid(certificate), hash = NID_undef, key = NID_undef;

	if (OBJ_find_sigid_algs(method, &hash, &key) == 1 &&
	    (hash == NID_sha256 || hash == NID_sha384 || hash == NID_sha512))
		return TRUE;
	return pv_fail(error, PV_ERROR_UNSUPPORTED,
		       "%s is signed with %s, expected RSA or ECDSA with SHA-256, SHA-384 or "
		       "SHA-512",
		       what, OBJ_nid2ln(method));
}

static gboolean check_extensions(X509 *certificate, const char *what, GError **error)
{
	guint32 flags = X509_get_extension_flags(certificate);

	if (flags & EXFLAG_INVALID)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s has an extension that is not valid",
			       what);
	if (flags & EXFLAG_CRITICAL)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s has a critical extension that is not known here", what);
	return TRUE;
}

/* @below: how many authorities' certificates stand between it and the attestation. */
static gboolean check_authority(X509 *certificate, const char *what, guint below,
				gboolean may_be_silent, GError **error)
{
	guint32 flags = X509_get_extension_flags(certificate);
	long path_length = X509_get_pathlen(certificate);

	if (!(flags & EXFLAG_BCONS) && !may_be_silent)
		return pv_fail(error, PV_ERROR_ROOT,
			       "%s does not say that it is an authority's: no basicConstraints",
			       what);
	if ((flags & EXFLAG_BCONS) && !(flags & EXFLAG_CA))
		return pv_fail(error, PV_ERROR_ROOT,
			       "%s says that it is no authority's: basicConstraints CA:FALSE",
			       what);
	if (path_length >= 0 && (guint)path_length < below)
		return pv_fail(error, PV_ERROR_ROOT,
			       "%s allows %ld authorities below it (basicConstraints pathlen), "
			       "there are %u",
			       what, path_length, below);
	if (!(X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN))
		return pv_fail(error, PV_ERROR_ROOT,
			       "%s must not sign certificates: keyUsage without keyCertSign", what);
	return TRUE;
}

static gboolean is_issued_by(X509 *certificate, const X509 *issuer)
{
	gboolean good = X509_NAME_cmp(X509_get_issuer_name(certificate),
				      X509_get_subject_name(issuer)) == 0 &&
			X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;

	ERR_clear_error();
	return good;
}

/* --- upwards ------------------------------------------------------------------------------ */

typedef struct {
	X509 *certificate;
	guint above; /* how far it is above the device's */
} Step;

/* The way up: a list of steps still to take, and why those that ended did. */
typedef struct {
	const PvAttestationRoots *set;
	PvTime now;
	GArray *steps; /* of Step */
	GError *failure;
} Climb;

/* TRUE: @root is one to believe. */
static gboolean accept_root(Climb *climb, X509 *root)
{
	g_autofree char *name = pv_attestation_subject(root);
	g_autofree char *what = g_strdup_printf("the attestation root %s", name);
	guint32 flags = X509_get_extension_flags(root);

	g_clear_error(&climb->failure);
	if ((flags & EXFLAG_BCONS) && !(flags & EXFLAG_CA))
		return pv_fail(&climb->failure, PV_ERROR_ROOT,
			       "%s says that it is no authority's: basicConstraints CA:FALSE",
			       what);
	return check_dates(root, what, climb->now, &climb->failure);
}

static gboolean is_known_step(const Climb *climb, const X509 *certificate)
{
	for (guint i = 0; i < climb->steps->len; i++) {
		if (g_array_index(climb->steps, Step, i).certificate == certificate)
			return TRUE;
	}
	return FALSE;
}

static void add_intermediates(Climb *climb, const Step *from)
{
	for (guint i = 0; i < climb->set->intermediates->len; i++) {
		X509 *certificate = climb->set->intermediates->pdata[i];
		Step step = { certificate, from->above + 1 };
		g_autofree char *name = NULL, *what = NULL;

		if (is_known_step(climb, certificate) ||
		    !is_issued_by(from->certificate, certificate))
			continue;
		name = pv_attestation_subject(certificate);
		what = g_strdup_printf("the intermediate certificate %s", name);
		g_clear_error(&climb->failure);
		if (check_method(certificate, what, &climb->failure) &&
		    check_extensions(certificate, what, &climb->failure) &&
		    check_authority(certificate, what, step.above, FALSE, &climb->failure) &&
		    check_dates(certificate, what, climb->now, &climb->failure))
			g_array_append_val(climb->steps, step);
	}
}

/* Breadth first, each certificate once: bounded by their number. */
static X509 *climb_up(Climb *climb, X509 *device)
{
	Step step = { device, 0 };

	g_array_append_val(climb->steps, step);
	for (guint i = 0; i < climb->steps->len; i++) {
		step = g_array_index(climb->steps, Step, i);
		for (guint k = 0; k < climb->set->roots->len; k++) {
			X509 *root = climb->set->roots->pdata[k];

			if (is_issued_by(step.certificate, root) && accept_root(climb, root))
				return root;
		}
		if (step.above + 1 < PV_ATTESTATION_CHAIN_MAX)
			add_intermediates(climb, &step);
	}
	return NULL;
}

/* (transfer none): the root that @device leads to. */
static X509 *find_root(X509 *device, const PvAttestationRoots *roots, PvTime now, GError **error)
{
	Climb climb = { .set = roots, .now = now };
	g_autofree char *issuer = NULL;
	X509 *root;

	climb.steps = g_array_new(FALSE, FALSE, sizeof(Step));
	root = climb_up(&climb, device);
	g_array_unref(climb.steps);
	if (root) {
		g_clear_error(&climb.failure);
		return root;
	}
	if (climb.failure) {
		g_propagate_error(error, climb.failure);
		return NULL;
	}
	issuer = X509_NAME_oneline(X509_get_issuer_name(device), NULL, 0);
	return pv_fail_null(error, PV_ERROR_ROOT,
			    "the device's certificate is issued by %.200s, which leads to none of "
			    "the %u attestation roots and intermediates known here",
			    issuer, pv_attestation_roots_count(roots));
}

/* --- the whole ---------------------------------------------------------------------------- */

static gboolean check_leaf(X509 *leaf, X509 *device, PvTime now, GError **error)
{
	const char *what = "the attestation";

	if (!check_extensions(leaf, what, error) || !check_method(leaf, what, error))
		return FALSE;
	if (X509_get_extension_flags(leaf) & EXFLAG_CA)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "the attestation says that it is an authority's: basicConstraints "
			       "CA:TRUE");
	if (!is_issued_by(leaf, device))
		return pv_fail(error, PV_ERROR_SIGNATURE,
			       "the attestation is not signed by the device whose certificate "
			       "comes with it");
	return check_dates(leaf, what, now, error);
}

/* (transfer full): the id of the device's key. */
static char *check_device(X509 *device, PvTime now, GError **error)
{
	const char *what = "the device's certificate";
	EVP_PKEY *pkey = X509_get0_pubkey(device);
	g_autoptr(PvPublicKey) key = NULL;

	if (pv_attestation_extension(device, PV_ATTESTATION_POLICY))
		return pv_fail_null(error, PV_ERROR_ROOT,
				    "%s is itself the attestation of a key: it has extension %s",
				    what, PV_ATTESTATION_POLICY);
	if (!pkey)
		return pv_fail_null(error, PV_ERROR_KEY, "%s has no usable key: %s", what,
				    pv_crypto_reason());
	key = pv_public_key_of_pkey(pkey, error);
	if (!key) {
		pv_fail_wrap(error, "%s", what);
		return NULL;
	}
	if (!check_extensions(device, what, error) || !check_method(device, what, error) ||
	    !check_authority(device, what, 0, TRUE, error) ||
	    !check_dates(device, what, now, error))
		return NULL;
	return g_strdup(pv_public_key_id(key));
}

static PvAttestation *verify(X509 *leaf, X509 *device, const PvPublicKey *key,
			     const PvAttestationRoots *roots, PvTime now, GError **error)
{
	g_autoptr(PvAttestation) attestation = pv_attestation_read(leaf, error);
	X509 *root;

	if (!attestation)
		return NULL;
	attestation->device = check_device(device, now, error);
	if (!attestation->device || !check_leaf(leaf, device, now, error))
		return NULL;
	root = find_root(device, roots, now, error);
	if (!root)
		return NULL;
	attestation->root = pv_attestation_subject(root);
	if (!pv_public_key_same(attestation->key, key))
		return pv_fail_null(error, PV_ERROR_MIX,
				    "the attestation is of another key, %.12s: its public key is "
				    "not that of %.12s",
				    pv_public_key_id(attestation->key),
				    pv_public_key_canonical_id(key));
	return g_steal_pointer(&attestation);
}

PvAttestation *pv_attestation_verify(const GPtrArray *chain, const PvPublicKey *key,
				     const PvAttestationRoots *roots, PvTime now, GError **error)
{
	PvAttestation *attestation = NULL;
	X509 *leaf, *device;

	if (chain->len != CHAIN_LENGTH)
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "attestation: %u certificates, expected the attestation and "
				    "its device's",
				    chain->len);
	leaf = pv_attestation_certificate(chain->pdata[0], "the attestation", error);
	device = leaf ? pv_attestation_certificate(chain->pdata[1], "the device's certificate",
						   error)
		      : NULL;
	if (device)
		attestation = verify(leaf, device, key, roots, now, error);
	X509_free(device);
	X509_free(leaf);
	return attestation;
}

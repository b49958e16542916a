/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

EVP_PKEY *maker_key(const char *kind)
{
	static GHashTable *keys;
	EVP_PKEY *key;

	if (!keys)
		keys = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					     (GDestroyNotify)EVP_PKEY_free);
	key = g_hash_table_lookup(keys, kind);
	if (key)
		return key;
	if (g_str_has_prefix(kind, "RSA-"))
		key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA",
					(size_t)g_ascii_strtoull(kind + 4, NULL, 10));
	else if (g_str_has_prefix(kind, "Ed25519"))
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else /* "P-256 slot": a name behind the curve makes another key */
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC",
					g_str_has_prefix(kind, "P-384") ? "P-384" : "P-256");
	g_assert_nonnull(key);
	g_hash_table_insert(keys, (void *)kind, key);
	return key;
}

static void add_text(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	if (!value)
		return;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	g_assert_nonnull(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

/* "!OID" is a critical one. */
static void add_raw(X509 *certificate, const MakerExtension *raw)
{
	ASN1_OBJECT *object = OBJ_txt2obj(raw->oid + (*raw->oid == '!'), 1);
	ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	ASN1_OCTET_STRING_set(content, (const guint8 *)raw->bytes, raw->size);
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, *raw->oid == '!', content);
	g_assert_cmpint(X509_add_ext(certificate, extension, -1), ==, 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(content);
	ASN1_OBJECT_free(object);
}

X509 *maker_certificate(const MakerOrder *order)
{
	X509 *made = X509_new();
	X509_NAME *name = X509_get_subject_name(made);
	gboolean usual = order->from_days == 0 && order->until_days == 0;

	X509_set_version(made, order->version ? order->version - 1 : X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made), 7);
	if (order->subject)
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
					   (const guint8 *)order->subject, -1, -1, 0);
	X509_set_pubkey(made, order->key);
	X509_set_issuer_name(made, order->issuer ? X509_get_subject_name(order->issuer) : name);
	X509_time_adj_ex(X509_getm_notBefore(made), usual ? -365 : order->from_days, 0, NULL);
	X509_time_adj_ex(X509_getm_notAfter(made), usual ? 7300 : order->until_days, 0, NULL);
	add_text(made, NID_basic_constraints, order->constraints);
	add_text(made, NID_key_usage, order->usage);
	for (const MakerExtension *raw = order->extensions; raw && raw->oid; raw++)
		add_raw(made, raw);
	g_assert_cmpint(X509_sign(made, order->issuer_key ? order->issuer_key : order->key,
				  order->hash ? order->hash : EVP_sha256()),
			>, 0);
	return made;
}

GBytes *maker_der(X509 *certificate)
{
	guint8 *der = NULL;
	int size = i2d_X509(certificate, &der);
	GBytes *bytes = g_bytes_new(der, (gsize)size);

	OPENSSL_free(der);
	return bytes;
}

GBytes *maker_pem(X509 *certificate)
{
	g_autoptr(GPtrArray) one = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

	g_ptr_array_add(one, maker_der(certificate));
	return pv_attestation_chain_write(one);
}

static const MakerExtension usual_extensions[] = {
	{ PV_ATTESTATION_FIRMWARE, "\x05\x07\x01", 3 },
	{ PV_ATTESTATION_SERIAL, "\x02\x03\x40\xbb\xf8", 5 },
	{ PV_ATTESTATION_POLICY, "\x02\x02", 2 },
	{ PV_ATTESTATION_FORM_FACTOR, "\x01", 1 },
	{ NULL },
};

void maker_begin(Maker *maker)
{
	*maker = (Maker){
		.root = { .subject = "Maker Root 1", .constraints = "critical,CA:TRUE,pathlen:1" },
		.intermediate = { .subject = "Maker Intermediate A",
				  .constraints = "critical,CA:TRUE,pathlen:1",
				  .usage = "critical,keyCertSign" },
		.device = { .subject = "Yubico PIV Attestation",
			    .constraints = "critical,CA:TRUE,pathlen:0" },
		.leaf = { .subject = "YubiKey PIV Attestation 9c", .extensions = usual_extensions },
	};
	maker->root.key = maker_key("RSA-2048 root");
	maker->intermediate.key = maker_key("P-384 intermediate");
	maker->device.key = maker_key("RSA-2048 device");
	maker->leaf.key = maker_key("P-256 slot");
}

static void append(GByteArray *to, GBytes *bytes)
{
	g_byte_array_append(to, g_bytes_get_data(bytes, NULL), (guint)g_bytes_get_size(bytes));
	g_bytes_unref(bytes);
}

static PvPublicKey *public_of(EVP_PKEY *pkey)
{
	guint8 *der = NULL, raw[32];
	size_t size = sizeof raw;
	int length;
	PvPublicKey *key;

	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		EVP_PKEY_get_raw_public_key(pkey, raw, &size);
		return pv_public_key_new("ed25519", raw, size, NULL);
	}
	length = i2d_PUBKEY(pkey, &der);
	key = pv_public_key_new(EVP_PKEY_is_a(pkey, "EC") ? "ecdsa" : "rsa", der, (gsize)length,
				NULL);
	OPENSSL_free(der);
	return key;
}

void maker_build(Maker *maker)
{
	X509 *root = maker_certificate(&maker->root), *intermediate = NULL, *device, *leaf;
	GByteArray *roots = g_byte_array_new();

	append(roots, maker_pem(root));
	if (maker->has_intermediate) {
		maker->intermediate.issuer = root;
		maker->intermediate.issuer_key = maker->root.key;
		intermediate = maker_certificate(&maker->intermediate);
		append(roots, maker_pem(intermediate));
	}
	maker->device.issuer = intermediate ? intermediate : root;
	if (!maker->device.issuer_key)
		maker->device.issuer_key = intermediate ? maker->intermediate.key : maker->root.key;
	device = maker_certificate(&maker->device);
	maker->leaf.issuer = device;
	if (!maker->leaf.issuer_key)
		maker->leaf.issuer_key = maker->device.key;
	leaf = maker_certificate(&maker->leaf);
	maker->chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_ptr_array_add(maker->chain, maker_der(leaf));
	g_ptr_array_add(maker->chain, maker_der(device));
	maker->roots = g_byte_array_free_to_bytes(roots);
	maker->key = public_of(maker->leaf.key);
	X509_free(leaf);
	X509_free(device);
	X509_free(intermediate);
	X509_free(root);
}

void maker_clear(Maker *maker)
{
	g_clear_pointer(&maker->chain, g_ptr_array_unref);
	g_clear_pointer(&maker->roots, g_bytes_unref);
	g_clear_pointer(&maker->key, pv_public_key_unref);
}

PvAttestation *maker_verify(Maker *maker, GError **error)
{
	g_autoptr(PvAttestationRoots) roots = pv_attestation_roots_new();

	maker_build(maker);
	if (!pv_attestation_roots_add(roots, maker->roots, "roots.pem", error))
		return NULL;
	return pv_attestation_verify(maker->chain, maker->key, roots, pv_time_now(), error);
}

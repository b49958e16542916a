/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Private key files in Notary's layout (trust.md 3.1): a PEM block whose headers name repository
 * and role, around an EncryptedPrivateKeyInfo. PEM with such headers is not RFC 7468, so the frame
 * is read and written here; everything inside is OpenSSL's.
 */

#include "crypto/keyfile.h"

#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/key_private.h"

#define BEGIN               "-----BEGIN "
#define DASHES              "-----"
#define ENCRYPTED_LABEL     "ENCRYPTED PRIVATE KEY"
#define SALT_BYTES          8
#define OLD_ED25519_OID     "1.3.6.1.4.1.11591.15.1"
#define OLD_ED25519_SIZE    96 /* public, seed, public */
#define ED25519_SEED_OFFSET 32
#define ED25519_SEED_SIZE   32
#define BASE64_LINE         64

/* --- the frame ------------------------------------------------------------------------------ */

static void set_header(PvKeyFile *file, const char *name, const char *value)
{
	char **field = g_str_equal(name, "gun")        ? &file->gun
		       : g_str_equal(name, "path")     ? &file->path
		       : g_str_equal(name, "role")     ? &file->role
		       : g_str_equal(name, "DEK-Info") ? &file->dek_info
						       : NULL;

	if (field) {
		g_free(*field);
		*field = g_strdup(value);
	}
}

/* The lines between BEGIN and END: headers up to an empty line, if there are any, then base64. */
static gboolean read_lines(PvKeyFile *file, char **lines, GError **error)
{
	g_autoptr(GString) base64 = g_string_new(NULL);
	gboolean in_headers = lines[0] && strchr(lines[0], ':');
	guchar *body;
	gsize size;

	for (; *lines; lines++) {
		char *line = g_strstrip(*lines), *colon = strchr(line, ':');

		if (in_headers && colon) {
			*colon = '\0';
			set_header(file, line, g_strstrip(colon + 1));
		} else if (in_headers && *line == '\0') {
			in_headers = FALSE;
		} else if (in_headers) {
			return pv_fail(error, PV_ERROR_KEY,
				       "key file: a header line without a colon");
		} else {
			g_string_append(base64, line);
		}
	}
	if (base64->len == 0 || base64->len % 4 != 0 ||
	    strspn(base64->str,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") !=
		    base64->len)
		return pv_fail(error, PV_ERROR_KEY, "key file: its content is not base64");
	body = g_base64_decode(base64->str, &size);
	file->body = g_bytes_new_with_free_func(body, size, (GDestroyNotify)g_free, body);
	return TRUE;
}

PvKeyFile *pv_key_file_parse(const char *text, gsize size, GError **error)
{
	g_autoptr(PvKeyFile) file = g_new0(PvKeyFile, 1);
	g_autofree char *block = NULL, *end_line = NULL;
	g_auto(GStrv) lines = NULL;
	char *begin, *label_end, *end;

	if (size > PV_KEY_FILE_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "key file: %zu bytes, at most %zu allowed", size,
				    PV_KEY_FILE_BYTES_MAX);
	block = g_strndup(text, size);
	begin = strstr(block, BEGIN);
	label_end = begin ? strstr(begin + strlen(BEGIN), DASHES "\n") : NULL;
	if (!label_end)
		label_end = begin ? strstr(begin + strlen(BEGIN), DASHES "\r\n") : NULL;
	if (!label_end)
		return pv_fail_null(error, PV_ERROR_KEY, "key file: no PEM block");
	file->label = g_strndup(begin + strlen(BEGIN), (gsize)(label_end - begin) - strlen(BEGIN));
	if (!g_str_has_suffix(file->label, "PRIVATE KEY"))
		return pv_fail_null(error, PV_ERROR_KEY,
				    "key file: a PEM block that is not a private key");
	end_line = g_strdup_printf("-----END %s-----", file->label);
	begin = strchr(label_end, '\n') + 1;
	end = strstr(begin, end_line);
	if (!end)
		return pv_fail_null(error, PV_ERROR_KEY, "key file: the PEM block has no end");
	*end = '\0';
	lines = g_strsplit(begin, "\n", -1);
	if (!read_lines(file, lines, error))
		return NULL;
	file->encrypted = g_str_equal(file->label, ENCRYPTED_LABEL) || file->dek_info;
	return g_steal_pointer(&file);
}

PvKeyFile *pv_key_file_read(const char *path, GError **error)
{
	g_autoptr(GBytes) bytes = pv_file_read(path, PV_KEY_FILE_BYTES_MAX, error);
	PvKeyFile *file;
	const char *text;
	gsize size;

	if (!bytes)
		return NULL;
	text = g_bytes_get_data(bytes, &size);
	file = pv_key_file_parse(text ? text : "", size, error);
	if (!file)
		pv_fail_wrap(error, "%s", path);
	return file;
}

void pv_key_file_free(PvKeyFile *file)
{
	if (!file)
		return;
	g_free(file->gun);
	g_free(file->path);
	g_free(file->role);
	g_free(file->label);
	g_free(file->dek_info);
	if (file->body) {
		gsize size;
		void *body = (void *)g_bytes_get_data(file->body, &size);

		/* It may be a key in the clear. */
		OPENSSL_cleanse(body, size);
		g_bytes_unref(file->body);
	}
	g_free(file);
}

/* --- reading -------------------------------------------------------------------------------- */

static PvPrivateKey *of_old_ed25519(const guint8 *bytes, gsize size, GError **error)
{
	EVP_PKEY *pkey = NULL;
	g_autoptr(PvPrivateKey) key = NULL;
	GBytes *public;

	if (size == OLD_ED25519_SIZE)
		pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
						    bytes + ED25519_SEED_OFFSET, ED25519_SEED_SIZE);
	if (!pkey)
		return pv_fail_null(error, PV_ERROR_KEY, "key: ed25519 of %zu bytes, expected %d",
				    size, OLD_ED25519_SIZE);
	key = pv_private_key_of_pkey(pkey, error);
	if (!key)
		return NULL;
	public = pv_public_key_encoded(key->public);
	if (memcmp(g_bytes_get_data(public, NULL), bytes, ED25519_SEED_OFFSET) != 0)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "key: ed25519 whose halves do not belong together");
	return g_steal_pointer(&key);
}

static PvPrivateKey *of_pkcs8(PKCS8_PRIV_KEY_INFO *info, GError **error)
{
	const ASN1_OBJECT *oid;
	const guint8 *inner;
	int size;
	char name[64];
	EVP_PKEY *pkey;

	if (PKCS8_pkey_get0(&oid, &inner, &size, NULL, info) == 1 &&
	    OBJ_obj2txt(name, sizeof(name), oid, 1) > 0 && g_str_equal(name, OLD_ED25519_OID))
		return of_old_ed25519(inner, (gsize)size, error);
	pkey = EVP_PKCS82PKEY(info);
	if (!pkey)
		return pv_fail_null(error, PV_ERROR_KEY, "key: not a private key we know: %s",
				    pv_crypto_reason());
	return pv_private_key_of_pkey(pkey, error);
}

PvPrivateKey *pv_private_key_new_der(const guint8 *der, gsize size, GError **error)
{
	const guint8 *at = der;
	PKCS8_PRIV_KEY_INFO *info;
	EVP_PKEY *pkey;

	if (size == OLD_ED25519_SIZE && der[0] != 0x30)
		return of_old_ed25519(der, size, error);
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)size);
	if (info) {
		PvPrivateKey *key = of_pkcs8(info, error);

		PKCS8_PRIV_KEY_INFO_free(info);
		return key;
	}
	at = der;
	pkey = d2i_AutoPrivateKey(NULL, &at, (long)size);
	if (!pkey)
		return pv_fail_null(error, PV_ERROR_KEY, "key: neither PKCS#8, SEC1 nor PKCS#1: %s",
				    pv_crypto_reason());
	return pv_private_key_of_pkey(pkey, error);
}

/* A file must not make us derive for hours: PBES2 with PBKDF2 and a bounded count only. */
static gboolean check_iterations(const X509_SIG *sealed, GError **error)
{
	const X509_ALGOR *algorithm;
	const ASN1_OBJECT *oid;
	const void *parameter = NULL;
	int type = V_ASN1_UNDEF;
	PBE2PARAM *pbe = NULL;
	PBKDF2PARAM *kdf = NULL;
	gint64 count = -1;

	X509_SIG_get0(sealed, &algorithm, NULL);
	X509_ALGOR_get0(&oid, &type, &parameter, algorithm);
	if (OBJ_obj2nid(oid) == NID_pbes2 && type == V_ASN1_SEQUENCE)
		pbe = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
	if (pbe && OBJ_obj2nid(pbe->keyfunc->algorithm) == NID_id_pbkdf2)
		kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM),
						pbe->keyfunc->parameter);
	if (!kdf || ASN1_INTEGER_get_int64(&count, kdf->iter) != 1)
		count = -1;
	PBKDF2PARAM_free(kdf);
	PBE2PARAM_free(pbe);
	ERR_clear_error();
	if (count < 1)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "key file: not encrypted by PBES2 with PBKDF2");
	if (count > PV_PBKDF2_ITERATIONS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "key file: %" G_GINT64_FORMAT
			       " PBKDF2 iterations, at most %d allowed",
			       count, PV_PBKDF2_ITERATIONS_MAX);
	return TRUE;
}

static PvPrivateKey *open_pbes2(const PvKeyFile *file, const PvSecret *passphrase, GError **error)
{
	gsize size;
	const guint8 *der = g_bytes_get_data(file->body, &size);
	X509_SIG *sealed = d2i_X509_SIG(NULL, &der, (long)size);
	PKCS8_PRIV_KEY_INFO *info = NULL;
	PvPrivateKey *key = NULL;

	if (!sealed) {
		ERR_clear_error();
		return pv_fail_null(error, PV_ERROR_KEY,
				    "key file: not an EncryptedPrivateKeyInfo");
	}
	if (check_iterations(sealed, error)) {
		info = PKCS8_decrypt(sealed, passphrase->data, (int)passphrase->size);
		if (info)
			key = of_pkcs8(info, error);
		else
			pv_fail(error, PV_ERROR_PASSPHRASE, "the passphrase is wrong");
	}
	ERR_clear_error();
	PKCS8_PRIV_KEY_INFO_free(info);
	X509_SIG_free(sealed);
	return key;
}

static int give_passphrase(char *buffer, int size, int writing, void *data)
{
	const PvSecret *passphrase = data;
	int length = (int)MIN(passphrase->size, (gsize)size);

	memcpy(buffer, passphrase->data, (gsize)length);
	return length;
}

/* OpenSSL's own encryption of before PKCS#8: "DEK-Info: AES-256-CBC,…". */
static PvPrivateKey *open_legacy(const PvKeyFile *file, const PvSecret *passphrase, GError **error)
{
	g_autofree char *header =
		g_strdup_printf("Proc-Type: 4,ENCRYPTED\nDEK-Info: %s\n", file->dek_info);
	gsize size = g_bytes_get_size(file->body);
	g_autoptr(PvSecret) body = pv_secret_new_copy(g_bytes_get_data(file->body, NULL), size);
	EVP_CIPHER_INFO cipher;
	long length = (long)size;
	PvPrivateKey *key;

	if (!PEM_get_EVP_CIPHER_INFO(header, &cipher)) {
		ERR_clear_error();
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED, "key file: cannot decrypt '%.64s'",
				    file->dek_info);
	}
	key = PEM_do_header(&cipher, (guint8 *)body->data, &length, give_passphrase,
			    (void *)passphrase)
		      ? pv_private_key_new_der((const guint8 *)body->data, (gsize)length, NULL)
		      : NULL;
	ERR_clear_error();
	/* This form has no check of its own: garbage after decryption is a wrong passphrase. */
	return key ? key : pv_fail_null(error, PV_ERROR_PASSPHRASE, "the passphrase is wrong");
}

PvPrivateKey *pv_key_file_open(const PvKeyFile *file, const PvSecret *passphrase, GError **error)
{
	gsize size;
	const guint8 *der = g_bytes_get_data(file->body, &size);

	if (!file->encrypted)
		return pv_private_key_new_der(der, size, error);
	if (!passphrase)
		return pv_fail_null(error, PV_ERROR_PASSPHRASE, "the key file is encrypted");
	return file->dek_info ? open_legacy(file, passphrase, error)
			      : open_pbes2(file, passphrase, error);
}

/* --- writing -------------------------------------------------------------------------------- */

/* The inner form of the key, in OpenSSL's memory: SEC1, PKCS#1, or Notary's 96 bytes. */
static gboolean inner_form(const PvPrivateKey *key, guint8 **ret_bytes, gsize *ret_size)
{
	OSSL_ENCODER_CTX *encoder;
	gboolean done;

	if (key->public->kind == PV_KEY_ED25519) {
		const guint8 *public = g_bytes_get_data(key->public->encoded, NULL);
		size_t seed = ED25519_SEED_SIZE;
		guint8 *bytes = OPENSSL_malloc(OLD_ED25519_SIZE);

		memcpy(bytes, public, ED25519_SEED_OFFSET);
		memcpy(bytes + ED25519_SEED_OFFSET + ED25519_SEED_SIZE, public,
		       ED25519_SEED_OFFSET);
		done = EVP_PKEY_get_raw_private_key(key->pkey, bytes + ED25519_SEED_OFFSET,
						    &seed) == 1;
		*ret_bytes = bytes;
		*ret_size = OLD_ED25519_SIZE;
		return done;
	}
	*ret_bytes = NULL;
	encoder = OSSL_ENCODER_CTX_new_for_pkey(key->pkey, EVP_PKEY_KEYPAIR, "DER", "type-specific",
						NULL);
	done = encoder && OSSL_ENCODER_to_data(encoder, ret_bytes, ret_size) == 1;
	OSSL_ENCODER_CTX_free(encoder);
	return done;
}

/* PKCS#8 as Notary writes it: version 1 for EC without a public key, no NULL for RSA. */
static PKCS8_PRIV_KEY_INFO *wrap(const PvPrivateKey *key)
{
	PKCS8_PRIV_KEY_INFO *info = PKCS8_PRIV_KEY_INFO_new();
	PvKeyKind kind = key->public->kind;
	ASN1_OBJECT *oid = kind == PV_KEY_ED25519 ? OBJ_txt2obj(OLD_ED25519_OID, 1)
			   : kind == PV_KEY_RSA   ? OBJ_nid2obj(NID_rsaEncryption)
						  : OBJ_nid2obj(NID_X9_62_id_ecPublicKey);
	char group[64] = "";
	size_t length = 0;
	ASN1_OBJECT *curve = NULL;
	guint8 *inner = NULL;
	gsize size = 0;

	if (kind == PV_KEY_ECDSA &&
	    EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), &length) == 1)
		curve = OBJ_txt2obj(group, 0);
	if (inner_form(key, &inner, &size) &&
	    PKCS8_pkey_set0(info, oid, kind == PV_KEY_ECDSA ? 1 : 0,
			    curve ? V_ASN1_OBJECT : V_ASN1_UNDEF, curve, inner, (int)size) == 1)
		return info;
	OPENSSL_clear_free(inner, size);
	PKCS8_PRIV_KEY_INFO_free(info);
	return NULL;
}

static X509_SIG *encrypt(PKCS8_PRIV_KEY_INFO *info, const PvSecret *passphrase)
{
	guint8 salt[SALT_BYTES];
	X509_ALGOR *pbe;
	X509_SIG *sealed;

	if (RAND_bytes(salt, sizeof(salt)) != 1)
		return NULL;
	pbe = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), PV_KEY_ROUNDS, salt, sizeof(salt), NULL,
				NID_hmacWithSHA1);
	sealed = pbe ? PKCS8_set0_pbe(passphrase->data, (int)passphrase->size, info, pbe) : NULL;
	if (!sealed)
		X509_ALGOR_free(pbe);
	return sealed;
}

static gsize append(PvSecret *to, gsize at, const char *text)
{
	gsize length = MIN(strlen(text), to->size - at);

	memcpy(to->data + at, text, length);
	return at + length;
}

/* Headers in Go's order: Proc-Type first, the others sorted; then an empty line, if there are any. */
static char *headers_of(const PvKeyFile *file)
{
	GString *text = g_string_new(NULL);
	const struct {
		const char *name, *value;
	} headers[] = { { "DEK-Info", file->dek_info },
			{ "gun", file->gun },
			{ "path", file->path },
			{ "role", file->role } };

	if (file->dek_info)
		g_string_append(text, "Proc-Type: 4,ENCRYPTED\n");
	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
		if (headers[i].value)
			g_string_append_printf(text, "%s: %s\n", headers[i].name, headers[i].value);
	}
	if (text->len > 0)
		g_string_append_c(text, '\n');
	return g_string_free(text, FALSE);
}

/* The PEM text, built in locked memory because an unencrypted key passes through it. */
static PvSecret *frame(const PvKeyFile *file, const guint8 *der, gsize size)
{
	gsize encoded_size = 4 * ((size + 2) / 3), at = 0;
	g_autoptr(PvSecret) base64 = pv_secret_new(encoded_size + 1);
	g_autofree char *headers = headers_of(file);
	g_autofree char *head = g_strdup_printf("-----BEGIN %s-----\n%s", file->label, headers);
	g_autofree char *tail = g_strdup_printf("-----END %s-----\n", file->label);
	PvSecret *text = pv_secret_new(strlen(head) + strlen(tail) + encoded_size +
				       encoded_size / BASE64_LINE + 2);

	EVP_EncodeBlock((guint8 *)base64->data, der, (int)size);
	at = append(text, at, head);
	for (gsize done = 0; done < encoded_size; done += BASE64_LINE) {
		gsize step = MIN((gsize)BASE64_LINE, encoded_size - done);

		memcpy(text->data + at, base64->data + done, step);
		at = append(text, at + step, "\n");
	}
	text->size = append(text, at, tail);
	return text;
}

PvSecret *pv_key_file_format(const PvKeyFile *file)
{
	gsize size;
	const guint8 *der = g_bytes_get_data(file->body, &size);

	return frame(file, der, size);
}

PvSecret *pv_key_file_write(const PvPrivateKey *key, const char *gun, const char *role,
			    const PvSecret *passphrase, GError **error)
{
	PKCS8_PRIV_KEY_INFO *info;
	X509_SIG *sealed = NULL;
	guint8 *der = NULL;
	int size = 0;
	PvSecret *text = NULL;
	const PvKeyFile head = { .gun = (char *)gun,
				 .role = (char *)role,
				 .label = (char *)(passphrase ? ENCRYPTED_LABEL : "PRIVATE KEY") };

	if (strpbrk(role, "\r\n:") || (gun && strpbrk(gun, "\r\n")))
		return pv_fail_null(error, PV_ERROR_KEY,
				    "key file: a role or repository with a line break");
	if (key->sign)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "key %.7s is on a token and cannot leave it", key->public->id);
	info = wrap(key);
	if (info && passphrase) {
		sealed = encrypt(info, passphrase);
		size = sealed ? i2d_X509_SIG(sealed, &der) : 0;
	} else if (info) {
		size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	}
	if (size > 0)
		text = frame(&head, der, (gsize)size);
	else
		pv_fail(error, PV_ERROR_KEY, "key %.7s: cannot be written: %s", key->public->id,
			pv_crypto_reason());
	OPENSSL_clear_free(der, size > 0 ? (gsize)size : 0);
	X509_SIG_free(sealed);
	PKCS8_PRIV_KEY_INFO_free(info);
	return text;
}

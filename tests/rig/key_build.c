/* SPDX-License-Identifier: Apache-2.0 */

/* A private key from its numbers, as IMPORT KEY brings them; what does not fit together is refused. */

#include "key_build.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

static EVP_PKEY *from_numbers(const char *type, OSSL_PARAM_BLD *build)
{
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL), *check;
	EVP_PKEY *key = NULL;

	if (parameters && context && EVP_PKEY_fromdata_init(context) == 1 &&
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) == 1) {
		check = EVP_PKEY_CTX_new(key, NULL);
		if (EVP_PKEY_pairwise_check(check) != 1) {
			EVP_PKEY_free(key);
			key = NULL;
		}
		EVP_PKEY_CTX_free(check);
	}
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(parameters);
	return key;
}

static EVP_PKEY *build_ec(const RigAlgorithm *algorithm, RigSpan scalar)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(EC_curve_nist2nid(algorithm->group));
	EC_POINT *point = EC_POINT_new(group);
	BIGNUM *number = BN_bin2bn(scalar.data, (int)scalar.size, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	guint8 public[1 + 2 * 48];
	gsize size;

	if (BN_is_zero(number) || BN_cmp(number, EC_GROUP_get0_order(group)) >= 0 ||
	    EC_POINT_mul(group, point, number, NULL, NULL, NULL) != 1)
		goto out;
	size = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, public,
				  sizeof(public), NULL);
	if (size > 0 &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, algorithm->group,
					    0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public, size) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number))
		key = from_numbers("EC", build);
out:
	OSSL_PARAM_BLD_free(build);
	BN_clear_free(number);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return key;
}

/* n = p q, e = 65537, d = 1/e mod (p - 1)(q - 1) */
static gboolean complete_rsa(const BIGNUM *p, const BIGNUM *q, BIGNUM *n, BIGNUM *e, BIGNUM *d)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *less_p = BN_dup(p), *less_q = BN_dup(q), *order = BN_new();
	gboolean done;

	done = BN_mul(n, p, q, context) && BN_set_word(e, RSA_F4) && BN_sub_word(less_p, 1) &&
	       BN_sub_word(less_q, 1) && BN_mul(order, less_p, less_q, context) &&
	       BN_mod_inverse(d, e, order, context);
	BN_clear_free(order);
	BN_clear_free(less_q);
	BN_clear_free(less_p);
	BN_CTX_free(context);
	return done;
}

static EVP_PKEY *build_rsa(const RigAlgorithm *algorithm, const RigSpan parts[RIG_KEY_PARTS])
{
	static const char *const names[] = { NULL,
					     OSSL_PKEY_PARAM_RSA_FACTOR1,
					     OSSL_PKEY_PARAM_RSA_FACTOR2,
					     OSSL_PKEY_PARAM_RSA_EXPONENT1,
					     OSSL_PKEY_PARAM_RSA_EXPONENT2,
					     OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };
	BIGNUM *given[G_N_ELEMENTS(names)] = { 0 }, *n = BN_new(), *e = BN_new(), *d = BN_new();
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	gboolean fits = TRUE;

	for (gsize i = 1; i < G_N_ELEMENTS(names); i++) {
		given[i] = BN_bin2bn(parts[i].data, (int)parts[i].size, NULL);
		fits = fits && OSSL_PARAM_BLD_push_BN(build, names[i], given[i]);
	}
	if (fits && complete_rsa(given[1], given[2], n, e, d) &&
	    BN_num_bits(n) == (int)algorithm->bits &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, d))
		key = from_numbers("RSA", build);
	OSSL_PARAM_BLD_free(build);
	for (gsize i = 1; i < G_N_ELEMENTS(names); i++)
		BN_clear_free(given[i]);
	BN_clear_free(d);
	BN_free(e);
	BN_free(n);
	return key;
}

EVP_PKEY *rig_key_build(const RigAlgorithm *algorithm, const RigSpan parts[RIG_KEY_PARTS])
{
	gsize bytes = algorithm->bits / 8;

	if (algorithm->group)
		return parts[6].size == bytes ? build_ec(algorithm, parts[6]) : NULL;
	for (gsize i = 1; i < 6; i++)
		if (parts[i].size == 0 || parts[i].size > bytes / 2)
			return NULL;
	return build_rsa(algorithm, parts);
}

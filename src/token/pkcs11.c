/* SPDX-License-Identifier: Apache-2.0 */
#include "token/driver.h"
const PvTokenDriver pv_token_pkcs11 = { .name = "pkcs11",
					.about = "any token with a PKCS#11 module",
					.scheme = "pkcs11:",
					.places = "id object type" };

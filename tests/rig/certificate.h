/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <openssl/x509.h>

/* A certificate without name of its issuer, dates and signature: v3, a serial number, a subject. */
X509 *rig_certificate_new(const char *subject, EVP_PKEY *key);
/* Yubico's extension 1.3.6.1.4.1.41482.3.@arc; the bytes are its content as they stand. */
gboolean rig_certificate_add_yubico(X509 *certificate, int arc, const guint8 *data, gsize size);

/* SPDX-License-Identifier: Apache-2.0 */

/* Client certificates (design.md section 4: one function checks the peer before routing). */

#include "service/peer.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

const char *pv_peer_check(void *session)
{
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	unsigned status = 0;
	int result;

	if (!session)
		return "a client certificate needs TLS";
	result = gnutls_certificate_verify_peers(session, &purpose, 1, &status);
	if (result == GNUTLS_E_NO_CERTIFICATE_FOUND)
		return "a client certificate is needed, and none was sent";
	if (result < 0)
		return "the client certificate could not be checked";
	if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
		return "the client certificate is not valid at this time";
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		return "the client certificate is signed by none of the authorities that count "
		       "here";
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
		return "the client certificate is for another purpose";
	return status == 0 ? NULL : "the client certificate is not good";
}

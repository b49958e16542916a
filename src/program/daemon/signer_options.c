/* SPDX-License-Identifier: Apache-2.0 */

/* Where the signer is that several services share, and who we are to it. */

#include "program/daemon/signer_options.h"

#include "base/address.h"
#include "base/error.h"

void pv_signer_options_add(PvSignerOptions *options, GOptionContext *context)
{
	const GOptionEntry entries[] = {
		{ "signer", 0, 0, G_OPTION_ARG_STRING, &options->address,
		  "A signer that several services share", "HOST:PORT" },
		{ "signer-ca", 0, 0, G_OPTION_ARG_FILENAME, &options->authority,
		  "Who signed its certificate, PEM", "FILE" },
		{ "signer-cert", 0, 0, G_OPTION_ARG_FILENAME, &options->certificate,
		  "This service's certificate for it, PEM", "FILE" },
		{ "signer-key", 0, 0, G_OPTION_ARG_FILENAME, &options->key,
		  "That certificate's key, PEM", "FILE" },
		{ NULL },
	};

	g_option_context_add_main_entries(context, entries, NULL);
}

PvSigner *pv_signer_options_connect(const PvSignerOptions *options, GError **error)
{
	g_autofree char *host = NULL;
	g_autoptr(GError) away = NULL;
	PvSignerAddress address;
	PvSigner *signer;
	guint16 port;

	if (!pv_address_split(options->address, &host, &port, error)) {
		pv_fail_wrap(error, "--signer");
		return NULL;
	}
	if (!options->authority || !options->certificate || !options->key)
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "a signer at %s needs --signer-ca, --signer-cert and "
				    "--signer-key",
				    options->address);
	address = (PvSignerAddress){ host,
				     (guint16)port,
				     { options->certificate, options->key, options->authority } };
	signer = pv_signer_connect(&address, error);
	if (signer && !pv_signer_check(signer, &away))
		g_warning("%s; nothing can be published until it answers", away->message);
	return signer;
}

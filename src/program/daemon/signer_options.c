/* SPDX-License-Identifier: Apache-2.0 */

/* Where the signer is that several services share, and who we are to it. */

#include "program/daemon/signer_options.h"

#include "base/address.h"
#include "base/error.h"

void pv_signer_options_add(PvConfigSigner *signer, GOptionContext *context)
{
	const GOptionEntry entries[] = {
		{ "signer", 0, 0, G_OPTION_ARG_STRING, &signer->address,
		  "A signer that several services share", "HOST:PORT" },
		{ "signer-ca", 0, 0, G_OPTION_ARG_FILENAME, &signer->ca,
		  "Who signed its certificate, PEM", "FILE" },
		{ "signer-cert", 0, 0, G_OPTION_ARG_FILENAME, &signer->certificate,
		  "This service's certificate for it, PEM", "FILE" },
		{ "signer-key", 0, 0, G_OPTION_ARG_FILENAME, &signer->key,
		  "That certificate's key, PEM", "FILE" },
		{ "signer-token", 0, 0, G_OPTION_ARG_STRING, &signer->token,
		  "Make new timestamp and snapshot keys in this PKCS#11 token",
		  "pkcs11:token=NAME" },
		{ "pin-source", 0, 0, G_OPTION_ARG_FILENAME, &signer->pin_source,
		  "Its first line is the token's PIN", "FILE" },
		{ NULL },
	};

	g_option_context_add_main_entries(context, entries, NULL);
}

void pv_signer_options_merge(PvConfigSigner *config, PvConfigSigner *line)
{
	char **const pairs[][2] = { { &config->address, &line->address },
				    { &config->ca, &line->ca },
				    { &config->certificate, &line->certificate },
				    { &config->key, &line->key },
				    { &config->token, &line->token },
				    { &config->pin_source, &line->pin_source } };

	for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
		if (!*pairs[i][1])
			continue;
		g_free(*pairs[i][0]);
		*pairs[i][0] = g_steal_pointer(pairs[i][1]);
	}
}

PvSigner *pv_signer_options_connect(const PvConfigSigner *config, GError **error)
{
	g_autofree char *host = NULL;
	g_autoptr(GError) away = NULL;
	PvSignerAddress address;
	PvSigner *signer;
	guint16 port;

	if (!pv_address_split(config->address, &host, &port, error)) {
		pv_fail_wrap(error, "signer");
		return NULL;
	}
	if (!config->ca || !config->certificate || !config->key)
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "a signer at %s needs --signer-ca, --signer-cert and "
				    "--signer-key",
				    config->address);
	address = (PvSignerAddress){ host,
				     (guint16)port,
				     { config->certificate, config->key, config->ca } };
	signer = pv_signer_connect(&address, error);
	if (signer && !pv_signer_check(signer, &away))
		g_warning("%s; nothing can be published until it answers", away->message);
	return signer;
}

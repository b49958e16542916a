/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/client_config.h"
#include "trust/passphrase.h"
#include "trust/repository.h"

/* What all commands that ask a trust server have in common. */
typedef struct {
	char *server, *ca_file, *certificate_file, *key_file, *trust_dir, *max_age;
	char *attestation_roots;
	char *pin_source, *management_source;
	PvPassphrases *passphrases; /* (nullable): of a command that signs: gets these sources */
	char **pins;
	gboolean tofu, offline, json;
	PvClientConfig *config; /* filled by pv_trust_options_configure() */
	/* filled by pv_trust_options_open() */
	char *directory, *gun;
	gint64 max_age_s;
	gboolean wants_hardware; /* set by a command before it opens */
	PvAttestationRoots *roots;
	PvReference reference;
} PvTrustOptions;

/* (transfer full): entries to add to a command's own; free with g_free(). */
GOptionEntry *pv_trust_options_entries(PvTrustOptions *options);

/* (transfer full): entries for commands that sign: where the PINs of tokens come from. */
GOptionEntry *pv_trust_options_token_entries(PvTrustOptions *options);

/**
 * pv_trust_options_configure:
 *
 * Reads the user's config.yaml: what neither an option nor the environment says comes from there.
 * pv_trust_options_open() does it by itself.
 */
gboolean pv_trust_options_configure(PvTrustOptions *options, GError **error);

/**
 * pv_trust_options_open:
 * @image: what the user named; a docker:// before it is fine
 *
 * Parses the reference and opens its repository.
 */
PvRepository *pv_trust_options_open(PvTrustOptions *options, const char *image, GError **error);

/* TRUE if @image has a tag of its own; where all tags may be meant none is not ":latest". */
gboolean pv_trust_options_has_tag(const char *image);

void pv_trust_options_clear(PvTrustOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvTrustOptions, pv_trust_options_clear)

/*
 * {"reference","digest","size","roles":[{"name","keys":[{"id","hardware"}]}],"expires"}, and "hardware"
 * if the answer has it: [{"name","threshold","keys":[…]}].
 */
char *pv_trust_answer_json(const char *reference, const PvTrustAnswer *answer);

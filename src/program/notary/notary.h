/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/pins.h"
#include "trust/publish.h"

/*
 * The program under the name `notary`: the command line and, where scripts read it, the output of
 * Notary 0.7 (trust.md 3.4). As there, everything but warnings goes to standard output, and the exit
 * status is 0 or 1.
 */

typedef struct {
	/* flags of all commands */
	char *config, *server, *trust_dir, *ca_file, *certificate_file, *key_file;
	gboolean debug, verbose, help, version;
	/* flags of some */
	gboolean publish, quiet, yes, all, all_paths, remote, server_managed;
	GPtrArray *roles, *paths, *keys, *guns;
	GArray *numbers, *legacy;
	char *custom, *sha256, *sha512, *input, *output, *root_key, *root_certificate, *gun, *role;

	/* of the configuration, filled by pv_notary_configure() */
	char *directory;
	PvPins *pins;
	PvPassphrases *passphrases;

	PvTufState *state; /* of pv_notary_read() */

	GPtrArray *arguments; /* of char* (borrowed) */
	const char *usage;    /* prints the command's usage before the next failure, if set */
} PvNotary;

/* Argument @index, which must be there. */
const char *pv_notary_argument(const PvNotary *notary, guint index);

/* Fails with @sentence after the usage of the command was printed. */
gboolean pv_notary_misused(PvNotary *notary, const char *sentence, GError **error);

/* Reads config.json (trust.md 3.3, 3) and NOTARY_*; flags win over variables, those over the file. */
gboolean pv_notary_configure(PvNotary *notary, GError **error);

/* (transfer full): the repository that argument 0 names. */
PvRepository *pv_notary_open(PvNotary *notary, GError **error);

/* The newest trust data, or what the cache has, with a warning; @only: one target alone, or NULL.
 * Asked once in a program's life, whose end releases it: 10,000 targets one by one take their time. */
const PvTufState *pv_notary_read(PvNotary *notary, PvRepository *repository, const char *only,
				 GError **error);

/* Says in Notary's words that a server does not answer, or has nothing; scripts look for them. */
void pv_notary_rephrase(const PvNotary *notary, GError **error);

/* As pv_file_read(); a file that is not there is said as Go says it. */
GBytes *pv_notary_read_file(const char *path, gsize max_bytes, GError **error);

/* Publishes at once if -p was given. */
gboolean pv_notary_maybe_publish(PvNotary *notary, GError **error);

/* Asks on standard output, reads "y" or "yes" from standard input. */
gboolean pv_notary_confirm(void);

/* Rows of @columns cells (char*, NULL ends), laid out as Go's tabwriter does; the first is the head. */
void pv_notary_print_table(const char *const *cells, guint columns);

/* The commands. */
gboolean pv_notary_add(PvNotary *notary, GError **error);
gboolean pv_notary_addhash(PvNotary *notary, GError **error);
gboolean pv_notary_remove(PvNotary *notary, GError **error);
gboolean pv_notary_list(PvNotary *notary, GError **error);
gboolean pv_notary_lookup(PvNotary *notary, GError **error);
gboolean pv_notary_verify(PvNotary *notary, GError **error);
gboolean pv_notary_init(PvNotary *notary, GError **error);
gboolean pv_notary_publish(PvNotary *notary, GError **error);
gboolean pv_notary_status(PvNotary *notary, GError **error);
gboolean pv_notary_reset(PvNotary *notary, GError **error);
gboolean pv_notary_witness(PvNotary *notary, GError **error);
gboolean pv_notary_delete(PvNotary *notary, GError **error);
gboolean pv_notary_key_list(PvNotary *notary, GError **error);
gboolean pv_notary_key_generate(PvNotary *notary, GError **error);
gboolean pv_notary_key_export(PvNotary *notary, GError **error);
gboolean pv_notary_key_import(PvNotary *notary, GError **error);
gboolean pv_notary_key_passwd(PvNotary *notary, GError **error);
gboolean pv_notary_key_remove(PvNotary *notary, GError **error);
gboolean pv_notary_key_rotate(PvNotary *notary, GError **error);
gboolean pv_notary_delegation_add(PvNotary *notary, GError **error);
gboolean pv_notary_delegation_list(PvNotary *notary, GError **error);
gboolean pv_notary_delegation_purge(PvNotary *notary, GError **error);
gboolean pv_notary_delegation_remove(PvNotary *notary, GError **error);
gboolean pv_notary_version(PvNotary *notary, GError **error);

/* The program. */
int pv_notary_main(int argc, char **argv);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/edit.h"
#include "trust/repository.h"

/*
 * Changing a repository's trust data: initialising it, publishing what is staged, rotating keys,
 * signers, deletion. Each holds the repository's lock, reads the newest trust data from the server,
 * applies, signs, uploads, and begins again if another publisher was first (PV_ERROR_CONFLICT, ten
 * times at most). What is staged stays staged until the server has accepted it.
 *
 * Expired metadata can be published over (its keys must be here); root is signed anew when it ends
 * within six months and its key is here.
 */

typedef struct PvPublished {
	guint changes;     /* how many were applied */
	gboolean first;    /* the server had no trust data for the repository */
	gboolean uploaded; /* FALSE: nothing was to be changed */
	GPtrArray *roles;  /* of char*: what was signed anew and uploaded */
	/* Attestations of keys in it, as far as the trust directory has them (attestations.h): */
	guint attestations; /* how many the server has now */
	GPtrArray
		*unshared; /* (nullable): of char*: canonical ids of keys whose attestations it does
			 not keep: it is another's, which has no such route */
	char *attestation_failure; /* (nullable): why it does not have the others */
} PvPublished;

void pv_published_clear(PvPublished *published);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvPublished, pv_published_clear)

/* --- initialising -------------------------------------------------------------------------- */

typedef struct {
	const char *root_key_file; /* PEM: is imported and becomes the root key; or … */
	const char *root_key_id; /* … canonical id of a key of the trust directory; NULL: the first
				      root key that is there, or a new one */
	const char *root_certificate_file; /* PEM of that key; NULL makes one */
	const char *const *root_uris;      /* (nullable): or root keys on tokens, */
	guint threshold;                   /* of which so many sign; 0 is 1 */
	gboolean
		server_snapshot; /* the server holds the snapshot key (Docker), else it is here (Notary) */
} PvInitialise;

/**
 * pv_repository_initialise:
 * @options: (nullable): NULL is all zero
 * @ret_root_key_id: (out) (transfer full) (optional): canonical id of its root key
 *
 * Makes the keys, root, targets and (unless the server holds its key) snapshot, all kept in the trust
 * directory until pv_repository_publish(). The timestamp key is asked of the server.
 *
 * Errors: PV_ERROR_EXISTS if it has been initialised here, PV_ERROR_KEY.
 */
gboolean pv_repository_initialise(PvRepository *repository, PvPassphrases *passphrases,
				  const PvInitialise *options, char **ret_root_key_id,
				  GError **error);

/* --- publishing ---------------------------------------------------------------------------- */

/**
 * pv_repository_publish:
 *
 * @initialise: (nullable): how to initialise a repository that exists neither here nor there; NULL
 * does not: PV_ERROR_NOT_SIGNED
 *
 * Publishes what is staged.
 */
gboolean pv_repository_publish(PvRepository *repository, PvPassphrases *passphrases,
			       const PvInitialise *initialise, PvPublished *ret_published,
			       GError **error);

/**
 * pv_repository_stage:
 * @content: digest and length of the manifest
 *
 * Stages @tag without asking the server: for the roles that pv_repository_sign() would sign in, as
 * far as the trust directory knows them, else for targets.
 *
 * Returns: (transfer full): char*: those roles.
 */
GPtrArray *pv_repository_stage(PvRepository *repository, const char *tag, const PvFileMeta *content,
			       GError **error);

/* Decides what to change in what the server has now; is called again after a lost race. */
typedef gboolean (*PvEditFunc)(PvEdit *edit, void *data, GError **error);

/**
 * pv_repository_edit:
 * @initialise: (nullable): how to initialise a repository that the server does not have; NULL does
 * not: PV_ERROR_NOT_SIGNED
 *
 * Publishes what @apply changes; what is staged is left alone.
 */
gboolean pv_repository_edit(PvRepository *repository, PvPassphrases *passphrases,
			    const PvInitialise *initialise, PvEditFunc apply, void *data,
			    PvPublished *ret_published, GError **error);

/* (transfer none): TRUE if a private key of @role is in the trust directory. */
gboolean pv_repository_holds_key(const PvRepository *repository, const PvRole *role);

/* --- rotation ------------------------------------------------------------------------------ */

typedef struct {
	const char *role; /* root, targets, snapshot or timestamp */
	gboolean server;  /* the server makes and keeps the key (snapshot; timestamp always) */
	const char *const
		*keys; /* (nullable): canonical ids of keys that are here; NULL makes one */
	guint legacy;  /* root: also signs with the keys of so many older versions */
} PvRotation;

/**
 * pv_repository_rotate:
 *
 * Replaces the keys of a role and publishes. A new root is signed by the former keys too, so that
 * who trusts those follows. Former targets and snapshot keys of this repository are removed from the
 * trust directory once the server has accepted the new ones; root keys stay.
 *
 * Errors: PV_ERROR_USAGE (who may manage which key), PV_ERROR_KEY (a former root key is not here).
 */
gboolean pv_repository_rotate(PvRepository *repository, PvPassphrases *passphrases,
			      const PvRotation *rotation, PvPublished *ret_published,
			      GError **error);

/* --- signers, as Docker has them ------------------------------------------------------------ */

/**
 * pv_repository_add_signer:
 * @name: of the delegation targets/@name
 * @keys: of PvPublicKey
 *
 * Delegates everything to targets/@name and to targets/releases. A repository without trust data is
 * initialised with its snapshot key at the server; one whose snapshot key is elsewhere gets it there
 * first, so that signers can publish without it.
 */
gboolean pv_repository_add_signer(PvRepository *repository, PvPassphrases *passphrases,
				  const char *name, GPtrArray *keys, PvPublished *ret_published,
				  GError **error);

/**
 * pv_repository_remove_signer:
 *
 * Removes targets/@name and its keys from targets/releases, which is signed anew if a key for that is
 * here.
 *
 * Errors: PV_ERROR_ROLE (no such signer), PV_ERROR_REFUSED (the last key of targets/releases
 * signed it: remaining keys must sign it first; @force overrides).
 */
gboolean pv_repository_remove_signer(PvRepository *repository, PvPassphrases *passphrases,
				     const char *name, gboolean force, PvPublished *ret_published,
				     GError **error);

/**
 * pv_repository_revoke:
 * @tag: (nullable): NULL is all tags
 *
 * Takes the tag out of every role whose key is here.
 *
 * Errors: PV_ERROR_NOT_SIGNED (no role has it), PV_ERROR_KEY (roles have it whose keys are elsewhere;
 * nothing is changed then).
 */
gboolean pv_repository_revoke(PvRepository *repository, PvPassphrases *passphrases, const char *tag,
			      PvPublished *ret_published, GError **error);

/* --- the rest ------------------------------------------------------------------------------ */

/**
 * pv_repository_delete:
 * @remote: at the server too
 *
 * Forgets trust data and staged changes of the repository; keys stay.
 */
gboolean pv_repository_delete(PvRepository *repository, gboolean remote, GError **error);

/**
 * pv_repository_update_or_cached:
 * @only: (nullable): the one target that is asked for, as in pv_repository_look_up()
 * @ret_warning: (out) (transfer full) (nullable): why the cache had to serve
 *
 * What Notary and Docker do when the server does not answer or has nothing (trust.md 3.2): what was
 * verified before is used as long as its timestamp lasts, with a warning. Under Pavise's own name
 * nothing does that: pv_repository_update() fails there.
 */
PvTufState *pv_repository_update_or_cached(PvRepository *repository, const char *only,
					   char **ret_warning, GError **error);

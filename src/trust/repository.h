/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/reference.h"
#include "trust/hardware.h"
#include "trust/passphrase.h"
#include "trust/pins.h"
#include "tuf/client.h"

/*
 * One repository's trust data, seen from a client: the server, the cache in the trust directory,
 * and whom to trust at first sight.
 */

/*
 * Keeps in @directory what the image's registry has of attestations of @keys (of PvPublicKey) beside
 * manifest @digest: the program's, since this room speaks no HTTP.
 */
typedef gboolean (*PvReadArtifactFunc)(const char *gun, const PvDigest *digest,
				       const char *directory, const GPtrArray *keys,
				       GError **error);

/* Strings are borrowed and must outlive the repository. */
typedef struct {
	const char *gun;
	PvReadArtifactFunc read_artifact;        /* may be NULL */
	const char *server;                      /* NULL: pv_trust_server() of the GUN's host */
	const char *ca_file;                     /* may be NULL */
	const char *certificate_file, *key_file; /* the client's, PEM; may be NULL */
	const char *directory;                   /* of pv_trust_directory() */
	const char *const *pins; /* root key ids (of the certificate or of the key); may be NULL */
	const PvPins *pinning;   /* of the configuration; may be NULL */
	gboolean tofu;
	gboolean offline;
	gint64 max_age_s;
	/* (nullable) Whom answers believe about devices that keys are in; NULL: nothing is said. */
	const PvAttestationRoots *attestation_roots;
	/* Answers say it also of the roles that the ones which signed depend on, and missing
	 * attestations are asked for. */
	gboolean wants_hardware;
} PvRepositoryOptions;

typedef struct PvRepository PvRepository;

/**
 * pv_repository_open:
 *
 * Errors: PV_ERROR_SYNTAX (not a GUN), PV_ERROR_USAGE (not an https URL).
 */
PvRepository *pv_repository_open(const PvRepositoryOptions *options, GError **error);
void pv_repository_close(PvRepository *repository);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvRepository, pv_repository_close)

/* (transfer none) */
const char *pv_repository_server(const PvRepository *repository);

/**
 * pv_repository_update:
 *
 * pv_tuf_update() with this repository's server and cache. A first root must be pinned, or tofu
 * allowed: PV_ERROR_ROOT names the key ids that it has.
 */
PvTufState *pv_repository_update(PvRepository *repository, GError **error);

/**
 * pv_repository_look_up:
 *
 * As pv_repository_update() for who asks for one tag: of all targets only @tag is in the state,
 * and it costs the same in a repository of 10,000 tags as in one of 10 (tuf/index.h).
 */
PvTufState *pv_repository_look_up(PvRepository *repository, const char *tag, GError **error);

/* --- verifying ---------------------------------------------------------------------------- */

/* A role that names the tag with the digest in question. */
typedef struct {
	char *name;
	GPtrArray *keys;          /* of char*: ids of the keys whose signatures count */
	PvHardwareRole *hardware; /* (nullable) what they are in */
} PvTrustRole;

typedef struct {
	PvDigest digest;
	guint64 size;     /* bytes of the manifest */
	GPtrArray *roles; /* of PvTrustRole; the first is the one that decided */
	PvTime expires;   /* the earliest end of all that vouches for it */
	GPtrArray *notes; /* of char*: roles that could not be used, and why */
	gboolean from_cache;
	/* (nullable) of PvHardwareRole: root, targets, snapshot, timestamp, the roles that signed and
	 * those that delegated to them. */
	GPtrArray *hardware;
	char *hardware_note; /* (nullable) why missing attestations could not be asked for */
} PvTrustAnswer;

void pv_trust_answer_free(PvTrustAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTrustAnswer, pv_trust_answer_free)

/**
 * pv_repository_verify:
 * @tag: what to look up
 *
 * Errors: PV_ERROR_NOT_SIGNED and those of pv_tuf_update().
 */
PvTrustAnswer *pv_repository_verify(PvRepository *repository, const char *tag, GError **error);

struct PvPublished; /* publish.h */

/* --- signing ------------------------------------------------------------------------------ */

/**
 * pv_repository_sign:
 * @content: digest and length of the manifest
 * @ret_published: (out): what was published; its `first` is TRUE if the repository had no trust data and
 * was initialised
 *
 * Signs @tag into targets/releases and each targets/… whose key is here, as Docker does, or into
 * targets where there is none; publishes; and reads back what the server gives now. A race lost to
 * another publisher is run again. A repository without trust data is initialised: root and targets
 * keys here, snapshot and timestamp keys with the server.
 *
 * Returns: (transfer full): what verifying says now.
 */
PvTrustAnswer *pv_repository_sign(PvRepository *repository, PvPassphrases *passphrases,
				  const char *tag, const PvFileMeta *content,
				  struct PvPublished *ret_published, GError **error);

/**
 * pv_trust_server:
 * @host: "docker.io", "localhost:5000"
 *
 * Returns: (transfer full): the trust server Docker asks for images of @host.
 */
char *pv_trust_server(const char *host);

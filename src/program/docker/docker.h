/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/publish.h"
#include "trust/repository.h"

/*
 * docker-trust, the Docker CLI plugin: `docker trust` as Docker's own client had it up to version
 * 28, sentence for sentence where scripts read them (trust.md 3.4, 3.5).
 */

/* What holds for the whole run: keys, and docker's global flags. */
typedef struct {
	PvPassphrases *passphrases;
	char *directory; /* the trust directory */
	char *host;      /* --host, may be NULL, as all of these */
	char *context;   /* --context */
	char *ca_file;   /* --tlscacert */
	char *certificate_file, *key_file;
	gboolean tls;
} PvDocker;

/* A command's words and the value of its one flag. */
typedef struct {
	GPtrArray *words; /* of char*, NULL-terminated */
	gboolean on;      /* --local, --pretty, --yes, --force */
	char *text;       /* --dir, --name; may be NULL */
	GPtrArray *list;  /* --key, of char* */
} PvDockerArguments;

/* The commands. They print what Docker prints; FALSE with an error whose message is printed last. */
gboolean pv_docker_key_generate(PvDocker *docker, const PvDockerArguments *arguments,
				GError **error);
gboolean pv_docker_key_load(PvDocker *docker, const PvDockerArguments *arguments, GError **error);
gboolean pv_docker_signer_add(PvDocker *docker, const PvDockerArguments *arguments, GError **error);
gboolean pv_docker_signer_remove(PvDocker *docker, const PvDockerArguments *arguments,
				 GError **error);
gboolean pv_docker_sign(PvDocker *docker, const PvDockerArguments *arguments, GError **error);
gboolean pv_docker_inspect(PvDocker *docker, const PvDockerArguments *arguments, GError **error);
gboolean pv_docker_revoke(PvDocker *docker, const PvDockerArguments *arguments, GError **error);

/**
 * pv_docker_confirm:
 *
 * Prints @question and " [y/N] ". Returns: TRUE if the next line of standard input is "y".
 */
gboolean pv_docker_confirm(const char *question);

/**
 * pv_docker_check_name:
 * @what: "key" or "signer"
 *
 * Errors: PV_ERROR_USAGE if @name is not of lower-case letters, digits, "-" and "_".
 */
gboolean pv_docker_check_name(const char *what, const char *name, GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* A passphrase or key material: locked, not in core dumps, wiped when freed. */
typedef struct {
	gsize size;
	char *data; /* @size bytes and a NUL */
} PvSecret;

/**
 * pv_secret_new:
 * @size: at most 64 KiB
 *
 * Returns: (transfer full): zeroed memory of OpenSSL's secure heap or an mlock()ed mapping.
 */
PvSecret *pv_secret_new(gsize size);
PvSecret *pv_secret_new_copy(const void *data, gsize size);
void pv_secret_free(PvSecret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvSecret, pv_secret_free)

/**
 * pv_secret_equal:
 *
 * Compares in constant time (for equal sizes).
 */
gboolean pv_secret_equal(const PvSecret *a, const PvSecret *b);

/**
 * pv_secret_protect_process:
 *
 * Forbids core dumps and ptrace by other processes of the same user (PR_SET_DUMPABLE 0,
 * RLIMIT_CORE 0), and has OpenSSL read no openssl.cnf: neither $OPENSSL_CONF nor that file can bring
 * a module into a process with keys (and its start is shorter). Every program that holds keys calls
 * it first.
 */
void pv_secret_protect_process(void);

/**
 * pv_secret_take_environment:
 * @name: a variable such as DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE
 *
 * Moves its value out of the environment: copied to locked memory, overwritten, unset, so that no
 * child inherits it.
 *
 * Returns: (transfer full) (nullable): NULL if it was not set, or empty, as Docker and Notary read it.
 */
PvSecret *pv_secret_take_environment(const char *name);

/**
 * pv_secret_prompt:
 * @prompt: "passphrase of root key 1a2b3c4", without colon
 *
 * Asks on /dev/tty without echo. Errors: PV_ERROR_PASSPHRASE (no terminal: the sentence says which
 * environment variable or option to use, given in @instead), PV_ERROR_IO.
 */
PvSecret *pv_secret_prompt(const char *prompt, const char *instead, GError **error);

/**
 * pv_secret_read:
 * @source: "fd:N" or a file's name; its first line is the secret
 *
 * Errors: PV_ERROR_USAGE, PV_ERROR_NOT_FOUND, PV_ERROR_IO, PV_ERROR_LIMIT.
 */
PvSecret *pv_secret_read(const char *source, GError **error);

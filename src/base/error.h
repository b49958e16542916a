/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Every failure in Pavise is a GError of this one domain. The table behind the codes (error.c)
 * gives each its name, what a person should do next, the exit status of a command that ends with
 * it, the HTTP status of a service that answers with it, and Notary's error code.
 */
#define PV_ERROR (pv_error_quark())

typedef enum {
	/* What the input says. */
	PV_ERROR_SYNTAX,      /* not in the form its specification demands */
	PV_ERROR_LIMIT,       /* larger, deeper or more than limits.h allows */
	PV_ERROR_UNSUPPORTED, /* well formed, but of a kind this program does not know */
	PV_ERROR_USAGE,       /* the command line or a configuration file is wrong */
	/* Trust. */
	PV_ERROR_NOT_SIGNED, /* no trust data, or none for this tag */
	PV_ERROR_SIGNATURE,  /* a signature is missing, invalid, or below the threshold */
	PV_ERROR_EXPIRED,    /* signed, but its time is over */
	PV_ERROR_ROLLBACK,   /* older than what was accepted before */
	PV_ERROR_MIX,        /* metadata files that do not belong together */
	PV_ERROR_ROOT,       /* a root that is not the pinned or remembered one */
	PV_ERROR_ROLE,       /* a role name or delegation that is not valid here */
	PV_ERROR_KEY,        /* no such key, an unusable key */
	PV_ERROR_PASSPHRASE, /* wrong or missing passphrase or PIN */
	/* Content. */
	PV_ERROR_DIGEST,  /* bytes that are not what their digest or length says */
	PV_ERROR_ESCAPE,  /* a path that would leave the tree it belongs to */
	PV_ERROR_REFUSED, /* policy says no */
	/* The world. */
	PV_ERROR_NOT_FOUND,
	PV_ERROR_EXISTS,
	PV_ERROR_CONFLICT,     /* somebody else was first; read again and retry */
	PV_ERROR_UNREACHABLE,  /* no answer from a server, or none in time */
	PV_ERROR_UNAUTHORIZED, /* a server demands credentials, or others */
	PV_ERROR_SERVER,       /* a server answered, and not as its protocol says */
	PV_ERROR_TOKEN,        /* a hardware token is gone, was not touched in time, or is busy */
	PV_ERROR_IO,           /* the operating system said no */
	PV_ERROR_INTERNAL,     /* a defect of ours */
	PV_ERROR_COUNT
} PvErrorCode;

typedef struct {
	const char *name;        /* stable, for --json: "not-signed" */
	const char *next_step;   /* a clause for people, may be NULL when the message says all */
	int exit_status;         /* design.md section 6: 1 refused, 2 usage, 3 could not find out */
	int http_status;         /* what the service answers */
	const char *notary_code; /* Notary's code in error bodies (trust.md 1.4) */
} PvErrorInfo;

GQuark pv_error_quark(void);

/**
 * pv_error_info:
 * @error: any GError; of a foreign domain it counts as PV_ERROR_IO
 *
 * Returns: (transfer none): the row of the error table; never NULL.
 */
const PvErrorInfo *pv_error_info(const GError *error);

/**
 * pv_fail:
 * @error: (out): where the error goes, may be NULL
 * @code: its kind
 * @format: the sentence: lower case, no full stop, says where, what was found, what was expected
 *
 * Sets @error. It returns FALSE so that a function can `return pv_fail(error, …)`.
 *
 * Returns: FALSE, always.
 */
gboolean pv_fail(GError **error, PvErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/**
 * pv_fail_null:
 *
 * The same for functions that return a pointer.
 *
 * Returns: NULL, always.
 */
void *pv_fail_null(GError **error, PvErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/**
 * pv_fail_errno:
 * @saved_errno: errno as it was just after the failing call
 *
 * As pv_fail(), with PV_ERROR_IO (PV_ERROR_NOT_FOUND for ENOENT, PV_ERROR_EXISTS for EEXIST) and
 * ": " and the system's words for @saved_errno appended.
 *
 * Returns: FALSE, always.
 */
gboolean pv_fail_errno(GError **error, int saved_errno, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/**
 * pv_fail_wrap:
 * @error: (inout): an error to put words before; nothing happens if it holds none
 *
 * Prefixes the message with "what was being done: ". The code stays.
 *
 * Returns: FALSE, always.
 */
gboolean pv_fail_wrap(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The one error domain and its table. A code is added here, in one row, and nowhere else: exit
 * statuses (design.md section 6), HTTP statuses and Notary's codes (trust.md 1.4) all come from it.
 */

#include "base/error.h"

#include <errno.h>

static const PvErrorInfo table[PV_ERROR_COUNT] = {
	[PV_ERROR_SYNTAX] = { "syntax", NULL, 1, 400, "MALFORMED_JSON" },
	[PV_ERROR_LIMIT] = { "limit", NULL, 1, 413, "MALFORMED_UPLOAD" },
	[PV_ERROR_UNSUPPORTED] = { "unsupported", NULL, 1, 400, "INVALID_UPDATE" },
	[PV_ERROR_USAGE] = { "usage", NULL, 2, 400, "INVALID_PARAMETERS" },
	[PV_ERROR_NOT_SIGNED] = { "not-signed",
				  "ask its publisher to sign it, or sign it with `pavise sign`", 1,
				  404, "METADATA_NOT_FOUND" },
	[PV_ERROR_SIGNATURE] = { "signature", "do not use this image; tell its publisher", 1, 400,
				 "INVALID_UPDATE" },
	[PV_ERROR_EXPIRED] = { "expired", "its publisher has to sign again", 1, 400,
			       "INVALID_UPDATE" },
	[PV_ERROR_ROLLBACK] = { "rollback",
				"somebody may be replaying old trust data; tell its publisher", 1,
				400, "VERSION" },
	[PV_ERROR_MIX] = { "mix-and-match",
			   "the server's files do not belong together; tell its operator", 1, 400,
			   "INVALID_UPDATE" },
	[PV_ERROR_ROOT] = { "root", "compare the root key with the publisher's by another way", 1,
			    400, "INVALID_UPDATE" },
	[PV_ERROR_ROLE] = { "role", NULL, 1, 400, "INVALID_ROLE" },
	[PV_ERROR_KEY] = { "key", NULL, 1, 500, "NO_CRYPTOSERVICE" },
	[PV_ERROR_PASSPHRASE] = { "passphrase", NULL, 1, 500, "NO_CRYPTOSERVICE" },
	[PV_ERROR_DIGEST] = { "digest",
			      "do not use this content; fetch it again from its publisher", 1, 400,
			      "INVALID_UPDATE" },
	[PV_ERROR_ESCAPE] = { "escape", "do not use this image; tell its publisher", 1, 400,
			      "INVALID_UPDATE" },
	[PV_ERROR_REFUSED] = { "refused", NULL, 1, 403, "UNAUTHORIZED" },
	[PV_ERROR_NOT_FOUND] = { "not-found", NULL, 3, 404, "METADATA_NOT_FOUND" },
	[PV_ERROR_EXISTS] = { "exists", NULL, 1, 409, "VERSION" },
	[PV_ERROR_CONFLICT] = { "conflict", "try again", 1, 400, "VERSION" },
	[PV_ERROR_UNREACHABLE] = { "unreachable",
				   "check the address and the network, then try again", 3, 503,
				   "UNKNOWN" },
	[PV_ERROR_UNAUTHORIZED] = { "unauthorized", "log in with `docker login`", 1, 401,
				    "UNAUTHORIZED" },
	[PV_ERROR_SERVER] = { "server", NULL, 3, 502, "UNKNOWN" },
	[PV_ERROR_TOKEN] = { "token", NULL, 3, 503, "UNKNOWN" },
	[PV_ERROR_IO] = { "io", NULL, 3, 500, "NO_STORAGE" },
	[PV_ERROR_INTERNAL] = { "internal", "please report this", 3, 500, "UNKNOWN" },
};

G_DEFINE_QUARK(pavise - error, pv_error)

const PvErrorInfo *pv_error_info(const GError *error)
{
	if (error->domain != PV_ERROR || error->code < 0 || error->code >= PV_ERROR_COUNT)
		return &table[PV_ERROR_IO];
	return &table[error->code];
}

gboolean pv_fail(GError **error, PvErrorCode code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error)
		*error = g_error_new_valist(PV_ERROR, (int)code, format, args);
	va_end(args);
	return FALSE;
}

void *pv_fail_null(GError **error, PvErrorCode code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error)
		*error = g_error_new_valist(PV_ERROR, (int)code, format, args);
	va_end(args);
	return NULL;
}

static PvErrorCode code_of_errno(int saved_errno)
{
	switch (saved_errno) {
	case ENOENT:
		return PV_ERROR_NOT_FOUND;
	case EEXIST:
		return PV_ERROR_EXISTS;
	default:
		return PV_ERROR_IO;
	}
}

gboolean pv_fail_errno(GError **error, int saved_errno, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, PV_ERROR, (int)code_of_errno(saved_errno), "%s: %s", message,
		    g_strerror(saved_errno));
	return FALSE;
}

gboolean pv_fail_wrap(GError **error, const char *format, ...)
{
	g_autofree char *prefix = NULL;
	va_list args;

	if (!error || !*error)
		return FALSE;
	va_start(args, format);
	prefix = g_strdup_vprintf(format, args);
	va_end(args);
	g_prefix_error(error, "%s: ", prefix);
	return FALSE;
}

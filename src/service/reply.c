/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of error replies. A Go client reads at most 1024 bytes of a 400 body and needs exactly
 * one element in `errors` (trust.md 1.4), so messages of a detail are cut.
 */

#include "service/reply.h"

#include <string.h>

#include "base/json.h"

#define MESSAGE_BYTES_MAX 600

static const struct {
	const char *code, *message;
	int status;
} table[] = {
	[PV_REPLY_NOT_FOUND] = { "METADATA_NOT_FOUND",
				 "You have requested metadata that does not exist.", 404 },
	[PV_REPLY_UNAUTHORIZED] = { "UNAUTHORIZED", "authentication required", 401 },
	[PV_REPLY_INVALID_GUN] = { "INVALID_GUN",
				   "The server does not support actions on images of this name.",
				   400 },
	[PV_REPLY_MALFORMED_UPLOAD] = { "MALFORMED_UPLOAD",
					"The body of your request is malformed.", 400 },
	[PV_REPLY_NO_FILENAME] = { "NO_FILENAME", "No file/role name provided.", 400 },
	[PV_REPLY_INVALID_ROLE] = { "INVALID_ROLE",
				    "The role you are attempting to operate on is invalid.", 400 },
	[PV_REPLY_MALFORMED_JSON] = { "MALFORMED_JSON",
				      "JSON sent by the client could not be parsed by the server",
				      400 },
	[PV_REPLY_VERSION] = { "VERSION", "A newer version of metadata is already available.",
			       400 },
	[PV_REPLY_INVALID_UPDATE] = { "INVALID_UPDATE", "Update sent by the client is invalid.",
				      400 },
	[PV_REPLY_NO_ATTESTATION] = { "ATTESTATION_NOT_FOUND",
				      "There is no attestation of this key.", 404 },
	[PV_REPLY_INVALID_ATTESTATION] = { "INVALID_ATTESTATION",
					   "The attestation sent by the client is invalid.", 400 },
	[PV_REPLY_INVALID_PARAMETERS] = { "INVALID_PARAMETERS",
					  "The parameters provided are not valid.", 400 },
	[PV_REPLY_NO_STORAGE] = { "NO_STORAGE", "The server is misconfigured and has no storage.",
				  500 },
	[PV_REPLY_NO_CRYPTOSERVICE] = { "NO_CRYPTOSERVICE",
					"The server does not have a signing service available.",
					500 },
	[PV_REPLY_UNKNOWN] = { "UNKNOWN", "An unknown error has occurred.", 500 },
	[PV_REPLY_METHOD_NOT_ALLOWED] = { NULL, NULL, 405 },
};

gboolean pv_reply_refuse(PvRefusal *refusal, PvReply reply, json_t *detail)
{
	refusal->reply = reply;
	refusal->detail = detail;
	return FALSE;
}

gboolean pv_reply_invalid_update(PvRefusal *refusal, const char *name, const char *missing,
				 const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *valid = NULL;
	json_t *inner = json_object();
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	if (strlen(text) > MESSAGE_BYTES_MAX)
		text[MESSAGE_BYTES_MAX] = '\0';
	valid = g_utf8_make_valid(text, -1);
	if (missing)
		json_object_set_new(inner, "Missing", json_string(missing));
	json_object_set_new(inner, "Msg", json_string(valid));
	return pv_reply_refuse(refusal, PV_REPLY_INVALID_UPDATE,
			       json_pack("{s:s, s:o}", "Name", name, "Error", inner));
}

void pv_reply_send(PvServerAnswer *answer, PvRefusal *refusal)
{
	g_autoptr(json_t) body = NULL;
	json_t *error;
	char *text;

	answer->status = table[refusal->reply].status;
	if (!table[refusal->reply].code)
		return;
	error = json_pack("{s:s, s:s}", "code", table[refusal->reply].code, "message",
			  table[refusal->reply].message);
	if (refusal->detail)
		json_object_set_new(error, "detail", refusal->detail);
	refusal->detail = NULL;
	body = json_pack("{s:[o]}", "errors", error);
	text = pv_json_text(body, FALSE);
	answer->content_type = "application/json; charset=utf-8";
	answer->body = g_bytes_new_take(text, strlen(text));
}

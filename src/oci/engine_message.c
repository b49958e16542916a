/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The messages of a push (Engine API, POST /images/NAME/push): JSON objects, one a line, of which
 * the one with `aux` says what the tag is now.
 */

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "oci/engine.h"

void pv_engine_message_clear(PvEngineMessage *message)
{
	g_clear_pointer(&message->id, g_free);
	g_clear_pointer(&message->status, g_free);
	g_clear_pointer(&message->problem, g_free);
	g_clear_pointer(&message->tag, g_free);
}

static char *printable(const json_t *object, const char *name)
{
	const char *text = pv_json_string(object, name);

	return text && *text ? pv_terminal_safe(text) : NULL;
}

static gboolean read_result(const json_t *aux, PvEngineMessage *message, GError **error)
{
	const char *tag = pv_json_string(aux, "Tag");
	const char *digest = pv_json_string(aux, "Digest");
	const json_t *size = json_object_get(aux, "Size");

	if (!tag || !*tag)
		return TRUE;
	if (!pv_reference_is_tag(tag) || !digest || !json_is_integer(size) ||
	    json_integer_value(size) <= 0 ||
	    json_integer_value(size) > (json_int_t)PV_MANIFEST_BYTES_MAX)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "the engine's message names no tag, digest and size");
	if (!pv_digest_parse(digest, strlen(digest), &message->digest, error))
		return pv_fail_wrap(error, "the engine's message");
	if (message->digest.hash != PV_HASH_SHA256)
		return pv_fail(error, PV_ERROR_UNSUPPORTED, "only sha256 digests can be signed");
	message->tag = g_strdup(tag);
	message->size = (guint64)json_integer_value(size);
	message->has_result = TRUE;
	return TRUE;
}

gboolean pv_engine_message_parse(GBytes *line, PvEngineMessage *ret_message, GError **error)
{
	g_autoptr(json_t) root =
		pv_json_load(line, PV_ENGINE_MESSAGE_BYTES_MAX, "the engine's message", error);
	g_auto(PvEngineMessage) message = { 0 };
	const json_t *progress, *aux;

	if (!root)
		return FALSE;
	if (!json_is_object(root))
		return pv_fail(error, PV_ERROR_SYNTAX, "the engine's message is no object");
	message.id = printable(root, "id");
	message.status = printable(root, "status");
	message.problem = printable(json_object_get(root, "errorDetail"), "message");
	if (!message.problem)
		message.problem = printable(root, "error");
	progress = json_object_get(root, "progressDetail");
	message.progress = json_object_size(progress) > 0;
	aux = json_object_get(root, "aux");
	if (json_is_object(aux) && !read_result(aux, &message, error))
		return FALSE;
	*ret_message = message;
	memset(&message, 0, sizeof(message));
	return TRUE;
}

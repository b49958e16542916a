/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the signer answers (signer_protocol.h). What it signs must be a timestamp or a snapshot of
 * the repository the key is for; nothing of it is kept or logged.
 */

#include "program/signer/answer.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "service/signer_protocol.h"

static const struct {
	const char *role;
	const char *opening; /* of the canonical `signed` object */
} roles[] = {
	{ "timestamp", "{\"_type\":\"Timestamp\"," },
	{ "snapshot", "{\"_type\":\"Snapshot\"," },
};

static const char *opening_of(const char *role)
{
	for (gsize i = 0; role && i < G_N_ELEMENTS(roles); i++) {
		if (strcmp(roles[i].role, role) == 0)
			return roles[i].opening;
	}
	return NULL;
}

static PvMessage *answer_key(PvSignerKeys *keys, const char *gun, const char *role, GError **error)
{
	g_autoptr(PvPublicKey) key = pv_signer_keys_pending(keys, gun, role, error);
	PvMessage *answer;

	if (!key)
		return NULL;
	answer = pv_message_new(PV_SIGNER_PUBLIC);
	pv_message_add_text(answer, pv_public_key_type(key));
	pv_message_add_bytes(answer, pv_public_key_encoded(key));
	return answer;
}

/* (transfer full): the first key id from field @first on that there is a key for. */
static char *held_id(PvSignerKeys *keys, const PvMessage *question, guint first, const char *gun,
		     const char *role)
{
	for (guint i = first; i < question->fields->len; i++) {
		g_autofree char *id = pv_message_text(question, i);

		if (id && pv_signer_keys_has(keys, gun, role, id))
			return g_steal_pointer(&id);
	}
	return NULL;
}

static PvMessage *answer_holds(PvSignerKeys *keys, const PvMessage *question, const char *gun,
			       const char *role)
{
	g_autofree char *id = held_id(keys, question, 2, gun, role);
	PvMessage *answer = pv_message_new(id ? PV_SIGNER_YES : PV_SIGNER_NO);

	if (id)
		pv_message_add_text(answer, id);
	return answer;
}

static PvMessage *answer_sign(PvSignerKeys *keys, const PvMessage *question, const char *gun,
			      const char *role, GError **error)
{
	g_autofree char *id = held_id(keys, question, 3, gun, role);
	GBytes *content = pv_message_field(question, 2);
	const char *opening = opening_of(role);
	g_autoptr(GBytes) signature = NULL;
	const PvPrivateKey *key;
	const char *method, *data;
	PvMessage *answer;
	gsize size;

	if (!id)
		return pv_message_new(PV_SIGNER_NO);
	data = g_bytes_get_data(content, &size);
	if (size < strlen(opening) || memcmp(data, opening, strlen(opening)) != 0)
		return pv_fail_null(error, PV_ERROR_REFUSED, "what is to be signed is no %s", role);
	key = pv_signer_keys_use(keys, gun, role, id, error);
	if (!key)
		return NULL;
	signature = pv_private_key_sign(key, data, size, &method, error);
	if (!signature)
		return NULL;
	answer = pv_message_new(PV_SIGNER_SIGNED);
	pv_message_add_text(answer, id);
	pv_message_add_text(answer, method);
	pv_message_add_bytes(answer, signature);
	return answer;
}

static PvMessage *answer_or_fail(PvSignerKeys *keys, const PvMessage *question, GError **error)
{
	g_autofree char *gun = pv_message_text(question, 0);
	g_autofree char *role = pv_message_text(question, 1);

	if (!gun || !*gun || strlen(gun) > PV_GUN_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "a question without a repository");
	if (question->kind == PV_SIGNER_REMOVE)
		return pv_signer_keys_remove(keys, gun, error) ? pv_message_new(PV_SIGNER_YES)
							       : NULL;
	if (!opening_of(role))
		return pv_fail_null(error, PV_ERROR_ROLE, "no keys are held for that role");
	switch (question->kind) {
	case PV_SIGNER_KEY:
		return answer_key(keys, gun, role, error);
	case PV_SIGNER_HOLDS:
		return answer_holds(keys, question, gun, role);
	case PV_SIGNER_SIGN:
		if (pv_message_field(question, 2))
			return answer_sign(keys, question, gun, role, error);
		break;
	default:
		break;
	}
	return pv_fail_null(error, PV_ERROR_SYNTAX, "a question of an unknown kind");
}

PvMessage *pv_signer_answer(PvSignerKeys *keys, const PvMessage *question)
{
	g_autoptr(GError) error = NULL;
	PvMessage *answer = answer_or_fail(keys, question, &error);

	if (!answer) {
		answer = pv_message_new(PV_SIGNER_FAILED);
		pv_message_add_text(answer, error->message);
	}
	return answer;
}

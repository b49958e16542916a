/* SPDX-License-Identifier: Apache-2.0 */

/* Commands are cut and answers are joined here; each copy of a command is wiped, PINs travel so. */

#include "token/apdu.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define BLOCK_BYTES   255
#define CHAINED       0x10
#define GET_RESPONSE  0xc0
#define STATUS_BYTES  2
#define HEADER_BYTES  5
#define MORE_OF(word) (((word)&0xff00) == PV_APDU_MORE)

/* One command on the line; its answer's data is appended to @answer. */
static gboolean transmit(const PvApduLine *line, const char *what, guint8 class, const PvApdu *apdu,
			 GByteArray *answer, guint *ret_status, GError **error)
{
	guint8 command[HEADER_BYTES + BLOCK_BYTES] = { class, apdu->instruction, apdu->p1, apdu->p2,
						       (guint8)apdu->size };
	guint8 received[PV_APDU_ANSWER_MAX];
	gsize size = 0;
	gboolean done;

	if (apdu->size > 0)
		memcpy(command + HEADER_BYTES, apdu->data, apdu->size);
	done = line->transmit(line->data, command, HEADER_BYTES + apdu->size, received, &size,
			      error);
	explicit_bzero(command, sizeof(command));
	if (!done)
		return pv_fail_wrap(error, "%s", what);
	if (size < STATUS_BYTES || size > sizeof(received))
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: the card answered %zu bytes, expected %d to %d", what, size,
			       STATUS_BYTES, PV_APDU_ANSWER_MAX);
	size -= STATUS_BYTES;
	if (answer->len + size > PV_APDU_ANSWER_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "%s: the card's answer is longer than %zu bytes", what,
			       PV_APDU_ANSWER_BYTES_MAX);
	if (size > 0)
		g_byte_array_append(answer, received, (guint)size);
	*ret_status = (guint)received[size] << 8 | received[size + 1];
	explicit_bzero(received, sizeof(received));
	return TRUE;
}

/* All but the last part of a chained command. */
static gboolean send_parts(const PvApduLine *line, const char *what, PvApdu *apdu,
			   GByteArray *answer, guint *ret_status, GError **error)
{
	*ret_status = PV_APDU_OK;
	while (apdu->size > BLOCK_BYTES && *ret_status == PV_APDU_OK) {
		PvApdu part = *apdu;

		part.size = BLOCK_BYTES;
		if (!transmit(line, what, CHAINED, &part, answer, ret_status, error))
			return FALSE;
		apdu->data += BLOCK_BYTES;
		apdu->size -= BLOCK_BYTES;
	}
	return TRUE;
}

static gboolean fetch_rest(const PvApduLine *line, const char *what, GByteArray *answer,
			   guint *status, GError **error)
{
	while (MORE_OF(*status)) {
		PvApdu more = { .instruction = GET_RESPONSE };
		guint before = answer->len;

		if (!transmit(line, what, 0, &more, answer, status, error))
			return FALSE;
		if (MORE_OF(*status) && answer->len == before)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "%s: the card promises more after %u bytes and gives none",
				       what, before);
	}
	return TRUE;
}

gboolean pv_apdu_send(const PvApduLine *line, const char *what, PvApdu apdu, GBytes **ret_answer,
		      guint *ret_status, GError **error)
{
	g_autoptr(GByteArray) answer = g_byte_array_new();
	guint status;
	gboolean done;

	if (apdu.size > PV_APDU_COMMAND_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: %zu bytes for the card, at most %zu fit",
			       what, apdu.size, PV_APDU_COMMAND_BYTES_MAX);
	done = send_parts(line, what, &apdu, answer, &status, error) &&
	       (status != PV_APDU_OK || (transmit(line, what, 0, &apdu, answer, &status, error) &&
					 fetch_rest(line, what, answer, &status, error)));
	if (done && ret_answer) {
		gsize size = answer->len;
		guint8 *data = g_byte_array_free(g_steal_pointer(&answer), FALSE);

		*ret_answer = g_bytes_new_take(data, size);
	}
	if (done)
		*ret_status = status;
	return done;
}

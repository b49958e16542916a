/* SPDX-License-Identifier: Apache-2.0 */

/* Tokens of a dump: words, quoted names, strings and marks; comments are passed over. */

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "migrate/dump_private.h"

#define TEXT_BYTES_MAX (2 * (gsize)PV_MIGRATE_FIELD_BYTES_MAX + 2) /* bytes: a value as \x… */

static gboolean fill(PvDump *dump)
{
	gssize got = dump->read(dump->read_data, dump->buffer, PV_DUMP_BUFFER_BYTES);

	if (got < 0)
		dump->read_errno = errno;
	dump->at = 0;
	dump->end = (gsize)MAX(got, 0);
	return got > 0;
}

int pv_dump_peek(PvDump *dump)
{
	if (dump->at == dump->end && (dump->read_errno || !fill(dump)))
		return -1;
	return (guint8)dump->buffer[dump->at];
}

int pv_dump_get(PvDump *dump)
{
	int byte = pv_dump_peek(dump);

	if (byte >= 0)
		dump->at++;
	if (byte == '\n')
		dump->line++;
	return byte;
}

gboolean pv_dump_fail(const PvDump *dump, PvErrorCode code, const char *why, GError **error)
{
	if (dump->read_errno)
		return pv_fail_errno(error, dump->read_errno, "cannot read the dump");
	return pv_fail(error, code, "line %" G_GUINT64_FORMAT ": %s", dump->line, why);
}

gboolean pv_dump_append(GString *text, int byte)
{
	if (text->len >= TEXT_BYTES_MAX)
		return FALSE;
	g_string_append_c(text, (char)byte);
	return TRUE;
}

gboolean pv_dump_append_plain(PvDump *dump, GString *text, char one, char other)
{
	const char *start = dump->buffer + dump->at, *end = dump->buffer + dump->end;
	const char *stop = start;

	while (stop < end && *stop != one && *stop != other && *stop != '\n')
		stop++;
	if ((gsize)(stop - start) > TEXT_BYTES_MAX - text->len)
		return FALSE;
	g_string_append_len(text, start, stop - start);
	dump->at += (gsize)(stop - start);
	return TRUE;
}

static void skip_line(PvDump *dump)
{
	int byte;

	do
		byte = pv_dump_get(dump);
	while (byte >= 0 && byte != '\n');
}

static gboolean skip_block_comment(PvDump *dump)
{
	int before = 0, byte;

	while ((byte = pv_dump_get(dump)) >= 0) {
		if (before == '*' && byte == '/')
			return TRUE;
		before = byte;
	}
	return FALSE;
}

/* What a letter after a backslash means; MySQL's and PostgreSQL's agree where both write them. */
static int escaped(int letter)
{
	switch (letter) {
	case '0':
		return '\0';
	case 'b':
		return '\b';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'Z':
		return 26;
	default:
		return letter;
	}
}

/* The rest of what starts with @quote, which doubled stands for itself. */
static gboolean read_quoted(PvDump *dump, int quote, gboolean has_backslashes, GError **error)
{
	for (;;) {
		int byte = pv_dump_get(dump);

		if (byte == quote) {
			if (pv_dump_peek(dump) != quote)
				return TRUE;
			byte = pv_dump_get(dump);
		} else if (byte == '\\' && has_backslashes) {
			byte = escaped(pv_dump_get(dump));
		}
		if (byte < 0)
			return pv_dump_fail(dump, PV_ERROR_SYNTAX,
					    "the dump ends within quotes; is it whole?", error);
		if (!pv_dump_append(dump->text, byte) ||
		    !pv_dump_append_plain(dump, dump->text, (char)quote, '\\'))
			return pv_dump_fail(dump, PV_ERROR_LIMIT, "a value is too long", error);
	}
}

static gboolean is_word(int byte)
{
	return byte >= 0 && (g_ascii_isalnum((char)byte) || byte == '_' || byte >= 0x80);
}

static gboolean decode_hex(PvDump *dump, gsize start, GError **error)
{
	gsize size;

	g_string_erase(dump->text, 0, (gssize)start);
	if (!pv_migrate_decode_hex(dump->text->str, dump->text->len, &size))
		return pv_dump_fail(dump, PV_ERROR_SYNTAX,
				    "a hexadecimal value with other characters", error);
	g_string_truncate(dump->text, size);
	dump->token = PV_TOKEN_STRING;
	return TRUE;
}

/* A word; _binary'…', E'…' and X'…' become the string they introduce. */
static gboolean read_word(PvDump *dump, GError **error)
{
	const char *word;
	gboolean is_hex, is_escaped;

	dump->token = PV_TOKEN_WORD;
	while (is_word(pv_dump_peek(dump))) {
		if (!pv_dump_append(dump->text, pv_dump_get(dump)))
			return pv_dump_fail(dump, PV_ERROR_LIMIT, "a value is too long", error);
	}
	word = dump->text->str;
	if (g_str_has_prefix(word, "0x"))
		return decode_hex(dump, 2, error);
	if (strcmp(word, "_binary") == 0 && pv_dump_peek(dump) == ' ')
		pv_dump_get(dump);
	if (pv_dump_peek(dump) != '\'')
		return TRUE;
	is_hex = g_ascii_strcasecmp(word, "x") == 0;
	is_escaped = g_ascii_strcasecmp(word, "e") == 0 || dump->dialect->has_backslashes;
	pv_dump_get(dump);
	g_string_truncate(dump->text, 0);
	dump->token = PV_TOKEN_STRING;
	return read_quoted(dump, '\'', is_escaped, error) &&
	       (!is_hex || decode_hex(dump, 0, error));
}

/* $tag$ … $tag$, the body of a function: passed over. */
static gboolean skip_dollars(PvDump *dump, GError **error)
{
	g_autoptr(GString) tag = g_string_new("$");
	gsize matched = 0;
	int byte;

	while (is_word(pv_dump_peek(dump)) && tag->len < PV_DUMP_NAME_BYTES_MAX)
		g_string_append_c(tag, (char)pv_dump_get(dump));
	if (pv_dump_peek(dump) != '$')
		return TRUE;
	g_string_append_c(tag, (char)pv_dump_get(dump));
	while ((byte = pv_dump_get(dump)) >= 0) {
		if (byte != tag->str[matched])
			matched = 0;
		if (byte == tag->str[matched] && ++matched == tag->len)
			return TRUE;
	}
	return pv_dump_fail(dump, PV_ERROR_SYNTAX, "the dump ends within a function; is it whole?",
			    error);
}

/* Spaces and comments. Leaves a first byte that is neither, and TRUE if it was taken already. */
static gboolean skip_blank(PvDump *dump, int *ret_byte, GError **error)
{
	for (;;) {
		int byte = pv_dump_get(dump), next = pv_dump_peek(dump);

		if ((byte == '-' && next == '-') ||
		    (byte == '#' && dump->dialect->has_hash_comments)) {
			skip_line(dump);
		} else if (byte == '/' && next == '*') {
			pv_dump_get(dump);
			if (!skip_block_comment(dump))
				return pv_dump_fail(dump, PV_ERROR_SYNTAX,
						    "the dump ends within a comment", error);
		} else if (byte < 0 || !g_ascii_isspace((char)byte)) {
			*ret_byte = byte;
			return TRUE;
		}
	}
}

gboolean pv_dump_next(PvDump *dump, GError **error)
{
	int byte = -1;

	g_string_truncate(dump->text, 0);
	if (!skip_blank(dump, &byte, error))
		return FALSE;
	dump->token = PV_TOKEN_MARK;
	if (byte < 0) {
		dump->token = PV_TOKEN_END;
		return dump->read_errno ? pv_dump_fail(dump, PV_ERROR_IO, "", error) : TRUE;
	}
	if (byte == '\'') {
		dump->token = PV_TOKEN_STRING;
		return read_quoted(dump, byte, dump->dialect->has_backslashes, error);
	}
	if (byte == '`' || byte == '"') {
		dump->token = PV_TOKEN_NAME;
		return read_quoted(dump, byte, FALSE, error);
	}
	g_string_append_c(dump->text, (char)byte);
	if (byte == '$' && dump->dialect->has_copy)
		return skip_dollars(dump, error);
	return is_word(byte) ? read_word(dump, error) : TRUE;
}

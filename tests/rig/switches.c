/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The switches of the rig: what the person at the card does and what the card does wrong, one line
 * a connection on a unix socket, one line back: `ok …` or `error …`.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "reader.h"

#define WORDS_MAX 4

/* Gives back what is wrong, or NULL; an answer beyond "ok" goes to @said. */
typedef const char *Switch(RigReader *reader, char **words, GString *said);

static gboolean read_number(const char *text, guint base, guint64 most, guint64 *ret_number)
{
	return g_ascii_string_to_unsigned(text, base, 0, most, ret_number, NULL);
}

static const char *set_touch(RigReader *reader, char **words, GString *said)
{
	static const char *const names[] = { "auto", "never", "told" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_str_equal(words[1], names[i])) {
			reader->finger = (RigFinger)i;
			return NULL;
		}
	return "touch is auto, never or told";
}

static const char *touch_now(RigReader *reader, char **words, GString *said)
{
	if (!reader->awaiting || reader->finger != RIG_FINGER_TOLD)
		return "no touch is awaited";
	reader->touched = TRUE;
	return NULL;
}

static const char *set_milliseconds(RigReader *reader, char **words, GString *said)
{
	guint64 number;

	if (!read_number(words[1], 10, 600000, &number))
		return "not milliseconds";
	*(g_str_equal(words[0], "slow") ? &reader->slow_ms : &reader->patience_ms) = (guint)number;
	return NULL;
}

static const char *pull(RigReader *reader, char **words, GString *said)
{
	rig_reader_pull(reader);
	return NULL;
}

static const char *push(RigReader *reader, char **words, GString *said)
{
	reader->plugged = TRUE;
	return NULL;
}

static const char *block(RigReader *reader, char **words, GString *said)
{
	RigCard *card = reader->card;

	if (!g_str_equal(words[1], "pin") && !g_str_equal(words[1], "puk"))
		return "block what? pin or puk";
	(g_str_equal(words[1], "pin") ? &card->pin : &card->puk)->left = 0;
	rig_card_save(card);
	return NULL;
}

static const char *tell_tries(RigReader *reader, char **words, GString *said)
{
	g_string_append_printf(said, " pin %u puk %u", reader->card->pin.left,
			       reader->card->puk.left);
	return NULL;
}

static const char *quit(RigReader *reader, char **words, GString *said)
{
	rig_reader_pull(reader);
	reader->ended = TRUE;
	return NULL;
}

/* Another card in the place of this one, without pulling it out: quicker, and untouched. */
static const char *load(RigReader *reader, char **words, GString *said)
{
	RigCard *card = rig_card_load(words[1], NULL);

	if (!card)
		return "not a card";
	rig_card_free(reader->card);
	reader->card = card;
	rig_reader_begin(reader);
	return NULL;
}

static GByteArray *read_hex(const char *text)
{
	GByteArray *bytes = g_byte_array_new();

	for (gsize i = 0; text[i]; i += 2) {
		gint high = g_ascii_xdigit_value(text[i]);
		gint low = high < 0 ? -1 : g_ascii_xdigit_value(text[i + 1]);
		guint8 byte;

		if (low < 0) {
			g_byte_array_unref(bytes);
			return NULL;
		}
		byte = (guint8)(high << 4 | low);
		g_byte_array_append(bytes, &byte, 1);
	}
	return bytes;
}

static const char *add_fault(RigReader *reader, RigFault fault, const char *instruction)
{
	guint64 number;

	if (!read_number(instruction, 16, 0xff, &number))
		return "the instruction is a byte in hex";
	fault.instruction = (guint8)number;
	for (gsize i = 0; i < RIG_FAULTS_MAX; i++)
		if (reader->faults[i].kind == RIG_FAULT_NONE) {
			reader->faults[i] = fault;
			return NULL;
		}
	return "too many faults wait";
}

RigFault rig_fault_take(RigReader *reader, guint8 instruction)
{
	RigFault fault = { 0 };

	for (gsize i = 0; i < RIG_FAULTS_MAX; i++)
		if (reader->faults[i].kind != RIG_FAULT_NONE &&
		    reader->faults[i].instruction == instruction) {
			fault = reader->faults[i];
			memmove(&reader->faults[i], &reader->faults[i + 1],
				(RIG_FAULTS_MAX - 1 - i) * sizeof(fault));
			reader->faults[RIG_FAULTS_MAX - 1] = (RigFault){ 0 };
			break;
		}
	return fault;
}

static const char *cut(RigReader *reader, char **words, GString *said)
{
	if (g_str_equal(words[1], "before"))
		return add_fault(reader, (RigFault){ RIG_FAULT_CUT_BEFORE }, words[2]);
	if (g_str_equal(words[1], "after"))
		return add_fault(reader, (RigFault){ RIG_FAULT_CUT_AFTER }, words[2]);
	return "cut before or after an instruction";
}

static const char *set_answer(RigReader *reader, char **words, GString *said)
{
	/* Not empty: vpcd's driver would wait for a byte of it for ever. */
	RigFault fault = { RIG_FAULT_ANSWER, .bytes = words[2][0] ? read_hex(words[2]) : NULL };
	const char *wrong = fault.bytes ? add_fault(reader, fault, words[1]) : "not hex";

	if (wrong && fault.bytes)
		g_byte_array_unref(fault.bytes);
	return wrong;
}

static const char *set_truncate(RigReader *reader, char **words, GString *said)
{
	guint64 size;

	if (!read_number(words[2], 10, 0xffff, &size))
		return "not a number of bytes";
	if (size == 0)
		return "vpcd takes no empty answer";
	return add_fault(reader, (RigFault){ RIG_FAULT_TRUNCATE, .size = size }, words[1]);
}

static const struct {
	const char *name;
	guint words; /* after the name */
	Switch *turn;
} switches[] = {
	{ "touch", 1, set_touch },           /* auto, never, told */
	{ "finger", 0, touch_now },          /* the touch that is awaited now */
	{ "patience", 1, set_milliseconds }, /* how long a touch is awaited */
	{ "slow", 1, set_milliseconds },     /* before each answer */
	{ "remove", 0, pull },               /* at once */
	{ "insert", 0, push },               /* again */
	{ "cut", 2, cut },                   /* before|after INS: removed in mid-command */
	{ "answer", 2, set_answer },         /* INS HEX */
	{ "truncate", 2, set_truncate },     /* INS BYTES */
	{ "block", 1, block },               /* pin, puk */
	{ "load", 1, load },                 /* STATE: another card in its place */
	{ "quit", 0, quit },                 /* for good; the state stays */
	{ "tries", 0, tell_tries },          /* how many are left */
};

static const char *turn(RigReader *reader, const char *line, GString *said)
{
	g_auto(GStrv) words = g_strsplit(line, " ", WORDS_MAX);

	for (gsize i = 0; words[0] && i < G_N_ELEMENTS(switches); i++)
		if (g_str_equal(words[0], switches[i].name)) {
			if (g_strv_length(words) != 1 + switches[i].words)
				return "wrong number of words";
			return switches[i].turn(reader, words, said);
		}
	return "no such switch";
}

/* A line without its end, or NULL if it is too long or the caller leaves. */
static char *read_line(int fd)
{
	g_autoptr(GString) line = g_string_new(NULL);
	char buffer[512];
	ssize_t size;

	while (line->len < RIG_CONTROL_BYTES_MAX && (size = read(fd, buffer, sizeof(buffer))) > 0) {
		g_string_append_len(line, buffer, size);
		if (line->str[line->len - 1] == '\n') {
			g_string_truncate(line, line->len - 1);
			return g_string_free(g_steal_pointer(&line), FALSE);
		}
	}
	return NULL;
}

static gboolean write_all(int fd, const char *text)
{
	gsize size = strlen(text);

	return send(fd, text, size, MSG_NOSIGNAL) == (ssize_t)size;
}

void rig_control_serve(RigReader *reader)
{
	int caller = accept4(reader->control, NULL, NULL, SOCK_CLOEXEC);
	g_autoptr(GString) said = g_string_new("ok");
	g_autofree char *line = caller < 0 ? NULL : read_line(caller);
	const char *wrong;

	if (line) {
		rig_reader_log(reader, "# %s", line);
		wrong = turn(reader, line, said);
		if (wrong)
			g_string_printf(said, "error %s", wrong);
		g_string_append_c(said, '\n');
		write_all(caller, said->str);
	}
	if (caller >= 0)
		close(caller);
}

static int open_socket(const char *path, struct sockaddr_un *ret_address)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path))
		return -1;
	*ret_address = address;
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int rig_control_listen(const char *path)
{
	struct sockaddr_un address;
	int fd = open_socket(path, &address);

	unlink(path);
	if (fd >= 0 && (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
			listen(fd, 4) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

int rig_control_tell(const char *path, char **words)
{
	g_autofree char *joined = g_strjoinv(" ", words);
	g_autofree char *line = g_strconcat(joined, "\n", NULL);
	g_autofree char *answer = NULL;
	struct sockaddr_un address;
	int fd = open_socket(path, &address);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    write_all(fd, line))
		answer = read_line(fd);
	if (fd >= 0)
		close(fd);
	if (!answer) {
		fprintf(stderr, "rig-card: %s: no answer\n", path);
		return 1;
	}
	if (!g_str_has_prefix(answer, "ok")) {
		fprintf(stderr, "rig-card: %s\n", answer);
		return 1;
	}
	if (answer[2] == ' ')
		puts(answer + 3);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The program of the rig: makes roots of attestations and cards, puts a card in a reader of vpcd,
 * and turns the switches of a card that runs. For tests only; it is never installed.
 */

#include "reader.h"

static const char usage[] = "usage: rig-card root DIR\n"
			    "       rig-card make STATE [--root DIR] [--firmware X.Y.Z] [--serial "
			    "N] [--form-factor N]\n"
			    "                [--fips] [--hide-serial] [--bare]\n"
			    "       rig-card run STATE --port N --control SOCKET --log FILE\n"
			    "       rig-card tell SOCKET WORD...\n";

static gint port, serial = 4242424, form_factor = -1;
static gboolean fips, hide_serial, bare;
static char *root, *firmware, *control, *log_path;

static GOptionEntry options[] = {
	{ "root", 0, 0, G_OPTION_ARG_FILENAME, &root, "who certifies the attestation key", "DIR" },
	{ "firmware", 0, 0, G_OPTION_ARG_STRING, &firmware, "5.4.3 by default", "X.Y.Z" },
	{ "serial", 0, 0, G_OPTION_ARG_INT, &serial, "4242424 by default", "N" },
	{ "form-factor", 0, 0, G_OPTION_ARG_INT, &form_factor, "0: attestations do not tell", "N" },
	{ "fips", 0, 0, G_OPTION_ARG_NONE, &fips, "a FIPS model", NULL },
	{ "hide-serial", 0, 0, G_OPTION_ARG_NONE, &hide_serial, "none in attestations", NULL },
	{ "bare", 0, 0, G_OPTION_ARG_NONE, &bare, "f9 without basicConstraints", NULL },
	{ "port", 0, 0, G_OPTION_ARG_INT, &port, "of vpcd", "N" },
	{ "control", 0, 0, G_OPTION_ARG_FILENAME, &control, "where switches are turned", "SOCKET" },
	{ "log", 0, 0, G_OPTION_ARG_FILENAME, &log_path, "APDUs and events are appended", "FILE" },
	{ NULL },
};

static int complain(const char *what)
{
	fprintf(stderr, "rig-card: %s\n", what);
	return 1;
}

static gboolean read_firmware(const char *text, guint32 *ret_firmware)
{
	g_auto(GStrv) parts = g_strsplit(text, ".", 4);
	guint64 number, version = 0;

	if (g_strv_length(parts) != 3)
		return FALSE;
	for (gsize i = 0; i < 3; i++) {
		if (!g_ascii_string_to_unsigned(parts[i], 10, 0, 255, &number, NULL))
			return FALSE;
		version = version << 8 | number;
	}
	*ret_firmware = (guint32)version;
	return version >= RIG_FIRMWARE(4, 0, 0) && version < RIG_FIRMWARE(6, 0, 0);
}

static int make_root(char **words)
{
	g_autoptr(GError) error = NULL;

	return rig_authority_make(words[0], &error) ? 0 : complain(error->message);
}

static int make_card(char **words)
{
	g_autoptr(RigCard) card = NULL;
	g_autoptr(GError) error = NULL;
	guint32 version;

	if (!read_firmware(firmware ? firmware : "5.4.3", &version))
		return complain("firmware is 4.Y.Z or 5.Y.Z");
	card = rig_card_new(version, (guint32)serial);
	if (form_factor < 0)
		form_factor = version >= RIG_FIRMWARE(5, 0, 0) ? 1 : 0;
	card->form_factor = (guint8)form_factor;
	card->fips = fips;
	card->hides_serial = hide_serial;
	if (root && !rig_authority_certify(root, card, bare, &error))
		return complain(error->message);
	card->path = g_strdup(words[0]);
	rig_card_save(card);
	return 0;
}

static int run_card(char **words)
{
	RigReader reader = { 0 };
	g_autoptr(GError) error = NULL;
	int status;

	if (!control || !log_path || port < 1 || port > 0xffff)
		return complain("run needs --port, --control and --log");
	reader.card = rig_card_load(words[0], &error);
	if (!reader.card)
		return complain(error->message);
	reader.port = (guint16)port;
	reader.log = fopen(log_path, "ae");
	reader.control = rig_control_listen(control);
	if (!reader.log || reader.control < 0)
		return complain("cannot open the log or the control socket");
	status = rig_reader_run(&reader);
	rig_card_free(reader.card);
	fclose(reader.log);
	return status;
}

static int tell_card(char **words)
{
	return rig_control_tell(words[0], words + 1);
}

static const struct {
	const char *name;
	guint words_min, words_max;
	int (*run)(char **words);
} commands[] = {
	{ "root", 1, 1, make_root },
	{ "make", 1, 1, make_card },
	{ "run", 1, 1, run_card },
	{ "tell", 2, 5, tell_card },
};

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, options, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		return complain(error->message);
	for (gsize i = 0; argc > 2 && i < G_N_ELEMENTS(commands); i++)
		if (g_str_equal(argv[1], commands[i].name) &&
		    (guint)argc - 2 >= commands[i].words_min &&
		    (guint)argc - 2 <= commands[i].words_max)
			return commands[i].run(argv + 2);
	fputs(usage, stderr);
	return 2;
}

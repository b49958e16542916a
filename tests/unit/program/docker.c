/* SPDX-License-Identifier: Apache-2.0 */

/* The parts of docker-trust that do no I/O: order of tags, command lines. */

#include <string.h>

#include "base/error.h"
#include "program/docker/commands.h"
#include "program/docker/rows.h"

/* The commands themselves are not run here. */
#define NEVER(name)                                                                         \
	gboolean name(PvDocker *docker, const PvDockerArguments *arguments, GError **error) \
	{                                                                                   \
		return FALSE;                                                               \
	}
NEVER(pv_docker_key_generate)
NEVER(pv_docker_key_load)
NEVER(pv_docker_signer_add)
NEVER(pv_docker_signer_remove)
NEVER(pv_docker_sign)
NEVER(pv_docker_inspect)
NEVER(pv_docker_revoke)

static void test_natural_order(void)
{
	/* Each is before all that follow. */
	static const char *const order[] = { "",     "1",     "01",        "001", "2",
					     "2a",   "10",    "A",         "a",   "a1",
					     "a01",  "a1b",   "a2",        "a10", "b",
					     "v1.9", "v1.10", "v1.10-rc1", "v10", "\xc3\xa9" };

	for (gsize i = 0; i < G_N_ELEMENTS(order); i++) {
		g_assert_cmpint(pv_docker_compare_natural(order[i], order[i]), ==, 0);
		for (gsize k = i + 1; k < G_N_ELEMENTS(order); k++) {
			if (strcmp(order[i], "a01") == 0 && strcmp(order[k], "a1b") == 0)
				continue; /* the number decides before what follows */
			g_assert_cmpint(pv_docker_compare_natural(order[i], order[k]), <, 0);
			g_assert_cmpint(pv_docker_compare_natural(order[k], order[i]), >, 0);
		}
	}
	g_assert_cmpint(pv_docker_compare_natural("a1b", "a01"), <, 0);
	g_assert_cmpint(pv_docker_compare_natural("99999999999999999999999999999998",
						  "99999999999999999999999999999999"),
			<, 0);
}

static const PvDockerCommand *find(const char *line, char ***words, char ***ret_rest)
{
	*words = g_strsplit(line, " ", -1);
	*ret_rest = *words;
	return pv_docker_command_find(ret_rest);
}

static void test_commands(void)
{
	static const struct {
		const char *line, *path;
		guint rest;
	} rows[] = {
		{ "sign a:1", "sign", 1 },
		{ "key generate alice", "key generate", 1 },
		{ "key nope", "key", 1 },
		{ "nope", "", 1 },
		{ "signer --help", "signer", 1 },
		{ "generate", "", 1 },
		{ "signer add --key x a b", "signer add", 4 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(GStrv) words = NULL;
		char **rest;

		g_assert_cmpstr(find(rows[i].line, &words, &rest)->path, ==, rows[i].path);
		g_assert_cmpuint(g_strv_length(rest), ==, rows[i].rest);
	}
}

static void test_arguments(void)
{
	static const struct {
		const char *line, *error, *words, *text;
		gboolean on, help;
	} rows[] = {
		{ "revoke a:1", NULL, "a:1", NULL, FALSE, FALSE },
		{ "revoke -y a:1", NULL, "a:1", NULL, TRUE, FALSE },
		{ "revoke a:1 --yes", NULL, "a:1", NULL, TRUE, FALSE },
		{ "revoke a:1 --yes=false", NULL, "a:1", NULL, FALSE, FALSE },
		{ "revoke -yy a:1", NULL, "a:1", NULL, TRUE, FALSE },
		{ "revoke --help a b c", NULL, "", NULL, FALSE, TRUE },
		{ "revoke -h", NULL, "", NULL, FALSE, TRUE },
		{ "revoke -- -y", NULL, "-y", NULL, FALSE, FALSE },
		{ "revoke -", NULL, "-", NULL, FALSE, FALSE },
		{ "revoke -z x", "unknown shorthand flag: 'z' in -z", NULL, NULL, FALSE, FALSE },
		{ "revoke -yz x", "unknown shorthand flag: 'z' in -z", NULL, NULL, FALSE, FALSE },
		{ "revoke --nope x", "unknown flag: --nope", NULL, NULL, FALSE, FALSE },
		{ "revoke --nope=1 x", "unknown flag: --nope", NULL, NULL, FALSE, FALSE },
		{ "revoke --yes=perhaps x",
		  "invalid argument \"perhaps\" for \"--yes\" flag: strconv.ParseBool: parsing "
		  "\"perhaps\": invalid syntax",
		  NULL, NULL, FALSE, FALSE },
		{ "key load --name x f", NULL, "f", "x", FALSE, FALSE },
		{ "key load f --name=x --name=y", NULL, "f", "y", FALSE, FALSE },
		{ "key load f --name", "flag needs an argument: --name", NULL, NULL, FALSE, FALSE },
		{ "key load --name -- f", NULL, "f", "--", FALSE, FALSE },
		{ "signer add --key a alice --key=b r1 r2", NULL, "alice r1 r2", NULL, FALSE,
		  FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(PvDockerArguments) arguments = { 0 };
		g_auto(GStrv) words = NULL;
		g_autoptr(GError) error = NULL;
		g_autofree char *joined = NULL;
		char **rest;
		const PvDockerCommand *command = find(rows[i].line, &words, &rest);
		gboolean help = FALSE;

		pv_docker_arguments_parse(command, rest, &arguments, &help, &error);
		g_assert_cmpstr(error ? error->message : NULL, ==, rows[i].error);
		if (error)
			continue;
		g_ptr_array_add(arguments.words, NULL);
		joined = g_strjoinv(" ", (char **)arguments.words->pdata);
		g_assert_cmpint(help, ==, rows[i].help);
		if (!help)
			g_assert_cmpstr(joined, ==, rows[i].words);
		g_assert_cmpstr(arguments.text, ==, rows[i].text);
		g_assert_cmpint(arguments.on, ==, rows[i].on);
	}
}

static void test_list(void)
{
	g_auto(PvDockerArguments) arguments = { 0 };
	g_auto(GStrv) words = NULL;
	char **rest;
	const PvDockerCommand *command = find("signer add --key a alice --key=b r", &words, &rest);
	gboolean help;

	g_assert_true(pv_docker_arguments_parse(command, rest, &arguments, &help, NULL));
	g_assert_cmpuint(arguments.list->len, ==, 2);
	g_assert_cmpstr(arguments.list->pdata[0], ==, "a");
	g_assert_cmpstr(arguments.list->pdata[1], ==, "b");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/program/docker/natural-order", test_natural_order);
	g_test_add_func("/program/docker/commands", test_commands);
	g_test_add_func("/program/docker/arguments", test_arguments);
	g_test_add_func("/program/docker/list", test_list);
	return g_test_run();
}

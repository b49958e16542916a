/* SPDX-License-Identifier: Apache-2.0 */

/* A command's flags and words, read as Docker's parser reads them, with its error sentences. */

#include <string.h>

#include "base/error.h"
#include "program/docker/commands.h"

typedef struct {
	const PvDockerCommand *command;
	PvDockerArguments *arguments;
	char **next; /* what is left to read */
	gboolean help;
} Parser;

void pv_docker_arguments_clear(PvDockerArguments *arguments)
{
	g_clear_pointer(&arguments->words, g_ptr_array_unref);
	g_clear_pointer(&arguments->list, g_ptr_array_unref);
	g_clear_pointer(&arguments->text, g_free);
}

static gboolean set_boolean(Parser *parser, const char *value, GError **error)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True", NULL };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False", NULL };

	if (!value || g_strv_contains(yes, value))
		parser->arguments->on = TRUE;
	else if (g_strv_contains(no, value))
		parser->arguments->on = FALSE;
	else
		return pv_fail(error, PV_ERROR_USAGE,
			       "invalid argument \"%s\" for \"--%s\" flag: strconv.ParseBool: "
			       "parsing \"%s\": invalid syntax",
			       value, parser->command->flag, value);
	return TRUE;
}

static gboolean set_flag(Parser *parser, const char *value, GError **error)
{
	if (parser->command->kind == PV_DOCKER_FLAG_BOOLEAN)
		return set_boolean(parser, value, error);
	if (!value)
		value = *parser->next ? *parser->next++ : NULL;
	if (!value)
		return pv_fail(error, PV_ERROR_USAGE, "flag needs an argument: --%s",
			       parser->command->flag);
	if (parser->command->kind == PV_DOCKER_FLAG_LIST) {
		g_ptr_array_add(parser->arguments->list, g_strdup(value));
		return TRUE;
	}
	g_free(parser->arguments->text);
	parser->arguments->text = g_strdup(value);
	return TRUE;
}

static gboolean read_long(Parser *parser, const char *word, GError **error)
{
	const char *equals = strchr(word, '=');
	g_autofree char *name = equals ? g_strndup(word, (gsize)(equals - word)) : g_strdup(word);

	if (strcmp(name, "help") == 0) {
		parser->help = TRUE;
		return TRUE;
	}
	if (g_strcmp0(name, parser->command->flag) != 0)
		return pv_fail(error, PV_ERROR_USAGE, "unknown flag: --%s", name);
	return set_flag(parser, equals ? equals + 1 : NULL, error);
}

/* Letters stand for booleans only here, so that they can be written together. */
static gboolean read_letters(Parser *parser, const char *word, GError **error)
{
	for (const char *letter = word; *letter; letter++) {
		if (*letter == 'h')
			parser->help = TRUE;
		else if (parser->command->letter && *letter == parser->command->letter)
			parser->arguments->on = TRUE;
		else
			return pv_fail(error, PV_ERROR_USAGE, "unknown shorthand flag: '%c' in -%s",
				       *letter, letter);
	}
	return TRUE;
}

static gboolean read_word(Parser *parser, const char *word, GError **error)
{
	if (g_str_has_prefix(word, "--"))
		return read_long(parser, word + 2, error);
	if (word[0] == '-' && word[1])
		return read_letters(parser, word + 1, error);
	g_ptr_array_add(parser->arguments->words, g_strdup(word));
	return TRUE;
}

gboolean pv_docker_arguments_parse(const PvDockerCommand *command, char **words,
				   PvDockerArguments *ret_arguments, gboolean *ret_help,
				   GError **error)
{
	g_auto(PvDockerArguments) arguments = { .words = g_ptr_array_new_with_free_func(g_free),
						.list = g_ptr_array_new_with_free_func(g_free) };
	Parser parser = { command, &arguments, words, FALSE };

	while (*parser.next && !parser.help) {
		const char *word = *parser.next++;

		if (strcmp(word, "--") == 0) {
			for (; *parser.next; parser.next++)
				g_ptr_array_add(arguments.words, g_strdup(*parser.next));
		} else if (!read_word(&parser, word, error)) {
			return FALSE;
		}
	}
	*ret_help = parser.help;
	*ret_arguments = arguments;
	memset(&arguments, 0, sizeof(arguments));
	return TRUE;
}

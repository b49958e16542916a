/* SPDX-License-Identifier: Apache-2.0 */

/* Go-style flags (flags.h); the error sentences are pflag's, since scripts may show them. */

#include "program/notary/flags.h"

#include <string.h>

#include "base/error.h"

typedef struct {
	const PvFlag *const *flags;
	void *options;
	char **argv;
	GPtrArray *arguments;
} Reader;

static const PvFlag *flag_called(const Reader *reader, const char *name, gsize length)
{
	for (const PvFlag *const *flag = reader->flags; *flag; flag++) {
		if (strlen((*flag)->name) == length && strncmp((*flag)->name, name, length) == 0)
			return *flag;
	}
	return NULL;
}

static const PvFlag *flag_of_letter(const Reader *reader, char letter)
{
	for (const PvFlag *const *flag = reader->flags; *flag; flag++) {
		if (letter && (*flag)->letter == letter)
			return *flag;
	}
	return NULL;
}

static gboolean set_bool(gboolean *to, const PvFlag *flag, const char *value, GError **error)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True", NULL };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False", NULL };

	if (!g_strv_contains(yes, value) && !g_strv_contains(no, value))
		return pv_fail(error, PV_ERROR_USAGE,
			       "invalid argument \"%.128s\" for \"--%s\" flag: strconv.ParseBool: "
			       "parsing \"%.128s\": invalid syntax",
			       value, flag->name, value);
	*to = g_strv_contains(yes, value);
	return TRUE;
}

static void append_list(GPtrArray **to, const char *value)
{
	g_auto(GStrv) parts = g_strsplit(value, ",", -1);

	if (!*to)
		*to = g_ptr_array_new_with_free_func(g_free);
	for (char **part = parts; *part; part++)
		g_ptr_array_add(*to, g_strdup(*part));
}

static gboolean append_numbers(GArray **to, const PvFlag *flag, const char *value, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(value, ",", -1);

	if (!*to)
		*to = g_array_new(FALSE, FALSE, sizeof(gint));
	for (char **part = parts; *part; part++) {
		gint64 number;
		gint small;

		if (!g_ascii_string_to_signed(*part, 10, G_MININT, G_MAXINT, &number, NULL))
			return pv_fail(error, PV_ERROR_USAGE,
				       "invalid argument \"%.128s\" for \"-%c, --%s\" flag: "
				       "strconv.Atoi: parsing \"%.128s\": invalid syntax",
				       value, flag->letter, flag->name, *part);
		small = (gint)number;
		g_array_append_val(*to, small);
	}
	return TRUE;
}

static gboolean set(const Reader *reader, const PvFlag *flag, const char *value, GError **error)
{
	void *to = (char *)reader->options + flag->offset;

	switch (flag->kind) {
	case PV_FLAG_BOOL:
		return set_bool(to, flag, value, error);
	case PV_FLAG_STRING:
		g_free(*(char **)to);
		*(char **)to = g_strdup(value);
		return TRUE;
	case PV_FLAG_LIST:
		append_list(to, value);
		return TRUE;
	default:
		return append_numbers(to, flag, value, error);
	}
}

static gboolean read_long(Reader *reader, const char *word, GError **error)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	gsize length = equals ? (gsize)(equals - name) : strlen(name);
	const PvFlag *flag = flag_called(reader, name, length);

	if (!flag)
		return pv_fail(error, PV_ERROR_USAGE, "unknown flag: --%.*s", (int)MIN(length, 128),
			       name);
	if (equals)
		return set(reader, flag, equals + 1, error);
	if (flag->kind == PV_FLAG_BOOL)
		return set(reader, flag, "true", error);
	if (!*reader->argv)
		return pv_fail(error, PV_ERROR_USAGE, "flag needs an argument: --%s", flag->name);
	return set(reader, flag, *reader->argv++, error);
}

static gboolean read_letters(Reader *reader, const char *word, GError **error)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const PvFlag *flag = flag_of_letter(reader, *letter);

		if (!flag)
			return pv_fail(error, PV_ERROR_USAGE, "unknown shorthand flag: '%c' in %s",
				       *letter, word);
		if (letter[1] == '=')
			return set(reader, flag, letter + 2, error);
		if (flag->kind == PV_FLAG_BOOL) {
			if (!set(reader, flag, "true", error))
				return FALSE;
			continue;
		}
		if (letter[1])
			return set(reader, flag, letter + 1, error);
		if (!*reader->argv)
			return pv_fail(error, PV_ERROR_USAGE, "flag needs an argument: '%c' in %s",
				       *letter, word);
		return set(reader, flag, *reader->argv++, error);
	}
	return TRUE;
}

GPtrArray *pv_flags_parse(const PvFlag *const *flags, void *options, char **argv, GError **error)
{
	g_autoptr(GPtrArray) arguments = g_ptr_array_new();
	Reader reader = { flags, options, argv, arguments };

	while (*reader.argv) {
		char *word = *reader.argv++;

		if (strcmp(word, "--") == 0) {
			while (*reader.argv)
				g_ptr_array_add(arguments, *reader.argv++);
		} else if (g_str_has_prefix(word, "--")) {
			if (!read_long(&reader, word, error))
				return NULL;
		} else if (word[0] == '-' && word[1]) {
			if (!read_letters(&reader, word, error))
				return NULL;
		} else {
			g_ptr_array_add(arguments, word);
		}
	}
	return g_steal_pointer(&arguments);
}

static const char *value_word(const PvFlag *flag)
{
	static const char *const words[] = {
		[PV_FLAG_BOOL] = "",
		[PV_FLAG_STRING] = " string",
		[PV_FLAG_LIST] = " strings",
		[PV_FLAG_NUMBERS] = " ints",
	};

	return words[flag->kind];
}

char *pv_flags_usage(const PvFlag *const *flags)
{
	GString *text = g_string_new(NULL);
	gsize widest = 0;

	for (const PvFlag *const *flag = flags; *flag; flag++)
		widest = MAX(widest, strlen((*flag)->name) + strlen(value_word(*flag)));
	for (const PvFlag *const *flag = flags; *flag; flag++) {
		g_autofree char *name = g_strconcat((*flag)->name, value_word(*flag), NULL);

		if ((*flag)->letter)
			g_string_append_printf(text, "  -%c, --", (*flag)->letter);
		else
			g_string_append(text, "      --");
		g_string_append_printf(text, "%-*s   %s\n", (int)widest, name, (*flag)->help);
	}
	return g_string_free(text, FALSE);
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Alpine's order (apk-tools, apk-package(5)): digits{.digits}, one letter, {_suffix[number]},
 * ~hash, -rN. The first number is a number; a later one that begins with 0 is read as a fraction.
 * Suffixes alpha, beta, pre, rc come before none; cvs, svn, git, hg, p after it.
 */

#include <string.h>

#include "vuln/version_orders.h"

typedef enum { /* what comes next; the later in this list, the more a version goes on */
	       TOKEN_INVALID = -1,
	       TOKEN_DIGIT_FIRST,
	       TOKEN_DIGIT,
	       TOKEN_LETTER,
	       TOKEN_SUFFIX,
	       TOKEN_SUFFIX_NUMBER,
	       TOKEN_HASH,
	       TOKEN_REVISION,
	       TOKEN_END
} Token;

static const struct {
	const char *name;
	int order;
} suffixes[] = {
	{ "alpha", -4 }, { "beta", -3 }, { "pre", -2 }, { "rc", -1 }, { "cvs", 1 },
	{ "svn", 2 },    { "git", 3 },   { "hg", 4 },   { "p", 5 },
};

typedef struct {
	const char *at;
	Token token;
	const char *value; /* of @token */
	gsize size;
	int suffix;
} Reader;

static gboolean take_digits(Reader *reader)
{
	reader->value = reader->at;
	while (g_ascii_isdigit(*reader->at))
		reader->at++;
	reader->size = (gsize)(reader->at - reader->value);
	return reader->size > 0;
}

static gboolean take_suffix(Reader *reader)
{
	gsize length = 0;

	while (g_ascii_islower(reader->at[length]))
		length++;
	for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		if (strlen(suffixes[i].name) == length &&
		    strncmp(reader->at, suffixes[i].name, length) == 0) {
			reader->at += length;
			reader->suffix = suffixes[i].order;
			return TRUE;
		}
	}
	return FALSE;
}

static gboolean take_hash(Reader *reader)
{
	reader->value = reader->at;
	while (g_ascii_isdigit(*reader->at) || (*reader->at >= 'a' && *reader->at <= 'f'))
		reader->at++;
	reader->size = (gsize)(reader->at - reader->value);
	return reader->size > 0;
}

/* Moves to the next token; what may follow which is apk's grammar. */
static void advance(Reader *reader)
{
	Token last = reader->token;
	const char *at = reader->at;

	reader->token = TOKEN_INVALID;
	if (*at == '\0') {
		reader->token = TOKEN_END;
	} else if (*at == '.' && last <= TOKEN_DIGIT) {
		reader->at++;
		if (take_digits(reader))
			reader->token = TOKEN_DIGIT;
	} else if (g_ascii_islower(*at) && last <= TOKEN_DIGIT) {
		reader->value = reader->at++;
		reader->size = 1;
		reader->token = TOKEN_LETTER;
	} else if (*at == '_' && last <= TOKEN_SUFFIX_NUMBER) {
		reader->at++;
		if (take_suffix(reader))
			reader->token = TOKEN_SUFFIX;
	} else if (g_ascii_isdigit(*at) && last == TOKEN_SUFFIX) {
		take_digits(reader);
		reader->token = TOKEN_SUFFIX_NUMBER;
	} else if (*at == '~' && last < TOKEN_HASH) {
		reader->at++;
		if (take_hash(reader))
			reader->token = TOKEN_HASH;
	} else if (at[0] == '-' && at[1] == 'r' && last < TOKEN_REVISION) {
		reader->at += 2;
		if (take_digits(reader))
			reader->token = TOKEN_REVISION;
	}
}

static Reader begin(const char *version)
{
	Reader reader = { .at = version, .token = TOKEN_INVALID };

	if (take_digits(&reader))
		reader.token = TOKEN_DIGIT_FIRST;
	return reader;
}

static int compare_bytes(const Reader *a, const Reader *b)
{
	int order = memcmp(a->value, b->value, MIN(a->size, b->size));

	if (order != 0)
		return order < 0 ? -1 : 1;
	return a->size < b->size ? -1 : a->size > b->size;
}

static int compare_numbers(Reader a, Reader b)
{
	while (a.size > 0 && *a.value == '0')
		a.value++, a.size--;
	while (b.size > 0 && *b.value == '0')
		b.value++, b.size--;
	if (a.size != b.size)
		return a.size < b.size ? -1 : 1;
	return compare_bytes(&a, &b);
}

static int compare_values(const Reader *a, const Reader *b)
{
	switch (a->token) {
	case TOKEN_DIGIT:
		if (*a->value == '0' || *b->value == '0')
			return compare_bytes(a, b);
		return compare_numbers(*a, *b);
	case TOKEN_DIGIT_FIRST:
	case TOKEN_SUFFIX_NUMBER:
	case TOKEN_REVISION:
		return compare_numbers(*a, *b);
	case TOKEN_SUFFIX:
		return a->suffix < b->suffix ? -1 : a->suffix > b->suffix;
	case TOKEN_LETTER:
	case TOKEN_HASH:
		return compare_bytes(a, b);
	default:
		return 0;
	}
}

/* Both went the same way until here, and then differ in kind. */
static int compare_tokens(const Reader *a, const Reader *b)
{
	/* A prerelease suffix is below everything else that might stand there. */
	if (a->token == TOKEN_SUFFIX && a->suffix < 0)
		return -1;
	if (b->token == TOKEN_SUFFIX && b->suffix < 0)
		return 1;
	return a->token > b->token ? -1 : 1;
}

static int compare(const char *a, const char *b)
{
	Reader left = begin(a), right = begin(b);

	while (left.token == right.token && left.token != TOKEN_END &&
	       left.token != TOKEN_INVALID) {
		int order = compare_values(&left, &right);

		if (order != 0)
			return order;
		advance(&left);
		advance(&right);
	}
	if (left.token == TOKEN_INVALID || right.token == TOKEN_INVALID) {
		int order = strcmp(left.at, right.at);

		if (left.token != right.token)
			return left.token == TOKEN_INVALID ? -1 : 1;
		return order < 0 ? -1 : order > 0;
	}
	return left.token == right.token ? 0 : compare_tokens(&left, &right);
}

static gboolean is_valid(const char *version)
{
	Reader reader = begin(version);

	while (reader.token != TOKEN_INVALID && reader.token != TOKEN_END)
		advance(&reader);
	return reader.token == TOKEN_END;
}

const PvVersionOrder pv_version_apk = {
	.name = "apk",
	.description = "Alpine: apk-package(5)",
	.is_valid = is_valid,
	.compare = compare,
};

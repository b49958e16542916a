/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Command lines as Go's pflag reads them: flags anywhere between arguments, `--name value`,
 * `--name=value`, `-n value`, `-nvalue`, `-n=value`, letters together, `--` before what is no flag.
 */

typedef enum {
	PV_FLAG_BOOL,   /* gboolean */
	PV_FLAG_STRING, /* char* */
	PV_FLAG_LIST,   /* GPtrArray* of char*: repeatable, commas between values */
	PV_FLAG_NUMBERS /* GArray* of gint: likewise */
} PvFlagKind;

typedef struct {
	const char *name;
	char letter; /* 0 for none */
	PvFlagKind kind;
	gsize offset; /* of the value in the options' structure */
	const char *help;
} PvFlag;

/**
 * pv_flags_parse:
 * @flags: NULL-terminated pointers to the flags that may be there
 * @options: the structure that receives values
 * @argv: what follows the command's name, NULL-terminated
 *
 * Errors: PV_ERROR_USAGE, in pflag's words.
 *
 * Returns: (transfer container): the arguments that are no flags (borrowed from @argv).
 */
GPtrArray *pv_flags_parse(const PvFlag *const *flags, void *options, char **argv, GError **error);

/* What `--help` says of the flags, as pflag lays it out. */
char *pv_flags_usage(const PvFlag *const *flags);

/* SPDX-License-Identifier: Apache-2.0 */

/* Runs `pavise-image engine` and reads its lines (program/cli/engine.c says what they are). */

#include "program/docker/engine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/process.h"
#include "base/terminal.h"

typedef struct {
	PvFileMeta *content;
	gboolean found;
} Answer;

static gboolean read_result(const char *text, Answer *answer, GError **error)
{
	const char *space = strchr(text, ' ');

	if (!space || !answer->content ||
	    !pv_digest_parse(text, (gsize)(space - text), &answer->content->sha256, NULL) ||
	    !g_ascii_string_to_unsigned(space + 1, 10, 1, PV_MANIFEST_BYTES_MAX,
					&answer->content->length, NULL))
		return pv_fail(error, PV_ERROR_INTERNAL, "pavise-image gave no digest");
	answer->found = TRUE;
	return TRUE;
}

static gboolean take_line(void *data, const char *line, GError **error)
{
	static const struct {
		const char *word;
		PvErrorCode code;
	} failures[] = { { "missing ", PV_ERROR_NOT_FOUND },
			 { "unreachable ", PV_ERROR_UNREACHABLE },
			 { "failed ", PV_ERROR_REFUSED } };
	g_autofree char *safe = pv_terminal_safe(line);

	if (g_str_has_prefix(line, "result "))
		return read_result(line + strlen("result "), data, error);
	for (gsize i = 0; i < G_N_ELEMENTS(failures); i++) {
		if (g_str_has_prefix(safe, failures[i].word))
			return pv_fail(error, failures[i].code, "%s",
				       safe + strlen(failures[i].word));
	}
	if (g_str_has_prefix(safe, "progress ")) {
		pv_terminal_step_end();
		puts(safe + strlen("progress "));
		fflush(stdout);
	} else if (g_str_has_prefix(safe, "step ") && isatty(STDERR_FILENO)) {
		pv_terminal_step("%s", safe + strlen("step "));
	}
	return TRUE;
}

static void add_option(GPtrArray *argv, const char *option, const char *value)
{
	if (!value)
		return;
	g_ptr_array_add(argv, (void *)option);
	g_ptr_array_add(argv, (void *)value);
}

static gboolean ask(const PvDocker *docker, const char *what, const PvDockerImage *image,
		    Answer *answer, GError **error)
{
	g_autofree char *program = pv_process_program("pavise-image");
	g_autofree char *name = pv_reference_format(&image->reference);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	gboolean done;
	int status;

	g_ptr_array_add(argv, program);
	g_ptr_array_add(argv, (void *)"engine");
	add_option(argv, "--host", docker->host);
	add_option(argv, "--context", docker->context);
	add_option(argv, "--tlscacert", docker->ca_file);
	add_option(argv, "--tlscert", docker->certificate_file);
	add_option(argv, "--tlskey", docker->key_file);
	if (docker->tls)
		g_ptr_array_add(argv, (void *)"--tls");
	g_ptr_array_add(argv, (void *)"--");
	g_ptr_array_add(argv, (void *)what);
	g_ptr_array_add(argv, name);
	g_ptr_array_add(argv, NULL);
	done = pv_process_lines((char **)argv->pdata, take_line, answer, &status, error);
	pv_terminal_step_end();
	if (done && status != 0)
		return pv_fail(error, PV_ERROR_REFUSED, "pavise-image ended with status %d",
			       status);
	return done;
}

gboolean pv_docker_engine_check(const PvDocker *docker, const PvDockerImage *image, GError **error)
{
	Answer answer = { NULL, FALSE };

	return ask(docker, "inspect", image, &answer, error);
}

gboolean pv_docker_engine_push(const PvDocker *docker, const PvDockerImage *image,
			       PvFileMeta *ret_content, GError **error)
{
	PvFileMeta content = { 0 };
	Answer answer = { &content, FALSE };

	if (!ask(docker, "push", image, &answer, error))
		return FALSE;
	if (!answer.found)
		return pv_fail(error, PV_ERROR_INTERNAL, "pavise-image gave no digest");
	*ret_content = content;
	return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Finding a command as execvp(3) would inside a root file system, without entering it.
 */

#include "isolate/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "isolate/path.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Runtimes say nothing clear of a file that is neither a program nor a script. */
static gboolean is_program(int fd)
{
	char begin[4] = { 0 };

	return pread(fd, begin, sizeof(begin), 0) >= 2 &&
	       (memcmp(begin, "\177ELF", sizeof(begin)) == 0 || memcmp(begin, "#!", 2) == 0);
}

static int try_path(int root, const char *path)
{
	int fd = pv_path_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat status;
	int answer = PV_EXIT_NOT_FOUND;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? PV_EXIT_NOT_FOUND : PV_EXIT_NOT_RUN;
	if (fstat(fd, &status) == 0)
		answer = S_ISREG(status.st_mode) && status.st_mode & 0111 && is_program(fd)
				 ? 0
				 : PV_EXIT_NOT_RUN;
	close(fd);
	return answer;
}

static int try_search(int root, const char *command, char **environment,
		      const char *working_directory)
{
	const char *search = DEFAULT_PATH;
	g_auto(GStrv) places = NULL;
	int answer = PV_EXIT_NOT_FOUND;

	for (guint i = 0; environment[i]; i++) {
		if (g_str_has_prefix(environment[i], "PATH="))
			search = environment[i] + strlen("PATH=");
	}
	places = g_strsplit(search, ":", -1);
	for (guint i = 0; places[i] && answer != 0; i++) {
		g_autofree char *place = g_canonicalize_filename(places[i], working_directory);
		g_autofree char *path = g_build_filename(place, command, NULL);
		int here = try_path(root, path);

		/* A directory of that name is passed over, as by execvp. */
		if (here != PV_EXIT_NOT_FOUND)
			answer = here;
	}
	return answer;
}

int pv_lookup_command(int root, const char *command, char **environment,
		      const char *working_directory, GError **error)
{
	g_autofree char *path = g_path_is_absolute(command)
					? g_strdup(command)
					: g_build_filename(working_directory, command, NULL);
	gboolean is_name = !strchr(command, '/');
	int answer = is_name ? try_search(root, command, environment, working_directory)
			     : try_path(root, path);

	if (answer == PV_EXIT_NOT_FOUND)
		pv_fail(error, PV_ERROR_NOT_FOUND, "%s: the image has no such command%s", command,
			is_name ? " in its PATH" : "");
	else if (answer == PV_EXIT_NOT_RUN)
		pv_fail(error, PV_ERROR_IO, "%s: is not an executable file", command);
	return answer;
}

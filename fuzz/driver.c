/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Replays a corpus through a fuzz target without a fuzzer: each file of the directory named on the
 * command line, and the empty input, must be survived. Prints TAP.
 */

#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guint replay(const char *directory)
{
	GDir *corpus = g_dir_open(directory, 0, NULL);
	const char *name;
	guint count = 0;

	if (!corpus)
		return 0;
	while ((name = g_dir_read_name(corpus))) {
		g_autofree char *path = g_build_filename(directory, name, NULL);
		g_autofree char *content = NULL;
		gsize size;

		if (!g_file_get_contents(path, &content, &size, NULL))
			continue;
		LLVMFuzzerTestOneInput((const uint8_t *)content, size);
		count++;
	}
	g_dir_close(corpus);
	return count;
}

int main(int argc, char **argv)
{
	guint count = 0;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		count += replay(argv[i]);
	printf("1..1\n%s 1 - %u inputs replayed\n", count ? "ok" : "not ok", count);
	return count ? 0 : 1;
}

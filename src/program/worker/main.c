/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise-worker: reads images for others, from descriptors it is handed, in a process that has
 * lost all else. It is started by Pavise's programs with a socket as standard input. It leaves by
 * _exit(): whatever cleans up at exit has no rights here any more.
 */

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "sandbox/confine.h"
#include "sandbox/serve.h"

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	int type = 0;
	socklen_t size = sizeof(type);
	guint measures = 0;

	if (argc > 1 || getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) < 0) {
		fputs("pavise-worker: is started by pavise, not by people\n", stderr);
		return 2;
	}
	pv_serve_prepare();
	if (!pv_confine_self(&measures, &error) ||
	    !pv_serve_requests(STDIN_FILENO, measures, &error))
		_exit(3);
	_exit(0);
}

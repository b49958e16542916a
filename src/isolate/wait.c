/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Waiting for a child as a good parent: signals are taken one at a time with sigwaitinfo(2), so
 * there is no handler and no race with the end of the child.
 */

#include "isolate/wait.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH };

static sigset_t waited_for(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (gsize i = 0; i < G_N_ELEMENTS(forwarded); i++)
		sigaddset(&set, forwarded[i]);
	return set;
}

void pv_wait_block_signals(void)
{
	sigset_t set = waited_for();

	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void pv_wait_reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Reaps all that ended; TRUE if @pid is among them. */
static gboolean reap(pid_t pid, int *ret_status)
{
	gboolean ended = FALSE;
	int status;
	pid_t which;

	while ((which = waitpid(-1, &status, WNOHANG)) > 0) {
		if (which != pid)
			continue;
		*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		ended = TRUE;
	}
	return ended;
}

int pv_wait_forwarding(pid_t pid)
{
	sigset_t set = waited_for();
	siginfo_t info;
	int status = 255;

	pv_wait_block_signals();
	while (!reap(pid, &status)) {
		int number = sigwaitinfo(&set, &info);

		if (number > 0 && number != SIGCHLD && info.si_code <= 0)
			kill(pid, number);
	}
	return status;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise-token: reaches the user's tokens for one command (design.md section 1). PKCS#11 modules and
 * PC/SC run here, where their crash, hang or lie costs the command an error and nothing else. Its
 * only way to the command is the socket at descriptor 3; it ends when the command does.
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "crypto/secret.h"
#include "program/token/answer.h"

#define PROGRAM   "pavise-token"
#define SOCKET_FD 3

static gboolean answer_all(GError **error)
{
	g_autoptr(PvTokenAnswers) answers = pv_token_answers_new(SOCKET_FD);

	for (;;) {
		g_autoptr(PvMessage) question =
			pv_message_receive(SOCKET_FD, PV_TOKEN_QUESTION_BYTES_MAX, error);

		if (!question)
			return !*error;
		if (!pv_token_answers_one(answers, question, error))
			return FALSE;
	}
}

/* A module that hangs does not keep this process alive after the command. */
static gboolean end_with_parent(void)
{
	pid_t parent = getppid();

	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	pv_secret_protect_process();
	signal(SIGPIPE, SIG_IGN); /* modules that write to sockets of their own */
	if (argc != 1 || !end_with_parent() || fcntl(SOCKET_FD, F_SETFD, FD_CLOEXEC) != 0)
		return 2;
	if (!answer_all(&error))
		return pv_terminal_fail(PROGRAM, error);
	return 0;
}

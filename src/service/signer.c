/* SPDX-License-Identifier: Apache-2.0 */

/* Starts pavise-signer, or connects to one, and asks it (signer_protocol.h). Keys never come here. */

#include "service/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/process.h"
#include "service/signer_protocol.h"
#include "service/signer_remote.h"

#define ANSWER_S 30 /* seconds: a signer that takes longer hangs */

struct PvSigner {
	GMutex lock;
	PvSignerRemote *remote; /* NULL: a child of ours */
	pid_t pid;
	int fd;
};

/*
 * In the child: the socket becomes descriptor 3, all above it is closed. @program is open already:
 * the signer's user need not be able to come to where it lies.
 */
static void G_GNUC_NORETURN become_signer(const char *path, const PvSignerStart *start, int program,
					  int fd)
{
	const char *argv[7] = { path, start->directory };
	const PvAccount *account = start->account;
	guint count = 2;
	sigset_t none;

	if (start->token) {
		argv[count++] = "--token";
		argv[count++] = start->token;
	}
	if (start->pin_source) {
		argv[count++] = "--pin-source";
		argv[count++] = start->pin_source;
	}

	program = fcntl(program, F_DUPFD_CLOEXEC, 4); /* out of the way of 3 */
	if (account && pv_account_become(account) != 0)
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* of no effect between users: then the socket tells */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (fd == 3)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, 3);
	if (program > 4)
		close_range(4, (unsigned)program - 1, 0);
	close_range((unsigned)program + 1, ~0U, 0);
	fexecve(program, (char **)argv, environ);
	_exit(127);
}

PvSigner *pv_signer_start(const PvSignerStart *start, GError **error)
{
	g_autofree char *path = pv_process_program("pavise-signer");
	PvSigner *signer;
	int pair[2], program;
	pid_t pid;

	program = open(path, O_PATH | O_CLOEXEC);
	if (program < 0) {
		pv_fail_errno(error, errno, "cannot run %s", path);
		return NULL;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		pv_fail_errno(error, errno, "cannot make a socket pair");
		close(program);
		return NULL;
	}
	pid = fork();
	if (pid == 0)
		become_signer(path, start, program, pair[1]);
	close(program);
	close(pair[1]);
	if (pid < 0) {
		pv_fail_errno(error, errno, "cannot start %s", path);
		close(pair[0]);
		return NULL;
	}
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ ANSWER_S, 0 },
		   sizeof(struct timeval));
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ ANSWER_S, 0 },
		   sizeof(struct timeval));
	signer = g_new0(PvSigner, 1);
	g_mutex_init(&signer->lock);
	signer->pid = pid;
	signer->fd = pair[0];
	return signer;
}

PvSigner *pv_signer_connect(const PvSignerAddress *address, GError **error)
{
	PvSignerRemote *remote = pv_signer_remote_new(address, error);
	PvSigner *signer;

	if (!remote)
		return NULL;
	signer = g_new0(PvSigner, 1);
	g_mutex_init(&signer->lock);
	signer->remote = remote;
	signer->fd = -1;
	return signer;
}

static void stop_child(PvSigner *signer)
{
	if (signer->fd >= 0)
		close(signer->fd);
	while (waitpid(signer->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void pv_signer_stop(PvSigner *signer)
{
	if (!signer)
		return;
	if (signer->remote)
		pv_signer_remote_free(signer->remote);
	else
		stop_child(signer);
	g_mutex_clear(&signer->lock);
	g_free(signer);
}

static PvMessage *question(PvSignerMessage kind, const char *gun, const char *role)
{
	PvMessage *message = pv_message_new(kind);

	pv_message_add_text(message, gun);
	if (role)
		pv_message_add_text(message, role);
	return message;
}

static PvMessage *ask_child(PvSigner *signer, const PvMessage *message, GError **error)
{
	g_autoptr(GError) failure = NULL;
	PvMessage *answer;

	if (signer->fd < 0)
		return pv_fail_null(error, PV_ERROR_UNREACHABLE,
				    "the signer is gone; restart the service");
	if (!pv_message_send(signer->fd, message, &failure))
		answer = NULL;
	else
		answer = pv_message_receive(signer->fd, PV_MIB, &failure);
	if (answer)
		return answer;
	/* A late answer must not be taken for that of the next question. */
	close(signer->fd);
	signer->fd = -1;
	kill(signer->pid, SIGKILL);
	waitpid(signer->pid, NULL, WNOHANG);
	return pv_fail_null(error, PV_ERROR_UNREACHABLE, "the signer is gone: %s",
			    failure ? failure->message : "it has ended");
}

/* One question and its answer; a FAILED answer becomes the error. */
static PvMessage *ask(PvSigner *signer, const PvMessage *message, GError **error)
{
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&signer->lock);
	g_autoptr(PvMessage) answer = NULL;
	g_autofree char *sentence = NULL;

	answer = signer->remote ? pv_signer_remote_ask(signer->remote, message, error)
				: ask_child(signer, message, error);
	if (!answer)
		return NULL;
	if (answer->kind != PV_SIGNER_FAILED)
		return g_steal_pointer(&answer);
	sentence = pv_message_text(answer, 0);
	return pv_fail_null(error, PV_ERROR_KEY, "signer: %s", sentence ? sentence : "failed");
}

static void *unexpected(GError **error)
{
	return pv_fail_null(error, PV_ERROR_INTERNAL, "the signer gave an answer out of place");
}

PvPublicKey *pv_signer_key(PvSigner *signer, const char *gun, const char *role, GError **error)
{
	g_autoptr(PvMessage) message = question(PV_SIGNER_KEY, gun, role);
	g_autoptr(PvMessage) answer = NULL;
	g_autofree char *type = NULL;
	GBytes *public;
	gsize size;

	pv_message_add_text(message, "ecdsa");
	answer = ask(signer, message, error);
	if (!answer)
		return NULL;
	type = pv_message_text(answer, 0);
	public = pv_message_field(answer, 1);
	if (answer->kind != PV_SIGNER_PUBLIC || !type || !public)
		return unexpected(error);
	return pv_public_key_new(type, g_bytes_get_data(public, &size), g_bytes_get_size(public),
				 error);
}

static PvPublicKey *key_with_id(const PvRole *role, const char *id)
{
	for (guint i = 0; id && i < role->keys->len; i++) {
		if (strcmp(pv_public_key_id(role->keys->pdata[i]), id) == 0)
			return role->keys->pdata[i];
	}
	return NULL;
}

static void add_ids(PvMessage *message, const PvRole *role)
{
	guint room = PV_MESSAGE_FIELDS_MAX - message->fields->len;

	for (guint i = 0; i < role->keys->len && i < room; i++)
		pv_message_add_text(message, pv_public_key_id(role->keys->pdata[i]));
}

PvPublicKey *pv_signer_holds(PvSigner *signer, const char *gun, const PvRole *role, GError **error)
{
	g_autoptr(PvMessage) message = question(PV_SIGNER_HOLDS, gun, role->name);
	g_autoptr(PvMessage) answer = NULL;
	g_autofree char *id = NULL;

	add_ids(message, role);
	answer = ask(signer, message, error);
	if (!answer || answer->kind == PV_SIGNER_NO)
		return NULL;
	id = pv_message_text(answer, 0);
	if (answer->kind != PV_SIGNER_YES || !key_with_id(role, id))
		return unexpected(error);
	return key_with_id(role, id);
}

PvSignature *pv_signer_sign(PvSigner *signer, const char *gun, const PvRole *role, GBytes *content,
			    GError **error)
{
	g_autoptr(PvMessage) message = question(PV_SIGNER_SIGN, gun, role->name);
	g_autoptr(PvMessage) answer = NULL;
	g_autofree char *id = NULL;
	g_autofree char *method = NULL;

	pv_message_add_bytes(message, content);
	add_ids(message, role);
	answer = ask(signer, message, error);
	if (!answer)
		return NULL;
	if (answer->kind == PV_SIGNER_NO)
		return pv_fail_null(error, PV_ERROR_KEY, "the signer holds no %s key of %s",
				    role->name, gun);
	id = pv_message_text(answer, 0);
	method = pv_message_text(answer, 1);
	if (answer->kind != PV_SIGNER_SIGNED || !key_with_id(role, id) || !method ||
	    !pv_message_field(answer, 2))
		return unexpected(error);
	return pv_signature_new(id, method, pv_message_field(answer, 2));
}

gboolean pv_signer_remove(PvSigner *signer, const char *gun, GError **error)
{
	g_autoptr(PvMessage) message = question(PV_SIGNER_REMOVE, gun, NULL);
	g_autoptr(PvMessage) answer = ask(signer, message, error);

	return answer != NULL;
}

gboolean pv_signer_check(PvSigner *signer, GError **error)
{
	g_autoptr(PvMessage) message = question(PV_SIGNER_HOLDS, "-", "timestamp");
	g_autoptr(PvMessage) answer = ask(signer, message, error);

	return answer != NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Starts pavise-fetch and asks it (fetch_protocol.h). */

#include "trust/remote.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/process.h"
#include "trust/fetch_protocol.h"
#include "tuf/nodes.h"

struct PvRemote {
	char *server, *gun, *ca_file, *certificate_file, *key_file;
	pid_t pid; /* 0 until started */
	int fd;
	GQueue asked; /* of Early: asked ahead, not answered yet; in the order of the answers */
	GHashTable *early; /* name → Early: answered, not used yet */
};

/* A file that was asked for before it was needed. */
typedef struct {
	char *name; /* "snapshot" */
	gsize max_bytes;
	GBytes *body;    /* NULL until answered, and if it failed: */
	GError *failure; /* why */
} Early;

static void early_free(void *data)
{
	Early *early = data;

	g_free(early->name);
	g_clear_pointer(&early->body, g_bytes_unref);
	g_clear_error(&early->failure);
	g_free(early);
}

PvRemote *pv_remote_new(const char *server, const char *gun, const char *ca_file)
{
	PvRemote *remote = g_new0(PvRemote, 1);

	remote->server = g_strdup(server);
	remote->gun = g_strdup(gun);
	remote->ca_file = g_strdup(ca_file);
	remote->fd = -1;
	g_queue_init(&remote->asked);
	remote->early = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, early_free);
	return remote;
}

void pv_remote_set_certificate(PvRemote *remote, const char *certificate_file, const char *key_file)
{
	g_free(remote->certificate_file);
	g_free(remote->key_file);
	remote->certificate_file = g_strdup(certificate_file);
	remote->key_file = g_strdup(key_file);
}

void pv_remote_free(PvRemote *remote)
{
	if (!remote)
		return;
	if (remote->pid > 0) {
		close(remote->fd);
		/* Busy with what nobody waits for any more, it would not see that at once. */
		if (!g_queue_is_empty(&remote->asked))
			kill(remote->pid, SIGTERM);
		while (waitpid(remote->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	g_queue_clear_full(&remote->asked, early_free);
	g_hash_table_unref(remote->early);
	g_free(remote->server);
	g_free(remote->gun);
	g_free(remote->ca_file);
	g_free(remote->certificate_file);
	g_free(remote->key_file);
	g_free(remote);
}

/*
 * Spawned without a fork, whose copy of this process' memory would be most of the start. libcurl
 * brings GnuTLS along for protocols that are never spoken: it is told not to initialise itself.
 */
static int spawn_fetch(const PvRemote *remote, const char *path, int fd, pid_t *ret_pid)
{
	g_auto(GStrv) environment =
		g_environ_setenv(g_get_environ(), "GNUTLS_NO_IMPLICIT_INIT", "1", TRUE);
	posix_spawn_file_actions_t actions;
	int failure;
	char *none = (char *)"";
	char *argv[] = { (char *)path,
			 remote->server,
			 remote->gun,
			 remote->ca_file ? remote->ca_file : none,
			 remote->certificate_file ? remote->certificate_file : none,
			 remote->key_file ? remote->key_file : none,
			 NULL };

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, 3); /* inherited, also if it is 3 */
	posix_spawn_file_actions_addclosefrom_np(&actions, 4);
	failure = posix_spawn(ret_pid, path, &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	return failure;
}

gboolean pv_remote_start(PvRemote *remote, GError **error)
{
	g_autofree char *path = pv_process_program("pavise-fetch");
	int pair[2], failure;
	pid_t pid;

	if (remote->pid > 0)
		return TRUE;
	if (access(path, X_OK) != 0)
		return pv_fail_errno(error, errno, "cannot run %s", path);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return pv_fail_errno(error, errno, "cannot make a socket pair");
	failure = spawn_fetch(remote, path, pair[1], &pid);
	close(pair[1]);
	if (failure) {
		close(pair[0]);
		return pv_fail_errno(error, failure, "cannot start %s", path);
	}
	remote->pid = pid;
	remote->fd = pair[0];
	return TRUE;
}

/* Hands on the error that pavise-fetch met; its code is checked, since it talks to the network. */
static void *fail_as_told(const PvMessage *answer, GError **error)
{
	g_autofree char *code = pv_message_text(answer, 0);
	g_autofree char *sentence = pv_message_text(answer, 1);
	guint64 value = PV_ERROR_SERVER;

	if (!code || !g_ascii_string_to_unsigned(code, 10, 0, PV_ERROR_COUNT - 1, &value, NULL))
		value = PV_ERROR_SERVER;
	return pv_fail_null(error, (PvErrorCode)value, "%s", sentence ? sentence : "no reason");
}

static PvMessage *receive(PvRemote *remote, gsize max_bytes, GError **error)
{
	g_autoptr(PvMessage) answer = NULL;
	g_autoptr(GError) failure = NULL;

	answer = pv_message_receive(remote->fd, max_bytes + 64 * PV_KIB, &failure);
	if (!answer) {
		if (failure)
			g_propagate_error(error, g_steal_pointer(&failure));
		else
			pv_fail(error, PV_ERROR_UNREACHABLE, "pavise-fetch ended unexpectedly");
		return NULL;
	}
	if (answer->kind != PV_FETCH_OK)
		return fail_as_told(answer, error);
	return g_steal_pointer(&answer);
}

static GBytes *body_of(const PvMessage *answer, GError **error)
{
	GBytes *body = pv_message_field(answer, 0);

	return body ? g_bytes_ref(body)
		    : pv_fail_null(error, PV_ERROR_INTERNAL, "pavise-fetch gave no body");
}

/* Takes in what was asked ahead, up to @name; NULL takes all. */
static void take_early(PvRemote *remote, const char *name)
{
	while (!g_queue_is_empty(&remote->asked) &&
	       !(name && g_hash_table_contains(remote->early, name))) {
		Early *early = g_queue_pop_head(&remote->asked);
		g_autoptr(PvMessage) answer = receive(remote, early->max_bytes, &early->failure);

		if (answer)
			early->body = body_of(answer, &early->failure);
		g_hash_table_replace(remote->early, early->name, early);
	}
}

static PvMessage *ask(PvRemote *remote, const PvMessage *question, gsize max_bytes, GError **error)
{
	take_early(remote, NULL);
	if (!pv_remote_start(remote, error) || !pv_message_send(remote->fd, question, error))
		return NULL;
	return receive(remote, max_bytes, error);
}

static PvMessage *question_for(PvFetchMessage kind, const char *file, gsize max_bytes)
{
	PvMessage *question = pv_message_new(kind);
	g_autofree char *max = g_strdup_printf("%" G_GSIZE_FORMAT, max_bytes);

	pv_message_add_text(question, file);
	pv_message_add_text(question, max);
	return question;
}

static GBytes *get(PvRemote *remote, PvFetchMessage kind, const char *file, gsize max_bytes,
		   GError **error)
{
	g_autoptr(PvMessage) question = question_for(kind, file, max_bytes);
	g_autoptr(PvMessage) answer = ask(remote, question, max_bytes, error);

	return answer ? body_of(answer, error) : NULL;
}

/* --- asked ahead --------------------------------------------------------------------------- */

void pv_remote_ask_ahead(PvRemote *remote)
{
	static const struct {
		const char *name;
		gsize max_bytes;
	} files[] = { { "root", PV_METADATA_BYTES_MAX },
		      { "timestamp", PV_TIMESTAMP_BYTES_MAX },
		      { "snapshot", PV_METADATA_BYTES_MAX },
		      { "targets", PV_METADATA_BYTES_MAX } };

	if (!pv_remote_start(remote, NULL))
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *file = g_strconcat(files[i].name, ".json", NULL);
		g_autoptr(PvMessage) question =
			question_for(PV_FETCH_GET, file, files[i].max_bytes);
		Early *early;

		if (!pv_message_send(remote->fd, question, NULL))
			return;
		early = g_new0(Early, 1);
		early->name = g_strdup(files[i].name);
		early->max_bytes = files[i].max_bytes;
		g_queue_push_tail(&remote->asked, early);
	}
}

void pv_remote_forget_early(PvRemote *remote)
{
	take_early(remote, NULL);
	g_hash_table_remove_all(remote->early);
}

static gboolean has_hash(GBytes *body, const char *hex)
{
	gsize size;
	const void *data = g_bytes_get_data(body, &size);
	PvDigest digest = pv_digest_of(PV_HASH_SHA256, data, size);
	g_autofree char *found = pv_digest_hex(&digest);

	return strcmp(found, hex) == 0;
}

/*
 * Answers from what was asked ahead. Of `snapshot.<sha256>` the newest snapshot may be the one
 * meant; if it is not, FALSE has it asked for. What failed is told only of `root` and `timestamp`.
 */
static gboolean answer_early(PvRemote *remote, const char *name, GBytes **ret_body, GError **error)
{
	const char *hex = strchr(name, '.');
	g_autofree char *plain = g_strndup(name, hex ? (gsize)(hex - name) : strlen(name));
	Early *early;
	gboolean answered;

	take_early(remote, plain);
	early = g_hash_table_lookup(remote->early, plain);
	if (!early)
		return FALSE;
	answered = !hex || (early->body && has_hash(early->body, hex + 1));
	if (answered) {
		*ret_body = early->body ? g_bytes_ref(early->body) : NULL;
		if (!early->body)
			g_propagate_error(error, g_steal_pointer(&early->failure));
	}
	g_hash_table_remove(remote->early, plain);
	return answered;
}

static GBytes *fetch(void *data, const char *name, gsize max_bytes, GError **error)
{
	PvRemote *remote = data;
	g_autofree char *file = NULL;
	GBytes *body = NULL;

	if (answer_early(remote, name, &body, error))
		return body;
	file = g_strconcat(name, ".json", NULL);
	return get(remote, PV_FETCH_GET, file, max_bytes, error);
}

void pv_remote_functions(PvRemote *remote, PvTufRemote *ret_functions)
{
	*ret_functions = (PvTufRemote){ fetch, remote };
}

static PvPublicKey *parse_key(GBytes *file, const char *what, GError **error)
{
	g_autoptr(PvDocument) document = pv_document_parse(file, what, error);
	g_autoptr(GError) unusable = NULL;
	PvPublicKey *key = NULL;

	if (!document || !pv_tuf_read_key(what, pv_document_root(document), &key, &unusable, error))
		return NULL;
	if (!key)
		g_propagate_error(error, g_steal_pointer(&unusable));
	return key;
}

PvPublicKey *pv_remote_server_key(PvRemote *remote, const char *role, gboolean rotate,
				  GError **error)
{
	g_autofree char *file = g_strconcat(role, ".key", NULL);
	g_autoptr(GBytes) body = get(remote, rotate ? PV_FETCH_NEW_KEY : PV_FETCH_GET, file,
				     PV_PUBLIC_KEY_BYTES_MAX, error);

	return body ? parse_key(body, file, error) : NULL;
}

gboolean pv_remote_upload(PvRemote *remote, GHashTable *files, GError **error)
{
	g_autoptr(PvMessage) question = pv_message_new(PV_FETCH_UPLOAD);
	g_autoptr(PvMessage) answer = NULL;
	GHashTableIter iter;
	void *role, *file;

	g_hash_table_iter_init(&iter, files);
	while (g_hash_table_iter_next(&iter, &role, &file)) {
		pv_message_add_text(question, role);
		pv_message_add_bytes(question, file);
	}
	answer = ask(remote, question, 0, error);
	return answer != NULL;
}

gboolean pv_remote_delete(PvRemote *remote, GError **error)
{
	g_autoptr(PvMessage) question = pv_message_new(PV_FETCH_DELETE);
	g_autoptr(PvMessage) answer = ask(remote, question, PV_MIB, error);

	return answer != NULL;
}

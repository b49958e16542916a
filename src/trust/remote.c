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

/* A body, and what was measured of it while it came. */
typedef struct {
	GBytes *bytes;
	PvFileMeta meta;
} Body;

struct PvRemote {
	char *server, *gun, *ca_file, *certificate_file, *key_file;
	gboolean is_full; /* pavise-fetch had to give up: it is pavise-fetch-full */
	pid_t pid;        /* 0 until started */
	int fd;
	GQueue asked; /* of Early: asked ahead, not answered yet; in the order of the answers */
	GHashTable *early; /* name → Early: answered, not used yet */
	Body last;         /* what fetch() gave */
};

/* A file that was asked for before it was needed. */
typedef struct {
	char *name; /* "snapshot" */
	gsize max_bytes;
	Body body;       /* without bytes until answered, and if it failed: */
	GError *failure; /* why */
} Early;

static void body_clear(Body *body)
{
	g_clear_pointer(&body->bytes, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Body, body_clear)

static void early_free(void *data)
{
	Early *early = data;

	g_free(early->name);
	body_clear(&early->body);
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

/*
 * Children that were told to end and have not yet: waiting would cost each command their end, as long as a
 * question takes. The next start collects them, or the end of this process.
 */
static GArray *leaving; /* of pid_t */

static void collect(void)
{
	for (guint i = leaving ? leaving->len : 0; i > 0; i--) {
		if (waitpid(g_array_index(leaving, pid_t, i - 1), NULL, WNOHANG) != 0)
			g_array_remove_index_fast(leaving, i - 1);
	}
}

static void stop(PvRemote *remote)
{
	if (remote->pid == 0)
		return;
	close(remote->fd);
	/* Busy with what nobody waits for any more, it would not see that at once. */
	if (!g_queue_is_empty(&remote->asked))
		kill(remote->pid, SIGTERM);
	if (!leaving)
		leaving = g_array_new(FALSE, FALSE, sizeof(pid_t));
	g_array_append_val(leaving, remote->pid);
	remote->pid = 0;
	remote->fd = -1;
}

void pv_remote_free(PvRemote *remote)
{
	if (!remote)
		return;
	stop(remote);
	body_clear(&remote->last);
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
 * Spawned without a fork, whose copy of this process' memory would be most of the start. For
 * pavise-fetch-full: libcurl brings GnuTLS along for protocols that are never spoken: it is told not to initialise itself.
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
	g_autofree char *path =
		pv_process_program(remote->is_full ? "pavise-fetch-full" : "pavise-fetch");
	int pair[2], failure;
	pid_t pid;

	if (remote->pid > 0)
		return TRUE;
	collect();
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
static gboolean fail_as_told(const PvMessage *answer, GError **error)
{
	g_autofree char *code = pv_message_text(answer, 0);
	g_autofree char *sentence = pv_message_text(answer, 1);
	guint64 value = PV_ERROR_SERVER;

	if (!code || !g_ascii_string_to_unsigned(code, 10, 0, PV_ERROR_COUNT - 1, &value, NULL))
		value = PV_ERROR_SERVER;
	return pv_fail(error, (PvErrorCode)value, "%s", sentence ? sentence : "no reason");
}

/* --- answers ------------------------------------------------------------------------------- */

/* A body that comes in: hashed while the rest is on its way. */
typedef struct {
	gsize max_bytes;
	GByteArray *bytes;
	PvHasher *sha256, *sha512;
} Incoming;

static gboolean take_part(Incoming *incoming, const PvMessage *message, GError **error)
{
	GBytes *part = pv_message_field(message, 0);
	gsize size = 0;
	const void *data = part ? g_bytes_get_data(part, &size) : NULL;

	if (size > incoming->max_bytes - incoming->bytes->len)
		return pv_fail(error, PV_ERROR_LIMIT, "pavise-fetch gave more than was asked for");
	if (size == 0)
		return TRUE;
	g_byte_array_append(incoming->bytes, data, (guint)size);
	pv_hasher_feed(incoming->sha256, data, size);
	pv_hasher_feed(incoming->sha512, data, size);
	return TRUE;
}

static gboolean take_parts(PvRemote *remote, Incoming *incoming, gboolean *ret_more, GError **error)
{
	for (;;) {
		g_autoptr(GError) failure = NULL;
		g_autoptr(PvMessage) message =
			pv_message_receive(remote->fd, PV_FETCH_PART_BYTES_MAX, &failure);

		if (!message && failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		if (!message)
			return pv_fail(error, PV_ERROR_UNREACHABLE,
				       "pavise-fetch ended unexpectedly");
		switch (message->kind) {
		case PV_FETCH_PART:
			if (!take_part(incoming, message, error))
				return FALSE;
			break;
		case PV_FETCH_OK:
			return take_part(incoming, message, error);
		case PV_FETCH_MORE:
			*ret_more = TRUE;
			return FALSE;
		default:
			return fail_as_told(message, error);
		}
	}
}

/* FALSE with @ret_more, and no error: pavise-fetch-full has to be asked. */
static gboolean receive(PvRemote *remote, gsize max_bytes, Body *ret_body, gboolean *ret_more,
			GError **error)
{
	Incoming incoming = { max_bytes, g_byte_array_new(), pv_hasher_new(PV_HASH_SHA256),
			      pv_hasher_new(PV_HASH_SHA512) };
	gboolean done = take_parts(remote, &incoming, ret_more, error);
	Body body = { g_byte_array_free_to_bytes(incoming.bytes), { 0 } };

	body.meta.length = g_bytes_get_size(body.bytes);
	body.meta.sha256 = pv_hasher_finish(incoming.sha256);
	body.meta.sha512 = pv_hasher_finish(incoming.sha512);
	if (done)
		*ret_body = body;
	else
		body_clear(&body);
	return done;
}

/* --- questions ----------------------------------------------------------------------------- */

static PvMessage *question_for(PvFetchMessage kind, const char *file, gsize max_bytes)
{
	PvMessage *question = pv_message_new(kind);
	g_autofree char *max = g_strdup_printf("%" G_GSIZE_FORMAT, max_bytes);

	pv_message_add_text(question, file);
	pv_message_add_text(question, max);
	return question;
}

static gboolean ask_for(PvRemote *remote, const Early *early, GError **error)
{
	g_autofree char *file = g_strconcat(early->name, ".json", NULL);
	g_autoptr(PvMessage) question = question_for(PV_FETCH_GET, file, early->max_bytes);

	return pv_message_send(remote->fd, question, error);
}

/* In place of pavise-fetch, with what that left unanswered. */
static gboolean start_full(PvRemote *remote, GError **error)
{
	if (remote->is_full)
		return pv_fail(error, PV_ERROR_INTERNAL, "pavise-fetch-full gives up");
	stop(remote);
	remote->is_full = TRUE;
	if (!pv_remote_start(remote, error))
		return FALSE;
	for (GList *left = remote->asked.head; left; left = left->next) {
		if (!ask_for(remote, left->data, error))
			return FALSE;
	}
	return TRUE;
}

/* Takes in what was asked ahead, up to @name; NULL takes all. */
static void take_early(PvRemote *remote, const char *name)
{
	while (!g_queue_is_empty(&remote->asked) &&
	       !(name && g_hash_table_contains(remote->early, name))) {
		Early *early = g_queue_peek_head(&remote->asked);
		gboolean more = FALSE;

		if (!receive(remote, early->max_bytes, &early->body, &more, &early->failure) &&
		    more && start_full(remote, &early->failure))
			continue;
		g_queue_pop_head(&remote->asked);
		g_hash_table_replace(remote->early, early->name, early);
	}
}

static gboolean ask(PvRemote *remote, const PvMessage *question, gsize max_bytes, Body *ret_body,
		    GError **error)
{
	gboolean more;

	take_early(remote, NULL);
	do {
		more = FALSE;
		if (!pv_remote_start(remote, error) ||
		    !pv_message_send(remote->fd, question, error))
			return FALSE;
		if (receive(remote, max_bytes, ret_body, &more, error))
			return TRUE;
	} while (more && start_full(remote, error));
	return FALSE;
}

/* What has an answer, but no body that counts. */
static gboolean tell(PvRemote *remote, const PvMessage *question, GError **error)
{
	g_auto(Body) body = { 0 };

	return ask(remote, question, 0, &body, error);
}

static gboolean get(PvRemote *remote, PvFetchMessage kind, const char *file, gsize max_bytes,
		    Body *ret_body, GError **error)
{
	g_autoptr(PvMessage) question = question_for(kind, file, max_bytes);

	return ask(remote, question, max_bytes, ret_body, error);
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
		Early *early = g_new0(Early, 1);

		early->name = g_strdup(files[i].name);
		early->max_bytes = files[i].max_bytes;
		if (!ask_for(remote, early, NULL)) {
			early_free(early);
			return;
		}
		g_queue_push_tail(&remote->asked, early);
	}
}

void pv_remote_forget_early(PvRemote *remote)
{
	take_early(remote, NULL);
	g_hash_table_remove_all(remote->early);
}

static gboolean has_hash(const Body *body, const char *hex)
{
	g_autofree char *found = pv_digest_hex(&body->meta.sha256);

	return body->bytes && strcmp(found, hex) == 0;
}

/*
 * Answers from what was asked ahead. Of `snapshot.<sha256>` the newest snapshot may be the one
 * meant; if it is not, FALSE has it asked for. What failed is told only of `root` and `timestamp`.
 */
static gboolean answer_early(PvRemote *remote, const char *name, Body *ret_body, GError **error)
{
	const char *hex = strchr(name, '.');
	g_autofree char *plain = g_strndup(name, hex ? (gsize)(hex - name) : strlen(name));
	Early *early;
	gboolean answered;

	take_early(remote, plain);
	early = g_hash_table_lookup(remote->early, plain);
	if (!early)
		return FALSE;
	answered = !hex || has_hash(&early->body, hex + 1);
	if (answered && early->body.bytes) {
		*ret_body = early->body;
		early->body.bytes = NULL;
	} else if (answered) {
		g_propagate_error(error, g_steal_pointer(&early->failure));
	}
	g_hash_table_remove(remote->early, plain);
	return answered;
}

static GBytes *fetch(void *data, const char *name, gsize max_bytes, GError **error)
{
	PvRemote *remote = data;
	g_autofree char *file = NULL;

	body_clear(&remote->last);
	if (!answer_early(remote, name, &remote->last, error)) {
		file = g_strconcat(name, ".json", NULL);
		get(remote, PV_FETCH_GET, file, max_bytes, &remote->last, error);
	}
	return remote->last.bytes ? g_bytes_ref(remote->last.bytes) : NULL;
}

static const PvFileMeta *measured(void *data, GBytes *file)
{
	PvRemote *remote = data;

	return remote->last.bytes == file ? &remote->last.meta : NULL;
}

void pv_remote_functions(PvRemote *remote, PvTufRemote *ret_functions)
{
	*ret_functions = (PvTufRemote){ fetch, remote, measured };
}

static PvPublicKey *parse_key(GBytes *file, const char *what, GError **error)
{
	g_autoptr(PvDocument) document = pv_document_parse(file, what, error);
	g_autoptr(GError) unusable = NULL;
	PvPublicKey *key = NULL;

	if (!document ||
	    !pv_tuf_read_key(what, pv_document_root(document), FALSE, &key, &unusable, error))
		return NULL;
	if (!key)
		g_propagate_error(error, g_steal_pointer(&unusable));
	return key;
}

PvPublicKey *pv_remote_server_key(PvRemote *remote, const char *role, gboolean rotate,
				  GError **error)
{
	g_autofree char *file = g_strconcat(role, ".key", NULL);
	g_auto(Body) body = { 0 };
	g_autoptr(GError) failure = NULL;

	if (get(remote, rotate ? PV_FETCH_NEW_KEY : PV_FETCH_GET, file, PV_PUBLIC_KEY_BYTES_MAX,
		&body, &failure))
		return parse_key(body.bytes, file, error);
	/* A key is made for whoever asks: who gets none has a name outside gun_prefixes. */
	if (g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_SIGNED))
		return pv_fail_null(error, PV_ERROR_REFUSED,
				    "%s takes no repository %s; ask whoever runs it for the names "
				    "that it takes (gun_prefixes)",
				    remote->server, remote->gun);
	g_propagate_error(error, g_steal_pointer(&failure));
	return NULL;
}

gboolean pv_remote_upload(PvRemote *remote, GHashTable *files, GError **error)
{
	g_autoptr(PvMessage) question = pv_message_new(PV_FETCH_UPLOAD);
	GHashTableIter iter;
	void *role, *file;

	g_hash_table_iter_init(&iter, files);
	while (g_hash_table_iter_next(&iter, &role, &file)) {
		pv_message_add_text(question, role);
		pv_message_add_bytes(question, file);
	}
	return tell(remote, question, error);
}

GBytes *pv_remote_attestation(PvRemote *remote, const char *key_id, GError **error)
{
	g_auto(Body) body = { 0 };

	if (!get(remote, PV_FETCH_GET_ATTESTATION, key_id, PV_ATTESTATION_FILE_BYTES_MAX, &body,
		 error))
		return NULL;
	return g_steal_pointer(&body.bytes);
}

gboolean pv_remote_put_attestation(PvRemote *remote, const char *key_id, GBytes *pem,
				   GError **error)
{
	g_autoptr(PvMessage) question = pv_message_new(PV_FETCH_PUT_ATTESTATION);

	pv_message_add_text(question, key_id);
	pv_message_add_bytes(question, pem);
	return tell(remote, question, error);
}

gboolean pv_remote_delete(PvRemote *remote, GError **error)
{
	g_autoptr(PvMessage) question = pv_message_new(PV_FETCH_DELETE);

	return tell(remote, question, error);
}

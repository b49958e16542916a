/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The worker's side of the wall: takes descriptors, reads layers and package files from them, and
 * answers with records. All that parses an attacker's bytes runs below here.
 */

#include "sandbox/serve.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "catalog/collect.h"
#include "sandbox/channel.h"

#define FLUSH_BYTES (64 * PV_KIB) /* of records, before they are sent */

typedef struct {
	PvChannel channel;
	GByteArray *pending; /* records not yet sent */
	GByteArray *record;  /* the one being written */
	PvCollector *collector;
} Server;

void pv_serve_prepare(void)
{
	PvDigest unused = pv_digest_of(PV_HASH_SHA256, "", 0); /* OpenSSL reads its configuration */

	unused = pv_digest_of(PV_HASH_SHA512, "", unused.size & 0);
	json_decref(json_object()); /* jansson opens /dev/urandom for its seed */
}

static gboolean flush(Server *server, GError **error)
{
	gboolean sent = pv_channel_send(&server->channel, server->pending->data,
					server->pending->len, -1, error);

	g_byte_array_set_size(server->pending, 0);
	return sent;
}

static gboolean finish_record(Server *server, GError **error)
{
	if (!pv_record_end(server->record, error))
		return FALSE;
	g_byte_array_append(server->pending, server->record->data, server->record->len);
	return server->pending->len < FLUSH_BYTES || flush(server, error);
}

/* A sentence as long as a record takes. */
static void put_sentence(GByteArray *record, const char *sentence)
{
	g_autofree char *bounded = g_strndup(sentence, PV_WORKER_SENTENCE_BYTES_MAX);

	pv_record_put_text(record, bounded);
}

static gboolean send_file(void *sink, const PvCataloger *cataloger, const char *path,
			  GError **error)
{
	Server *server = sink;

	pv_record_start(server->record, PV_RECORD_FILE);
	pv_record_put_text(server->record, cataloger->name);
	pv_record_put_text(server->record, path);
	return finish_record(server, error);
}

static gboolean send_package(void *sink, const PvFoundPackage *package, GError **error)
{
	Server *server = sink;

	pv_record_start(server->record, PV_RECORD_PACKAGE);
	pv_record_put_text(server->record, package->type);
	pv_record_put_text(server->record, package->name);
	pv_record_put_text(server->record, package->version);
	pv_record_put_text(server->record, package->architecture);
	pv_record_put_text(server->record, package->source_name);
	pv_record_put_text(server->record, package->source_version);
	return finish_record(server, error);
}

static gboolean send_distro(void *sink, const PvFoundDistro *distro, GError **error)
{
	Server *server = sink;

	pv_record_start(server->record, PV_RECORD_DISTRO);
	pv_record_put_text(server->record, distro->id);
	pv_record_put_text(server->record, distro->version_id);
	pv_record_put_text(server->record, distro->id_like);
	pv_record_put_text(server->record, distro->pretty_name);
	return finish_record(server, error);
}

static gboolean send_unreadable(void *sink, const char *path, const char *why, GError **error)
{
	Server *server = sink;

	pv_record_start(server->record, PV_RECORD_UNREADABLE);
	pv_record_put_text(server->record, path);
	put_sentence(server->record, why);
	return finish_record(server, error);
}

static gboolean send_hidden(void *sink, const char *path, PvHide how, GError **error)
{
	Server *server = sink;

	pv_record_start(server->record, PV_RECORD_HIDDEN);
	pv_record_put_u8(server->record, (guint8)how);
	pv_record_put_text(server->record, path);
	return finish_record(server, error);
}

static gboolean send_link(void *sink, const char *path, const char *target, GError **error)
{
	Server *server = sink;

	pv_record_start(server->record, PV_RECORD_LINK);
	pv_record_put_text(server->record, path);
	pv_record_put_text(server->record, target);
	return finish_record(server, error);
}

/* The whole request failed. @digest is of the layer's stored bytes, if they could be read. */
static gboolean send_failed(Server *server, const GError *cause, const PvDigest *digest,
			    GError **error)
{
	PvDigest none = { PV_HASH_SHA256, 32, { 0 } };

	pv_record_start(server->record, PV_RECORD_FAILED);
	pv_record_put_u32(server->record,
			  (guint32)(cause->domain == PV_ERROR ? cause->code : PV_ERROR_INTERNAL));
	put_sentence(server->record, cause->message);
	pv_record_put_u8(server->record, digest != NULL);
	pv_record_put_digest(server->record, digest ? digest : &none);
	return finish_record(server, error) && flush(server, error);
}

static gboolean answer_layer(Server *server, int fd, guint64 offset, guint64 size, PvHash hash,
			     const char *media_type, GError **error)
{
	PvLayerSink sink = pv_collector_sink(server->collector);
	g_autoptr(GError) cause = NULL;
	PvLayerResult result = { 0 };
	PvDigest stored;

	if (!pv_layer_read(fd, offset, size, media_type, &sink, 1, &result, &cause))
		return send_failed(server, cause,
				   pv_layer_hash(fd, offset, size, hash, &stored, NULL) ? &stored
											: NULL,
				   error);
	if (hash != PV_HASH_SHA256 &&
	    !pv_layer_hash(fd, offset, size, hash, &result.digest, &cause))
		return send_failed(server, cause, NULL, error);
	pv_record_start(server->record, PV_RECORD_LAYER_DONE);
	pv_record_put_digest(server->record, &result.digest);
	pv_record_put_digest(server->record, &result.diff_id);
	pv_record_put_u64(server->record, result.tar_size);
	pv_record_put_u64(server->record, result.entries);
	return finish_record(server, error) && flush(server, error);
}

static gboolean read_layer(Server *server, PvRecord *record, int fd, GError **error)
{
	guint64 offset = 0, size = 0;
	guint8 hash = 0;
	const char *media_type = NULL;

	if (!pv_record_get_u64(record, &offset, error) ||
	    !pv_record_get_u64(record, &size, error) || !pv_record_get_u8(record, &hash, error) ||
	    !pv_record_get_text(record, &media_type, error) || !pv_record_done(record, error))
		return FALSE;
	return answer_layer(server, fd, offset, size,
			    hash == PV_HASH_SHA512 ? PV_HASH_SHA512 : PV_HASH_SHA256, media_type,
			    error);
}

static gboolean read_file(Server *server, PvRecord *record, int fd, GError **error)
{
	const char *path = NULL;
	const PvCataloger *cataloger;
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;

	if (!pv_record_get_text(record, &path, error) || !pv_record_done(record, error))
		return FALSE;
	cataloger = pv_catalog_find(path);
	if (!cataloger || strlen(path) >= PV_TAR_PATH_BYTES_MAX)
		return pv_fail(error, PV_ERROR_SYNTAX, "record read-file: no cataloger reads it");
	content = pv_file_read_fd(fd, "the file", cataloger->max_bytes, &cause);
	if (!content && !send_unreadable(server, path, cause->message, error))
		return FALSE;
	if (content && !pv_collector_file(server->collector, path, g_bytes_get_data(content, NULL),
					  g_bytes_get_size(content), error))
		return FALSE;
	pv_record_start(server->record, PV_RECORD_FILE_DONE);
	return finish_record(server, error) && flush(server, error);
}

static gboolean answer(Server *server, PvRecord *record, GError **error)
{
	int fd = pv_channel_take_passed(&server->channel);
	gboolean done;

	if (fd < 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "a request without a descriptor");
	if (record->type == PV_RECORD_READ_LAYER)
		done = read_layer(server, record, fd, error);
	else
		done = read_file(server, record, fd, error);
	close(fd);
	return done;
}

static gboolean serve_all(Server *server, guint measures, GError **error)
{
	PvRecord record = { 0 };

	pv_record_start(server->record, PV_RECORD_HELLO);
	pv_record_put_u32(server->record, measures);
	if (!finish_record(server, error) || !flush(server, error))
		return FALSE;
	for (;;) {
		if (!pv_channel_receive(&server->channel, &record, error))
			return FALSE;
		if (record.type == 0)
			return TRUE;
		if (!answer(server, &record, error))
			return FALSE;
	}
}

gboolean pv_serve_requests(int fd, guint measures, GError **error)
{
	Server server = { .pending = g_byte_array_new(), .record = g_byte_array_new() };
	PvCatalogEvents events = { .file = send_file,
				   .package = send_package,
				   .distro = send_distro,
				   .unreadable = send_unreadable,
				   .hidden = send_hidden,
				   .link = send_link,
				   .sink = &server };
	gboolean done;

	pv_channel_init(&server.channel, fd, FALSE);
	server.collector = pv_collector_new(&events);
	done = serve_all(&server, measures, error);
	pv_collector_free(server.collector);
	pv_channel_clear(&server.channel);
	g_byte_array_unref(server.pending);
	g_byte_array_unref(server.record);
	return done;
}

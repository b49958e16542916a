/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Our side of the wall: opens what the user named, hands descriptors to a worker one by one, and
 * makes an inventory of the records that come back. A record is believed only within its table,
 * and only where it belongs: in the answer to a request of ours.
 */

#include "sandbox/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/process.h"
#include "catalog/merge.h"
#include "oci/image.h"
#include "sandbox/spawn.h"
#include "sandbox/tree.h"

typedef struct {
	PvWorker *worker;
	PvMerger *merger;
	PvCatalogEvents events; /* the merger's */
	GByteArray *request;
	gsize received; /* bytes of all records: what the inventory may cost us */
} Inspection;

static void inspection_clear(Inspection *inspection)
{
	pv_worker_free(inspection->worker);
	pv_merger_free(inspection->merger);
	if (inspection->request)
		g_byte_array_unref(inspection->request);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Inspection, inspection_clear)

static gboolean start(Inspection *inspection, PvInventory *inventory,
		      const PvInspectOptions *options, GError **error)
{
	g_autofree char *program = options && options->worker ? g_strdup(options->worker)
							      : pv_process_program("pavise-worker");
	guint timeout_ms =
		options && options->timeout_ms ? options->timeout_ms : (guint)PV_WORKER_ANSWER_MS;

	inspection->merger = pv_merger_new(inventory);
	inspection->events = pv_merger_events(inspection->merger);
	inspection->request = g_byte_array_new();
	inspection->worker = pv_worker_start(program, timeout_ms, error);
	return inspection->worker != NULL;
}

static gboolean get_texts(PvRecord *record, const char **ret_texts, guint count, GError **error)
{
	for (guint i = 0; i < count; i++) {
		if (!pv_record_get_text(record, &ret_texts[i], error))
			return FALSE;
	}
	return pv_record_done(record, error);
}

static gboolean take_file(const PvCatalogEvents *events, PvRecord *record, GError **error)
{
	const char *texts[2] = { NULL };
	const PvCataloger *cataloger;

	if (!get_texts(record, texts, 2, error))
		return FALSE;
	cataloger = pv_catalog_by_name(texts[0]);
	if (!cataloger)
		return pv_fail(error, PV_ERROR_SYNTAX, "record file: no such cataloger");
	return events->file(events->sink, cataloger, texts[1], error);
}

static gboolean take_package(const PvCatalogEvents *events, PvRecord *record, GError **error)
{
	const char *texts[6] = { NULL };
	PvFoundPackage found;

	if (!get_texts(record, texts, 6, error))
		return FALSE;
	found = (PvFoundPackage){ texts[0], texts[1], texts[2], texts[3], texts[4], texts[5] };
	return events->package(events->sink, &found, error);
}

static gboolean take_distro(const PvCatalogEvents *events, PvRecord *record, GError **error)
{
	const char *texts[4] = { NULL };
	PvFoundDistro found;

	if (!get_texts(record, texts, 4, error))
		return FALSE;
	found = (PvFoundDistro){ texts[0], texts[1], texts[2], texts[3] };
	return events->distro(events->sink, &found, error);
}

static gboolean take_hidden(const PvCatalogEvents *events, PvRecord *record, GError **error)
{
	guint8 how = 0;
	const char *path = NULL;

	if (!pv_record_get_u8(record, &how, error) || !get_texts(record, &path, 1, error))
		return FALSE;
	if (how > PV_HIDE_REPLACE)
		return pv_fail(error, PV_ERROR_SYNTAX, "record hidden: no such way to hide");
	return events->hidden(events->sink, path, (PvHide)how, error);
}

static gboolean take_event(const PvCatalogEvents *events, PvRecord *record, GError **error)
{
	const char *texts[2] = { NULL };

	switch (record->type) {
	case PV_RECORD_FILE:
		return take_file(events, record, error);
	case PV_RECORD_PACKAGE:
		return take_package(events, record, error);
	case PV_RECORD_DISTRO:
		return take_distro(events, record, error);
	case PV_RECORD_HIDDEN:
		return take_hidden(events, record, error);
	case PV_RECORD_UNREADABLE:
		return get_texts(record, texts, 2, error) &&
		       events->unreadable(events->sink, texts[0], texts[1], error);
	case PV_RECORD_LINK:
		return get_texts(record, texts, 2, error) &&
		       events->link(events->sink, texts[0], texts[1], error);
	default:
		return pv_fail(error, PV_ERROR_SYNTAX, "record %s: does not belong here",
			       pv_record_info(record->type)->name);
	}
}

/* Events, up to the record that ends the answer: @done, or "failed". */
static gboolean take_answer(Inspection *inspection, PvRecordType done, PvRecord *ret_record,
			    GError **error)
{
	for (;;) {
		PvRecord record = { 0 };

		if (!pv_worker_receive(inspection->worker, &record, error))
			return FALSE;
		inspection->received += PV_RECORD_HEADER_BYTES + record.size;
		if (inspection->received > PV_WORKER_ANSWERS_BYTES_MAX)
			return pv_fail(
				error, PV_ERROR_LIMIT,
				"the worker that reads the image answers with more than %zu MiB",
				PV_WORKER_ANSWERS_BYTES_MAX / PV_MIB);
		if (record.type == done || record.type == PV_RECORD_FAILED) {
			*ret_record = record;
			return TRUE;
		}
		if (!take_event(&inspection->events, &record, error))
			return pv_fail_wrap(error, "the worker that reads the image");
	}
}

/* Only errors that a layer can have; a worker says no others. */
static PvErrorCode believable(guint32 code)
{
	switch (code) {
	case PV_ERROR_LIMIT:
	case PV_ERROR_UNSUPPORTED:
	case PV_ERROR_ESCAPE:
	case PV_ERROR_IO:
		return (PvErrorCode)code;
	default:
		return PV_ERROR_SYNTAX;
	}
}

static gboolean check_digest(const PvDigest *found, const PvDigest *promised, const char *what,
			     const char *who, GError **error)
{
	char is[PV_DIGEST_TEXT_SIZE], should[PV_DIGEST_TEXT_SIZE];

	if (pv_digest_equal(found, promised))
		return TRUE;
	pv_digest_format(found, is);
	pv_digest_format(promised, should);
	return pv_fail(error, PV_ERROR_DIGEST, "%s %s, but the %s promises %s", what, is, who,
		       should);
}

static gboolean check_failed(PvRecord *record, const PvDigest *promised, GError **error)
{
	guint32 code = 0;
	guint8 hashed = 0;
	const char *sentence = NULL;
	PvDigest stored;

	if (!pv_record_get_u32(record, &code, error) ||
	    !pv_record_get_text(record, &sentence, error) ||
	    !pv_record_get_u8(record, &hashed, error) ||
	    !pv_record_get_digest(record, &stored, error) || !pv_record_done(record, error))
		return FALSE;
	/* damaged, or not the layer at all: the second is what the user has to know */
	if (hashed && !check_digest(&stored, promised, "its bytes are", "manifest", error))
		return FALSE;
	return pv_fail(error, believable(code), "%s", sentence);
}

static gboolean check_done(PvRecord *record, const PvDigest *promised, const PvDigest *diff_id,
			   GError **error)
{
	PvDigest stored, plain;
	guint64 tar_size, entries;

	if (!pv_record_get_digest(record, &stored, error) ||
	    !pv_record_get_digest(record, &plain, error) ||
	    !pv_record_get_u64(record, &tar_size, error) ||
	    !pv_record_get_u64(record, &entries, error) || !pv_record_done(record, error))
		return FALSE;
	return check_digest(&stored, promised, "its bytes are", "manifest", error) &&
	       check_digest(&plain, diff_id, "the tar in it is", "configuration", error);
}

static gboolean read_layer(Inspection *inspection, PvImage *image, guint index, GError **error)
{
	const PvDescriptor *layer = pv_image_layer(image, index);
	const PvDigest *diff_id = pv_image_diff_id(image, index);
	PvBlobRange range;
	PvRecord record = { 0 };

	if (diff_id->hash != PV_HASH_SHA256)
		return pv_fail(error, PV_ERROR_UNSUPPORTED, "its diff id is not a sha256 digest");
	if (!pv_image_open_layer(image, index, &range, error))
		return FALSE;
	pv_merger_start_layer(inspection->merger, index);
	pv_record_start(inspection->request, PV_RECORD_READ_LAYER);
	pv_record_put_u64(inspection->request, range.offset);
	pv_record_put_u64(inspection->request, range.size);
	pv_record_put_u8(inspection->request, (guint8)layer->digest.hash);
	pv_record_put_text(inspection->request, layer->media_type ? layer->media_type : "");
	if (!pv_worker_send(inspection->worker, inspection->request, range.fd, error) ||
	    !take_answer(inspection, PV_RECORD_LAYER_DONE, &record, error))
		return FALSE;
	if (record.type == PV_RECORD_FAILED)
		return check_failed(&record, &layer->digest, error);
	return check_done(&record, &layer->digest, diff_id, error);
}

static gboolean read_image(Inspection *inspection, PvImage *image, PvInventory *inventory,
			   GError **error)
{
	guint count = pv_image_layer_count(image);

	for (guint i = 0; i < count; i++) {
		PvInventoryLayer layer = { *pv_image_diff_id(image, i),
					   pv_inventory_string(inventory,
							       pv_image_created_by(image, i)) };

		if (!read_layer(inspection, image, i, error))
			return pv_fail_wrap(error, "layer %u of %u", i + 1, count);
		g_array_append_val(inventory->layers, layer);
	}
	pv_merger_finish(inspection->merger);
	return TRUE;
}

PvInventory *pv_inspect_image_with(const char *source, const char *platform,
				   const PvInspectOptions *options, GError **error)
{
	g_autoptr(PvImage) image = pv_image_open(source, platform, error);
	g_autoptr(PvInventory) inventory = pv_inventory_new();
	g_auto(Inspection) inspection = { 0 };

	if (!image || !start(&inspection, inventory, options, error) ||
	    !read_image(&inspection, image, inventory, error))
		return NULL;
	inventory->reference = pv_inventory_string(inventory, source);
	inventory->digest = pv_image_manifest(image)->digest;
	return g_steal_pointer(&inventory);
}

PvInventory *pv_inspect_image(const char *source, const char *platform, GError **error)
{
	return pv_inspect_image_with(source, platform, NULL, error);
}

/* A directory. */

typedef struct {
	Inspection *inspection;
	int root;
} Visit;

static gboolean tell_unreadable(void *data, const char *path, const char *why, GError **error)
{
	const PvCatalogEvents *events = &((Visit *)data)->inspection->events;

	return events->unreadable(events->sink, path, why, error);
}

static gboolean read_file(Visit *visit, const char *path, int fd, GError **error)
{
	Inspection *inspection = visit->inspection;
	PvRecord record = { 0 };

	pv_record_start(inspection->request, PV_RECORD_READ_FILE);
	pv_record_put_text(inspection->request, path);
	if (!pv_worker_send(inspection->worker, inspection->request, fd, error) ||
	    !take_answer(inspection, PV_RECORD_FILE_DONE, &record, error))
		return FALSE;
	if (record.type == PV_RECORD_FAILED)
		return pv_fail(error, PV_ERROR_SYNTAX, "record failed: does not belong here");
	return TRUE;
}

/* The type is asked again of what was opened: meanwhile it may be another. */
static gboolean visit_file(Visit *visit, const char *path, GError **error)
{
	int fd = pv_tree_open(visit->root, path, O_RDONLY);
	int why = errno;
	struct stat st;
	gboolean done;

	if (fd < 0)
		return why == ENOENT || tell_unreadable(visit, path, g_strerror(why), error);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		done = tell_unreadable(visit, path, "not a regular file", error);
	else
		done = read_file(visit, path, fd, error);
	close(fd);
	return done;
}

static gboolean visit_entry(void *data, const char *path, guint8 type, GError **error)
{
	if (type == DT_LNK)
		return !pv_catalog_must_not_be_link(path) ||
		       tell_unreadable(data, path, "a symbolic link, which is not followed", error);
	if (!pv_catalog_find(path))
		return TRUE;
	if (type != DT_REG && type != DT_UNKNOWN)
		return tell_unreadable(data, path, "not a regular file", error);
	return visit_file(data, path, error);
}

PvInventory *pv_inspect_directory_with(const char *path, const PvInspectOptions *options,
				       GError **error)
{
	g_autoptr(PvInventory) inventory = pv_inventory_new();
	g_auto(Inspection) inspection = { 0 };
	PvInventoryLayer layer = { { 0 }, "" };
	Visit visit = { &inspection, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	PvTreeVisitor visitor = { visit_entry, tell_unreadable, &visit };
	gboolean done;

	if (visit.root < 0) {
		pv_fail_errno(error, errno, "cannot open '%s'", path);
		return NULL;
	}
	done = start(&inspection, inventory, options, error) &&
	       pv_tree_walk(visit.root, &visitor, error);
	close(visit.root);
	if (!done)
		return NULL;
	pv_merger_finish(inspection.merger);
	g_array_append_val(inventory->layers, layer);
	inventory->reference = pv_inventory_string(inventory, path);
	return g_steal_pointer(&inventory);
}

PvInventory *pv_inspect_directory(const char *path, GError **error)
{
	return pv_inspect_directory_with(path, NULL, error);
}

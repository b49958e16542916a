/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Docker and OCI archives, written: a ustar file that grows under a temporary name and is renamed
 * when it is complete. Owners and times are zero, so that the same image gives the same bytes.
 */

#include "oci/archive_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/inflate.h"

#define BLOCK          512
#define COPY_BYTES     (256 * (gsize)1024)
#define USTAR_SIZE_MAX 0777777777777 /* bytes: above, GNU's base 256 */

typedef struct {
	int fd;
	char *path, *temporary;
	guint64 at;
} Writer;

static gboolean writer_open(Writer *writer, const char *path, GError **error)
{
	writer->path = g_strdup(path);
	writer->temporary = g_strdup_printf("%s.new-XXXXXX", path);
	writer->fd = g_mkstemp_full(writer->temporary, O_RDWR | O_CLOEXEC, 0644);
	if (writer->fd >= 0)
		return TRUE;
	g_clear_pointer(&writer->temporary, g_free);
	return pv_fail_errno(error, errno, "%s: cannot write", path);
}

static void writer_clear(Writer *writer)
{
	if (writer->fd >= 0)
		close(writer->fd);
	if (writer->temporary)
		unlink(writer->temporary);
	g_free(writer->temporary);
	g_free(writer->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Writer, writer_clear)

static gboolean append(Writer *writer, const void *data, gsize size, GError **error)
{
	if (!pv_file_write_all(writer->fd, data, size, error))
		return pv_fail_wrap(error, "%s", writer->path);
	writer->at += size;
	return TRUE;
}

static void put_number(guint8 *field, gsize size, guint64 number)
{
	if (number > USTAR_SIZE_MAX && size == 12) {
		for (gsize i = size; i > 1; i--, number >>= 8)
			field[i - 1] = (guint8)number;
		field[0] = 0x80;
		return;
	}
	g_snprintf((char *)field, size, "%0*" G_GINT64_MODIFIER "o", (int)size - 1, number);
}

static void make_header(guint8 *header, const char *name, guint64 size)
{
	guint sum = 0;

	memset(header, 0, BLOCK);
	g_strlcpy((char *)header, name, 101);
	put_number(header + 100, 8, 0644);
	put_number(header + 108, 8, 0);
	put_number(header + 116, 8, 0);
	put_number(header + 124, 12, size);
	put_number(header + 136, 12, 0);
	memset(header + 148, ' ', 8);
	header[156] = '0';
	memcpy(header + 257,
	       "ustar\0"
	       "00",
	       8);
	for (gsize i = 0; i < BLOCK; i++)
		sum += header[i];
	g_snprintf((char *)header + 148, 8, "%06o", sum);
}

static gboolean pad(Writer *writer, GError **error)
{
	static const guint8 zeros[BLOCK];
	gsize rest = (gsize)(writer->at % BLOCK);

	return rest == 0 || append(writer, zeros, BLOCK - rest, error);
}

static gboolean put_bytes(Writer *writer, const char *name, const void *data, gsize size,
			  GError **error)
{
	guint8 header[BLOCK];

	make_header(header, name, size);
	return append(writer, header, BLOCK, error) && append(writer, data, size, error) &&
	       pad(writer, error);
}

static gboolean put_json(Writer *writer, const char *name, const json_t *json, GError **error)
{
	g_autofree char *text = pv_json_text(json, FALSE);

	return put_bytes(writer, name, text, strlen(text) - 1, error);
}

static gboolean check(const PvDescriptor *descriptor, const PvDigest *found, GError **error)
{
	char wanted[PV_DIGEST_TEXT_SIZE], text[PV_DIGEST_TEXT_SIZE];

	if (pv_digest_equal(&descriptor->digest, found))
		return TRUE;
	pv_digest_format(&descriptor->digest, wanted);
	pv_digest_format(found, text);
	return pv_fail(error, PV_ERROR_DIGEST, "blob %s was changed: its bytes have the digest %s",
		       wanted, text);
}

static gboolean put_range(Writer *writer, const char *name, const PvDescriptor *descriptor,
			  const PvBlobRange *range, GError **error)
{
	g_autofree guint8 *buffer = g_malloc(COPY_BYTES);
	PvHasher *hasher = pv_hasher_new(descriptor->digest.hash);
	guint8 header[BLOCK];
	guint64 done = 0;
	gboolean good;
	PvDigest found;

	make_header(header, name, range->size);
	good = append(writer, header, BLOCK, error);
	while (good && done < range->size) {
		ssize_t got = pread(range->fd, buffer,
				    (gsize)MIN((guint64)COPY_BYTES, range->size - done),
				    (off_t)(range->offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			good = pv_fail_errno(error, got < 0 ? errno : EIO, "%s: cannot read", name);
			break;
		}
		pv_hasher_feed(hasher, buffer, (gsize)got);
		good = append(writer, buffer, (gsize)got, error);
		done += (guint64)got;
	}
	found = pv_hasher_finish(hasher);
	return good && check(descriptor, &found, error) && pad(writer, error);
}

static gboolean writer_finish(Writer *writer, GError **error)
{
	static const guint8 end[2 * BLOCK];

	if (!append(writer, end, sizeof(end), error))
		return FALSE;
	if (fdatasync(writer->fd) < 0 || rename(writer->temporary, writer->path) < 0)
		return pv_fail_errno(error, errno, "%s: cannot write", writer->path);
	g_clear_pointer(&writer->temporary, g_free);
	return TRUE;
}

static char *blob_name(const PvDescriptor *descriptor)
{
	char text[PV_DIGEST_TEXT_SIZE];

	pv_digest_format(&descriptor->digest, text);
	*strchr(text, ':') = '/';
	return g_strconcat("blobs/", text, NULL);
}

static gboolean put_blob(Writer *writer, PvBlobs *blobs, const PvDescriptor *descriptor,
			 GError **error)
{
	g_autofree char *name = blob_name(descriptor);
	g_autoptr(GBytes) whole = NULL;
	PvBlobRange range;

	/* A docker archive's configuration is no file of its own. */
	if (pv_blobs_is_docker_archive(blobs) && g_str_has_suffix(descriptor->media_type, "json")) {
		whole = pv_blobs_read(blobs, descriptor, PV_CONFIG_BYTES_MAX, error);
		return whole && put_bytes(writer, name, g_bytes_get_data(whole, NULL),
					  g_bytes_get_size(whole), error);
	}
	return pv_blobs_range(blobs, descriptor, &range, error) &&
	       put_range(writer, name, descriptor, &range, error);
}

static gboolean put_oci_index(Writer *writer, const char *name, const PvDescriptor *root,
			      GError **error)
{
	char digest[PV_DIGEST_TEXT_SIZE];
	g_autoptr(json_t) index = NULL;
	json_t *entry;

	pv_digest_format(&root->digest, digest);
	entry = json_pack("{s:s, s:s, s:I}", "mediaType", root->media_type, "digest", digest,
			  "size", (json_int_t)root->size);
	if (name)
		json_object_set_new(entry, "annotations",
				    json_pack("{s:s}", "org.opencontainers.image.ref.name", name));
	index = json_pack("{s:i, s:s, s:[o]}", "schemaVersion", 2, "mediaType", PV_MEDIA_OCI_INDEX,
			  "manifests", entry);
	return put_json(writer, "index.json", index, error);
}

gboolean pv_archive_write_oci(const char *path, const char *name, const PvPlan *plan,
			      PvBlobs *blobs, GError **error)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	g_auto(Writer) writer = { .fd = -1 };
	gboolean good = writer_open(&writer, path, error) &&
			put_bytes(&writer, "oci-layout", layout, strlen(layout), error);

	for (guint i = 0; good && i < plan->blobs->len; i++)
		good = put_blob(&writer, blobs, &g_array_index(plan->blobs, PvDescriptor, i),
				error);
	for (guint i = 0; good && i < plan->manifests->len; i++) {
		const PvPlanManifest *one = g_ptr_array_index(plan->manifests, i);
		g_autofree char *blob = blob_name(&one->descriptor);

		good = put_bytes(&writer, blob, g_bytes_get_data(one->bytes, NULL),
				 g_bytes_get_size(one->bytes), error);
	}
	return good && put_oci_index(&writer, name, &pv_plan_root(plan)->descriptor, error) &&
	       writer_finish(&writer, error);
}

typedef struct {
	Writer *writer;
	PvHasher *hasher; /* of the tar */
} Inflated;

static gboolean take_tar(void *user_data, const guint8 *data, gsize size, GError **error)
{
	Inflated *inflated = user_data;

	pv_hasher_feed(inflated->hasher, data, size);
	return append(inflated->writer, data, size, error);
}

/* A layer as a plain tar: its size is known only at its end, so the header is written twice. */
static gboolean put_layer(Writer *writer, PvBlobs *blobs, const PvDescriptor *layer,
			  const PvDigest *diff_id, GError **error)
{
	g_autofree char *hex = pv_digest_hex(diff_id), *name = g_strconcat(hex, ".tar", NULL);
	guint64 header_at = writer->at;
	guint8 header[BLOCK];
	Inflated inflated = { writer, NULL };
	PvBlobRange range;
	PvDigest stored, tar;
	gboolean good;

	if (!pv_blobs_range(blobs, layer, &range, error))
		return FALSE;
	make_header(header, name, 0);
	inflated.hasher = pv_hasher_new(diff_id->hash);
	good = append(writer, header, BLOCK, error) &&
	       pv_inflate_range(&range, layer->digest.hash, take_tar, &inflated, &stored, error);
	tar = pv_hasher_finish(inflated.hasher);
	if (!good || !check(layer, &stored, error))
		return FALSE;
	if (!pv_digest_equal(&tar, diff_id))
		return pv_fail(
			error, PV_ERROR_DIGEST,
			"a layer's tar has another digest than the configuration's diff id %s",
			hex);
	make_header(header, name, writer->at - header_at - BLOCK);
	if (pwrite(writer->fd, header, BLOCK, (off_t)header_at) != BLOCK)
		return pv_fail_errno(error, errno, "%s: cannot write", writer->path);
	return pad(writer, error);
}

static gboolean put_layers(Writer *writer, PvBlobs *blobs, const PvManifest *manifest,
			   const PvConfig *config, json_t *names, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < manifest->layer_count; i++) {
		g_autofree char *hex = pv_digest_hex(&config->diff_ids[i]);
		g_autofree char *name = g_strconcat(hex, ".tar", NULL);

		json_array_append_new(names, json_string(name));
		if (g_hash_table_add(seen, g_steal_pointer(&hex)) &&
		    !put_layer(writer, blobs, &manifest->layers[i], &config->diff_ids[i], error))
			return FALSE;
	}
	return TRUE;
}

gboolean pv_archive_write_docker(const char *path, const char *name, const PvPlan *plan,
				 PvBlobs *blobs, GError **error)
{
	const PvManifest *manifest = pv_plan_root(plan)->manifest;
	g_autoptr(GBytes) config_bytes =
		pv_blobs_read(blobs, &manifest->config, PV_CONFIG_BYTES_MAX, error);
	g_autoptr(PvConfig) config = NULL;
	g_autoptr(json_t) names = json_array(), list = NULL;
	g_auto(Writer) writer = { .fd = -1 };
	g_autofree char *hex = pv_digest_hex(&manifest->config.digest);
	g_autofree char *config_name = g_strconcat(hex, ".json", NULL);

	if (!config_bytes)
		return FALSE;
	config = pv_config_parse(config_bytes, manifest->layer_count, config_name, error);
	if (!config || !writer_open(&writer, path, error) ||
	    !put_layers(&writer, blobs, manifest, config, names, error) ||
	    !put_bytes(&writer, config_name, g_bytes_get_data(config_bytes, NULL),
		       g_bytes_get_size(config_bytes), error))
		return FALSE;
	list = json_pack("[{s:s, s:o, s:O}]", "Config", config_name, "RepoTags",
			 name ? json_pack("[s]", name) : json_null(), "Layers", names);
	return put_json(&writer, "manifest.json", list, error) && writer_finish(&writer, error);
}

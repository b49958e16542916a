/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The metadata of one role in an update: the remembered one, through the index where that knows it
 * (tuf/index.h), or what the server gives under the hash that the role above vouches for.
 */

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "tuf/client_private.h"
#include "tuf/index.h"

gboolean pv_tuf_check_rollback(const PvMetadata *found, const PvMetadata *before, GError **error)
{
	if (!before || found->version >= before->version)
		return TRUE;
	return pv_fail(error, PV_ERROR_ROLLBACK,
		       "%s is version %" G_GINT64_FORMAT ", version %" G_GINT64_FORMAT
		       " was accepted before",
		       found->role, found->version, before->version);
}

gboolean pv_tuf_check_expiry(const PvTufUpdate *update, const PvMetadata *metadata, GError **error)
{
	return update->policy->accept_expired ||
	       pv_metadata_check_expiry(metadata, update->policy->now, error);
}

static gboolean is_file_of(const PvIndexEntry *entry, GBytes *file)
{
	gsize size;
	const void *data = g_bytes_get_data(file, &size);
	PvDigest found;

	if (size != entry->file.length)
		return FALSE;
	found = pv_digest_of(PV_HASH_SHA256, data, size);
	return pv_digest_equal(&found, &entry->file.sha256);
}

PvMetadata *pv_tuf_read_remembered(const PvTufUpdate *update, const char *role, GBytes *file,
				   GError **error)
{
	const PvIndexEntry *entry = update->index ? g_hash_table_lookup(update->index, role) : NULL;
	PvMetadata *metadata;

	if (!entry || !is_file_of(entry, file))
		return pv_metadata_parse_for_index(role, file, update->policy->only, error);
	metadata = pv_metadata_parse_known(role, file, error);
	if (metadata)
		metadata->proven = g_hash_table_ref(entry->proven);
	return metadata;
}

static gboolean is_proven(const PvMetadata *metadata, const PvRole *role)
{
	guint count = 0;

	for (guint i = 0; metadata->proven && i < role->keys->len; i++)
		count += g_hash_table_contains(metadata->proven,
					       pv_public_key_id(role->keys->pdata[i]));
	return count >= role->threshold;
}

/* What the index does not know as proven may be signed all the same: by a key that was added. */
gboolean pv_tuf_verify_or_prove(PvMetadata *metadata, const PvRole *keys, GError **error)
{
	return is_proven(metadata, keys) ? pv_metadata_verify(metadata, keys, error)
					 : pv_metadata_prove(metadata, keys, error);
}

PvMetadata *pv_tuf_remembered(const PvTufUpdate *update, const char *role, const PvRole *keys)
{
	g_autoptr(GBytes) file = update->cache->load(update->cache->cache, role);
	g_autoptr(PvMetadata) metadata = NULL;

	if (!file)
		return NULL;
	metadata = pv_tuf_read_remembered(update, role, file, NULL);
	if (!metadata || !pv_tuf_verify_or_prove(metadata, keys, NULL))
		return NULL;
	return g_steal_pointer(&metadata);
}

static gint64 wall_clock_ns(void)
{
	PvTime now = pv_time_now();

	return now.seconds * G_GINT64_CONSTANT(1000000000) + now.nanoseconds;
}

/* --- through the index ---------------------------------------------------------------------- */

/* The role's entry and its file, open; -1 if there is none or the file is another by now. */
static int open_indexed(PvTufUpdate *update, const char *name, PvIndexEntry **ret_entry)
{
	PvIndexEntry *entry = update->index ? g_hash_table_lookup(update->index, name) : NULL;
	int fd;

	if (!entry || !entry->places)
		return -1;
	fd = update->cache->open(update->cache->cache, name);
	if (fd >= 0 && !pv_index_entry_is_of(entry, fd, wall_clock_ns(), &update->index_changed)) {
		close(fd);
		return -1;
	}
	*ret_entry = entry;
	return fd;
}

static gboolean is_known_as(const PvFileMeta *known, const PvFileMeta *meta)
{
	return known->length == meta->length && pv_digest_equal(&known->sha256, &meta->sha256) &&
	       (meta->sha512.size == 0 || pv_digest_equal(&known->sha512, &meta->sha512));
}

static gboolean add_target(PvMetadata *metadata, const PvIndexEntry *entry, int fd,
			   const char *name)
{
	PvFileMeta *meta;

	if (!pv_index_find(entry, fd, name, &meta, NULL))
		return FALSE;
	if (meta)
		pv_metadata_add_file(metadata, g_strdup(name), meta);
	return TRUE;
}

/* The whole role, without verifying it again. */
static PvMetadata *whole(const PvIndexEntry *entry, int fd)
{
	g_autoptr(GBytes) file = pv_file_read_fd_sized(fd, entry->role, entry->file.length,
						       PV_METADATA_BYTES_MAX, NULL);
	PvMetadata *metadata =
		file ? pv_metadata_parse_for_index(entry->role, file, NULL, NULL) : NULL;

	if (!metadata)
		return NULL;
	metadata->known = pv_file_meta_copy(&entry->file);
	metadata->proven = g_hash_table_ref(entry->proven);
	return metadata;
}

/*
 * What the index knows of the role: the one target that is wanted, or all of them; without any if
 * the file is not the one that @meta vouches for, since then only its version counts.
 */
static PvMetadata *indexed(PvTufUpdate *update, const char *name, const PvFileMeta *meta,
			   const PvRole *role)
{
	const char *only = update->policy->only;
	g_autoptr(PvMetadata) metadata = NULL;
	PvIndexEntry *entry;
	int fd = open_indexed(update, name, &entry);
	gboolean vouched, good = TRUE;

	if (fd < 0)
		return NULL;
	vouched = is_known_as(&entry->file, meta);
	metadata = vouched && !only ? whole(entry, fd) : pv_index_skeleton(entry, fd, NULL);
	if (metadata && vouched && only)
		good = add_target(metadata, entry, fd, only);
	close(fd);
	if (metadata && good && pv_metadata_verify(metadata, role, NULL))
		return g_steal_pointer(&metadata);
	g_hash_table_remove(update->index, name); /* it is made anew */
	return NULL;
}

/* --- vouched for by the role above ----------------------------------------------------------- */

static gboolean is_vouched(const PvFileMeta *meta, const PvMetadata *metadata)
{
	if (metadata->known)
		return is_known_as(metadata->known, meta);
	return pv_file_meta_check(meta, metadata->file, metadata->role, NULL);
}

/* Whether a fetched file is the one, by what was measured while it came where that is known. */
static gboolean check_fetched(const PvTufUpdate *update, const PvFileMeta *meta, GBytes *file,
			      const char *role, GError **error)
{
	const PvTufRemote *remote = update->remote;
	const PvFileMeta *measured =
		remote->measured ? remote->measured(remote->remote, file) : NULL;

	return measured ? pv_file_meta_compare(meta, measured, role, error)
			: pv_file_meta_check(meta, file, role, error);
}

/* The file that @meta vouches for: the remembered one if it is that, else fetched by its hash. */
static GBytes *vouched_file(PvTufUpdate *update, const char *role, const PvFileMeta *meta,
			    gboolean look_in_cache, GError **error)
{
	const PvTufCache *cache = update->cache;
	g_autoptr(GBytes) file = NULL;
	g_autofree char *hex = NULL;
	g_autofree char *name = NULL;

	if (look_in_cache)
		file = cache->load(cache->cache, role);
	if (file && pv_file_meta_check(meta, file, role, NULL))
		return g_steal_pointer(&file);
	g_clear_pointer(&file, g_bytes_unref);
	if (cache->uploaded && meta->length <= PV_METADATA_BYTES_MAX)
		file = cache->uploaded(cache->cache, role, (gsize)meta->length);
	if (file && pv_file_meta_check(meta, file, role, NULL))
		return g_steal_pointer(&file);
	g_clear_pointer(&file, g_bytes_unref);
	if (meta->length > PV_METADATA_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "%s.json has %" G_GUINT64_FORMAT
				    " bytes, at most %" G_GSIZE_FORMAT " count",
				    role, meta->length, (gsize)PV_METADATA_BYTES_MAX);
	if (meta->sha256.size == 0)
		return pv_fail_null(error, PV_ERROR_MIX, "no sha256 is signed for %s", role);
	hex = pv_digest_hex(&meta->sha256);
	name = g_strdup_printf("%s.%s", role, hex);
	file = pv_tuf_fetch(update, name, (gsize)meta->length, error);
	if (!file || !check_fetched(update, meta, file, role, error))
		return NULL;
	return g_steal_pointer(&file);
}

/* (transfer full): the remembered role if it is vouched for, else what the server gives. */
static PvMetadata *remembered_or_fetched(PvTufUpdate *update, const char *name,
					 const PvFileMeta *meta, PvMetadata *before, GError **error)
{
	g_autoptr(GBytes) file = NULL;
	PvMetadata *metadata;

	if (before && is_vouched(meta, before)) {
		metadata = pv_metadata_ref(before);
	} else {
		file = vouched_file(update, name, meta, before == NULL, error);
		if (!file)
			return NULL;
		metadata = pv_metadata_parse_for_index(name, file, update->policy->only, error);
	}
	if (metadata && !metadata->known)
		metadata->known = pv_file_meta_copy(meta);
	return metadata;
}

PvMetadata *pv_tuf_vouched(PvTufUpdate *update, const char *name, const PvFileMeta *meta,
			   const PvRole *role, PvMetadata **ret_unverified, GError **error)
{
	g_autoptr(PvMetadata) before = indexed(update, name, meta, role);
	g_autoptr(PvMetadata) metadata = NULL;

	if (!before)
		before = pv_tuf_remembered(update, name, role);
	metadata = remembered_or_fetched(update, name, meta, before, error);
	if (metadata && ret_unverified)
		*ret_unverified = pv_metadata_ref(metadata);
	if (!metadata || (metadata != before && !pv_metadata_prove(metadata, role, error)) ||
	    !pv_tuf_check_expiry(update, metadata, error) ||
	    !pv_tuf_check_rollback(metadata, before, error))
		return NULL;
	return g_steal_pointer(&metadata);
}

/* --- keeping the index ----------------------------------------------------------------------- */

/* TRUE if the file of @fd is just @file; piece by piece, so that no memory has to be filled. */
static gboolean holds(int fd, GBytes *file)
{
	guint8 piece[64 * 1024];
	gsize size, at = 0;
	const guint8 *data = g_bytes_get_data(file, &size);
	ssize_t got;

	while ((got = pread(fd, piece, sizeof piece, (off_t)at)) > 0) {
		if ((gsize)got > size - at || memcmp(piece, data + at, (gsize)got) != 0)
			return FALSE;
		at += (gsize)got;
	}
	return got == 0 && at == size;
}

/* The entry of a role that was read whole, if the remembered file is the one that was read. */
static PvIndexEntry *new_entry(const PvTufUpdate *update, PvMetadata *metadata)
{
	PvIndexEntry *entry = NULL;
	gint64 now_ns = wall_clock_ns();
	PvFileStamp stamp;
	int fd = update->cache->open(update->cache->cache, metadata->role);

	if (fd < 0)
		return NULL;
	if (pv_file_stamp(fd, &stamp) && holds(fd, metadata->file)) {
		entry = g_new0(PvIndexEntry, 1);
		entry->role = g_strdup(metadata->role);
		entry->stamp = stamp;
		entry->checked_ns = now_ns;
		entry->file = *metadata->known;
		entry->file.custom = NULL;
		entry->proven = g_hash_table_ref(metadata->proven);
		entry->places = g_steal_pointer(&metadata->places);
	}
	close(fd);
	return entry;
}

static PvFileMeta measure(GBytes *file)
{
	gsize size;
	const void *data = g_bytes_get_data(file, &size);

	return (PvFileMeta){ .length = size, .sha256 = pv_digest_of(PV_HASH_SHA256, data, size) };
}

/* Of a role that is read whole each time: by which keys it was found signed. */
static void index_proof(PvTufUpdate *update, const PvMetadata *metadata)
{
	PvIndexEntry *entry = g_hash_table_lookup(update->index, metadata->role);
	PvFileMeta file;

	if (!metadata->file || !metadata->proven || (entry && entry->proven == metadata->proven))
		return;
	file = measure(metadata->file);
	entry = g_new0(PvIndexEntry, 1);
	entry->role = g_strdup(metadata->role);
	entry->file = file;
	entry->proven = g_hash_table_ref(metadata->proven);
	g_hash_table_replace(update->index, entry->role, entry);
	update->index_changed = TRUE;
}

static gboolean has_places_to_keep(const PvMetadata *metadata)
{
	const PvTargetPlaces *places = metadata->places;

	if (!metadata->file || !places || !metadata->known || !metadata->proven ||
	    metadata->known->length < PV_INDEX_FILE_BYTES_MIN)
		return FALSE;
	for (guint i = 0; i < places->members->len; i++) {
		if (g_array_index(places->members, PvTargetPlace, i).size >
		    PV_INDEX_MEMBER_BYTES_MAX)
			return FALSE;
	}
	return TRUE;
}

static void index_role(PvTufUpdate *update, PvMetadata *metadata)
{
	PvIndexEntry *entry = g_hash_table_lookup(update->index, metadata->role);

	if (!has_places_to_keep(metadata)) {
		index_proof(update, metadata);
		return;
	}
	if ((entry && entry->places && is_known_as(&entry->file, metadata->known)))
		return;
	entry = new_entry(update, metadata);
	if (!entry)
		return;
	g_hash_table_replace(update->index, entry->role, entry);
	update->index_changed = TRUE;
}

void pv_tuf_load_index(PvTufUpdate *update)
{
	g_autoptr(GBytes) bytes = NULL;

	if (!update->cache->open)
		return;
	bytes = update->cache->load_index(update->cache->cache);
	if (bytes)
		update->index = pv_index_parse(bytes, NULL);
}

void pv_tuf_keep_index(PvTufUpdate *update)
{
	const PvTufState *state = update->state;
	g_autoptr(GBytes) bytes = NULL;
	GHashTableIter iter;
	PvMetadata *delegation;

	if (!update->cache->open)
		return;
	if (!update->index)
		update->index = pv_index_new();
	index_proof(update, state->root);
	index_proof(update, state->timestamp);
	index_proof(update, state->snapshot);
	index_role(update, state->targets);
	g_hash_table_iter_init(&iter, state->delegations);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&delegation))
		index_role(update, delegation);
	if (!update->index_changed)
		return;
	bytes = pv_index_write(update->index);
	if (g_bytes_get_size(bytes) <= PV_INDEX_BYTES_MAX)
		update->cache->store_index(update->cache->cache, bytes);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* notary list, lookup, verify: what the repository says, in Notary's order of roles. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/canonical.h"
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/sorted.h"
#include "program/notary/notary.h"

typedef struct {
	const PvTufState *state;
	const char *only;      /* (nullable): one target's name */
	const GPtrArray *skip; /* (nullable): roles that come later by themselves */
	GArray *found;         /* of Target, as they are met: of one name the first counts */
} Search;

typedef struct {
	const char *name, *role;
	const PvFileMeta *meta;
} Target;

static void take(Search *search, const PvMetadata *metadata, const char *name)
{
	Target target = { name, metadata->role, g_hash_table_lookup(metadata->files, name) };

	if (target.meta && pv_tuf_is_delegated(search->state, metadata->role, name))
		g_array_append_val(search->found, target);
}

static void take_all(Search *search, const PvMetadata *metadata)
{
	if (search->only) {
		take(search, metadata, search->only);
		return;
	}
	for (guint i = 0; i < metadata->file_names->len; i++)
		take(search, metadata, metadata->file_names->pdata[i]);
}

static gboolean is_skipped(const Search *search, const char *role, const char *start)
{
	for (guint i = 0; search->skip && i < search->skip->len; i++) {
		if (strcmp(search->skip->pdata[i], role) == 0 && strcmp(role, start) != 0)
			return TRUE;
	}
	return FALSE;
}

/* Pre-order, from @start down. */
static void walk(Search *search, const char *start)
{
	g_autoptr(GPtrArray) stack = g_ptr_array_new();

	g_ptr_array_add(stack, (void *)start);
	while (stack->len > 0) {
		const char *name = g_ptr_array_steal_index(stack, stack->len - 1);
		const PvMetadata *metadata = pv_tuf_metadata(search->state, name);

		if (!metadata || is_skipped(search, name, start))
			continue;
		take_all(search, metadata);
		for (guint i = metadata->role_order->len; i > 0; i--)
			g_ptr_array_add(stack, metadata->role_order->pdata[i - 1]);
	}
}

static GArray *search_roles(const PvTufState *state, const GPtrArray *roles, const char *only)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(Target));
	Search search = { state, only, roles, found };

	for (guint i = 0; roles && i < roles->len; i++)
		walk(&search, roles->pdata[i]);
	if (!roles || roles->len == 0)
		walk(&search, "targets");
	return found;
}

static int compare_targets(const void *a, const void *b)
{
	const Target *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* By name, each once; of one name the first that was found. Mostly they are so already. */
static void sort_targets(GArray *found)
{
	Target *targets = (Target *)(void *)found->data;
	guint kept = 0, in_order = 1;

	while (in_order < found->len &&
	       compare_targets(&targets[in_order - 1], &targets[in_order]) < 0)
		in_order++;
	if (in_order >= found->len)
		return;
	g_array_sort(found, compare_targets); /* stable */
	for (guint i = 1; i < found->len; i++) {
		if (compare_targets(&targets[kept], &targets[i]) != 0)
			targets[++kept] = targets[i];
	}
	g_array_set_size(found, kept + 1);
}

static void print_targets(GArray *found)
{
	static const char *const head[] = { "NAME", "DIGEST", "SIZE (BYTES)", "ROLE",
					    "----", "------", "------------", "----" };
	g_autoptr(GPtrArray) cells = g_ptr_array_sized_new(4 * found->len + 9);
	g_autoptr(GStringChunk) texts = g_string_chunk_new(64 * PV_KIB);
	g_autoptr(GString) size = g_string_new(NULL);
	char digest[PV_DIGEST_TEXT_SIZE];

	for (gsize i = 0; i < G_N_ELEMENTS(head); i++)
		g_ptr_array_add(cells, (void *)head[i]);
	for (guint i = 0; i < found->len; i++) {
		const Target *target = &g_array_index(found, Target, i);
		const PvDigest *sha256 = &target->meta->sha256;

		pv_digest_format(sha256, digest);
		g_string_truncate(size, 0);
		pv_canonical_append_number(size, target->meta->length);
		g_ptr_array_add(cells, (void *)target->name);
		g_ptr_array_add(cells,
				sha256->size
					? g_string_chunk_insert(texts, digest + strlen("sha256:"))
					: (char *)"");
		g_ptr_array_add(cells,
				g_string_chunk_insert_len(texts, size->str, (gssize)size->len));
		g_ptr_array_add(cells, (void *)target->role);
	}
	g_ptr_array_add(cells, NULL);
	pv_notary_print_table((const char *const *)cells->pdata, 4);
}

gboolean pv_notary_list(PvNotary *notary, GError **error)
{
	g_autoptr(PvRepository) repository = NULL;
	const PvTufState *state;
	g_autoptr(GArray) found = NULL;

	if (notary->arguments->len < 1)
		return pv_notary_misused(notary, "Must specify a GUN", error);
	repository = pv_notary_open(notary, error);
	state = repository ? pv_notary_read(notary, repository, NULL, error) : NULL;
	if (!state)
		return FALSE;
	found = search_roles(state, notary->roles, NULL);
	if (found->len == 0) {
		printf("\nNo targets present in this repository.\n\n");
	} else {
		sort_targets(found);
		print_targets(found);
	}
	return TRUE;
}

/* (transfer none): what argument 1 names; the error's sentence is Notary's. */
static const PvFileMeta *look_up(PvNotary *notary, const PvTufState *state, GError **error)
{
	const char *name = pv_notary_argument(notary, 1);
	g_autoptr(GArray) found = search_roles(state, NULL, name);

	return found->len ? g_array_index(found, Target, 0).meta
			  : pv_fail_null(error, PV_ERROR_NOT_SIGNED, "No valid trust data for %s",
					 name);
}

gboolean pv_notary_lookup(PvNotary *notary, GError **error)
{
	g_autoptr(PvRepository) repository = NULL;
	const PvTufState *state;
	const PvFileMeta *meta;
	g_autofree char *hex = NULL;

	if (notary->arguments->len < 2)
		return pv_notary_misused(notary, "Must specify a GUN and target", error);
	repository = pv_notary_open(notary, error);
	state = repository
			? pv_notary_read(notary, repository, pv_notary_argument(notary, 1), error)
			: NULL;
	meta = state ? look_up(notary, state, error) : NULL;
	if (!meta)
		return FALSE;
	hex = meta->sha256.size ? pv_digest_hex(&meta->sha256) : g_strdup("");
	printf("%s sha256:%s %" G_GUINT64_FORMAT "\n", pv_notary_argument(notary, 1), hex,
	       meta->length);
	return TRUE;
}

static gboolean check_hash(const PvDigest *expected, PvHash hash, const char *name, GBytes *data,
			   const char *target, GError **error)
{
	gsize size;
	const void *bytes = g_bytes_get_data(data, &size);
	PvDigest found;
	g_autofree char *hex = NULL;

	if (expected->size == 0)
		return TRUE;
	found = pv_digest_of(hash, bytes, size);
	if (pv_digest_equal(&found, expected))
		return TRUE;
	hex = pv_digest_hex(expected);
	return pv_fail(error, PV_ERROR_DIGEST,
		       "data not present in the trusted collection, %s checksum for %s did not "
		       "match: expected %s",
		       name, target, hex);
}

static gboolean write_payload(const PvNotary *notary, GBytes *data, GError **error)
{
	gsize size;
	const void *bytes = g_bytes_get_data(data, &size);

	if (notary->quiet)
		return TRUE;
	if (notary->output)
		return pv_file_replace(notary->output, bytes, size, 0644, error);
	return fwrite(bytes, 1, size, stdout) == size ||
	       pv_fail(error, PV_ERROR_IO, "cannot write to standard output");
}

gboolean pv_notary_verify(PvNotary *notary, GError **error)
{
	g_autoptr(PvRepository) repository = NULL;
	const PvTufState *state;
	g_autoptr(GBytes) data = NULL;
	const PvFileMeta *meta;
	const char *name;

	if (notary->arguments->len < 2)
		return pv_notary_misused(notary, "Must specify a GUN and target", error);
	name = pv_notary_argument(notary, 1);
	data = notary->input
		       ? pv_notary_read_file(notary->input, PV_FILE_BYTES_MAX, error)
		       : pv_file_read_fd(STDIN_FILENO, "standard input", PV_FILE_BYTES_MAX, error);
	repository = data ? pv_notary_open(notary, error) : NULL;
	if (!repository)
		return FALSE;
	state = pv_notary_read(notary, repository, name, error);
	meta = state ? look_up(notary, state, error) : NULL;
	if (!meta) {
		g_autofree char *what =
			g_strdup_printf("error retrieving target by name:%s, error", name);

		if (error && *error) {
			g_autofree char *message = g_steal_pointer(&(*error)->message);

			(*error)->message = g_strdup_printf("%s:%s", what, message);
		}
		return FALSE;
	}
	return check_hash(&meta->sha256, PV_HASH_SHA256, "sha256", data, name, error) &&
	       check_hash(&meta->sha512, PV_HASH_SHA512, "sha512", data, name, error) &&
	       write_payload(notary, data, error);
}

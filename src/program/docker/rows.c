/* SPDX-License-Identifier: Apache-2.0 */

/* Signatures and signers of a repository as Docker lists them. */

#include "program/docker/rows.h"

#include <string.h>

#include "base/limits.h"

#define RELEASES "targets/releases"

/* --- natural order ------------------------------------------------------------------------ */

typedef struct {
	const char *digits; /* without leading zeros */
	gsize zeros, count;
} Number;

static Number read_number(const char **at)
{
	Number number = { 0 };
	const char *start = *at;

	while (**at == '0')
		(*at)++;
	number.zeros = (gsize)(*at - start);
	number.digits = *at;
	while (g_ascii_isdigit(**at))
		(*at)++;
	number.count = (gsize)(*at - number.digits);
	return number;
}

static int compare_sizes(gsize a, gsize b)
{
	return (a > b) - (a < b);
}

static int compare_numbers(const Number *a, const Number *b)
{
	int order = compare_sizes(a->count, b->count);

	if (order == 0)
		order = memcmp(a->digits, b->digits, a->count);
	return order ? order : compare_sizes(a->zeros, b->zeros);
}

int pv_docker_compare_natural(const char *a, const char *b)
{
	while (*a && *b) {
		gboolean digit = g_ascii_isdigit(*a);

		if (digit != g_ascii_isdigit(*b))
			return digit ? -1 : 1;
		if (digit) {
			Number left = read_number(&a), right = read_number(&b);
			int order = compare_numbers(&left, &right);

			if (order)
				return order;
		} else {
			if (*a != *b)
				return (guchar)*a < (guchar)*b ? -1 : 1;
			a++;
			b++;
		}
	}
	return (*a != '\0') - (*b != '\0');
}

/* --- the tree of roles -------------------------------------------------------------------- */

/* (transfer container): names of roles with metadata: targets, then each delegation before its own. */
static GPtrArray *roles_in_order(const PvTufState *state)
{
	GPtrArray *names = g_ptr_array_new();

	g_ptr_array_add(names, (void *)"targets");
	for (guint i = 0; i < names->len && names->len <= PV_DELEGATIONS_MAX; i++) {
		const PvMetadata *metadata = pv_tuf_metadata(state, names->pdata[i]);
		guint at = i + 1;

		for (guint k = 0; k < metadata->role_order->len; k++) {
			void *name = metadata->role_order->pdata[k];

			if (pv_tuf_metadata(state, name))
				g_ptr_array_insert(names, (gint)at++, name);
		}
	}
	return names;
}

static gboolean is_released(const char *role)
{
	return strcmp(role, "targets") == 0 || strcmp(role, RELEASES) == 0;
}

static char *signer_of(const char *role)
{
	return g_strdup(role + strlen("targets/"));
}

/* --- signed tags -------------------------------------------------------------------------- */

static void row_free(void *data)
{
	PvDockerRow *row = data;

	g_free(row->tag);
	g_free(row->digest);
	g_ptr_array_unref(row->signers);
	g_free(row);
}

static char *row_key(const char *tag, const char *digest)
{
	return g_strconcat(digest, " ", tag, NULL);
}

static void release(GPtrArray *rows, GHashTable *by_key, const char *tag, const PvFileMeta *meta)
{
	g_autofree char *digest = pv_digest_hex(&meta->sha256);
	g_autofree char *key = row_key(tag, digest);
	PvDockerRow *row;

	if (g_hash_table_contains(by_key, key))
		return;
	row = g_new0(PvDockerRow, 1);
	row->tag = g_strdup(tag);
	row->digest = g_steal_pointer(&digest);
	row->signers = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(rows, row);
	g_hash_table_insert(by_key, g_steal_pointer(&key), row);
}

static void add_signer(GHashTable *by_key, const char *role, const char *tag,
		       const PvFileMeta *meta)
{
	g_autofree char *digest = pv_digest_hex(&meta->sha256);
	g_autofree char *key = row_key(tag, digest);
	PvDockerRow *row = g_hash_table_lookup(by_key, key);

	if (row)
		g_ptr_array_add(row->signers, signer_of(role));
}

static int compare_rows(const void *a, const void *b)
{
	const PvDockerRow *left = *(PvDockerRow *const *)a, *right = *(PvDockerRow *const *)b;
	int order = pv_docker_compare_natural(left->tag, right->tag);

	return order ? order : strcmp(left->digest, right->digest);
}

/* Calls release() or add_signer() for what @role names within its paths. */
static void take_role(const PvTufState *state, const char *role, const char *only, GPtrArray *rows,
		      GHashTable *by_key)
{
	const PvMetadata *metadata = pv_tuf_metadata(state, role);
	const char *roles[] = { role, NULL };
	GHashTableIter iter;
	void *tag, *meta;

	g_hash_table_iter_init(&iter, metadata->files);
	while (g_hash_table_iter_next(&iter, &tag, &meta)) {
		if ((only && strcmp(only, tag) != 0) || ((PvFileMeta *)meta)->sha256.size == 0 ||
		    !pv_tuf_find_target(state, tag, roles, NULL))
			continue;
		if (rows)
			release(rows, by_key, tag, meta);
		else
			add_signer(by_key, role, tag, meta);
	}
}

GPtrArray *pv_docker_rows(const PvTufState *state, const char *tag)
{
	GPtrArray *rows = g_ptr_array_new_with_free_func(row_free);
	g_autoptr(GHashTable) by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) roles = roles_in_order(state);

	for (guint i = 0; i < roles->len; i++) {
		if (is_released(roles->pdata[i]))
			take_role(state, roles->pdata[i], tag, rows, by_key);
	}
	for (guint i = 0; i < roles->len; i++) {
		if (!is_released(roles->pdata[i]))
			take_role(state, roles->pdata[i], tag, NULL, by_key);
	}
	g_ptr_array_sort(rows, compare_rows);
	return rows;
}

/* --- signers ------------------------------------------------------------------------------ */

static void signer_free(void *data)
{
	PvDockerSigner *signer = data;

	g_free(signer->name);
	g_ptr_array_unref(signer->keys);
	g_free(signer);
}

static int compare_signers(const void *a, const void *b)
{
	const PvDockerSigner *left = *(PvDockerSigner *const *)a;
	const PvDockerSigner *right = *(PvDockerSigner *const *)b;

	return strcmp(left->name, right->name);
}

GPtrArray *pv_docker_signers(const PvTufState *state)
{
	GPtrArray *signers = g_ptr_array_new_with_free_func(signer_free);
	g_autoptr(GPtrArray) roles = roles_in_order(state);

	for (guint i = 0; i < roles->len; i++) {
		const PvMetadata *metadata = pv_tuf_metadata(state, roles->pdata[i]);

		for (guint k = 0; k < metadata->role_order->len; k++) {
			const char *name = metadata->role_order->pdata[k];
			const PvRole *role = g_hash_table_lookup(metadata->roles, name);
			PvDockerSigner *signer;

			if (strcmp(name, RELEASES) == 0)
				continue;
			signer = g_new0(PvDockerSigner, 1);
			signer->name = signer_of(name);
			signer->keys = g_ptr_array_new_with_free_func(g_free);
			for (guint n = 0; n < role->keys->len; n++)
				g_ptr_array_add(signer->keys, g_strdup(pv_public_key_canonical_id(
								      role->keys->pdata[n])));
			g_ptr_array_add(signers, signer);
		}
	}
	g_ptr_array_sort(signers, compare_signers);
	return signers;
}

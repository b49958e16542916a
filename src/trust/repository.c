/* SPDX-License-Identifier: Apache-2.0 */

/* A repository's trust data, read: whom to trust at first sight, and what a tag means. */

#include "trust/repository.h"

#include <string.h>

#include "base/error.h"
#include "base/sorted.h"
#include "oci/http.h"
#include "trust/attestations.h"
#include "trust/repository_private.h"

#define DOCKER_SERVER "https://notary.docker.io"

char *pv_trust_server(const char *host)
{
	const char *named = g_getenv("DOCKER_CONTENT_TRUST_SERVER");

	if (named && *named)
		return g_strdup(named);
	if (strcmp(host, "docker.io") == 0)
		return g_strdup(DOCKER_SERVER);
	return g_strconcat("https://", host, NULL);
}

PvRepository *pv_repository_open(const PvRepositoryOptions *options, GError **error)
{
	g_autofree char *host = g_strndup(options->gun, strcspn(options->gun, "/"));
	g_autofree char *server =
		options->server ? g_strdup(options->server) : pv_trust_server(host);
	PvRepository *repository;

	if (!pv_trust_check_gun(options->gun, error))
		return NULL;
	if (!g_str_has_prefix(server, "https://"))
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "trust server \"%.256s\": expected https://HOST[:PORT]",
				    server);
	repository = g_new0(PvRepository, 1);
	repository->options = *options;
	repository->server = g_steal_pointer(&server);
	repository->cache = pv_trust_cache_new(options->directory, options->gun);
	repository->remote = pv_remote_new(repository->server, options->gun, options->ca_file);
	pv_remote_set_certificate(repository->remote, options->certificate_file, options->key_file);
	return repository;
}

void pv_repository_close(PvRepository *repository)
{
	if (!repository)
		return;
	pv_remote_free(repository->remote);
	pv_trust_cache_free(repository->cache);
	g_free(repository->server);
	g_free(repository);
}

const char *pv_repository_server(const PvRepository *repository)
{
	return repository->server;
}

static char *ids_of(const PvRole *role)
{
	GString *ids = g_string_new(NULL);

	for (guint i = 0; i < role->keys->len; i++)
		g_string_append_printf(ids, "%s%s", i ? ", " : "",
				       pv_public_key_id(role->keys->pdata[i]));
	return g_string_free(ids, FALSE);
}

/* --pin: as a pinned certificate of a configuration, for this repository alone. */
static gboolean check_pins(const PvRepository *repository, const PvMetadata *root, const char *ids,
			   GError **error)
{
	g_autoptr(GPtrArray) pins = g_ptr_array_new();

	for (const char *const *pin = repository->options.pins; *pin; pin++)
		g_ptr_array_add(pins, (void *)*pin);
	if (pv_pins_check_ids(pins, root, NULL))
		return TRUE;
	return pv_fail(error, PV_ERROR_ROOT, "its root key is %s, which is not the pinned one",
		       ids);
}

static gboolean accept_first_root(void *data, const PvMetadata *root, GError **error)
{
	const PvRepository *repository = data;
	const PvPins *pinning = repository->options.pinning;
	g_autofree char *ids = ids_of(g_hash_table_lookup(root->roles, "root"));
	PvPinsVerdict verdict = PV_PINS_SILENT;

	if (repository->options.pins && *repository->options.pins)
		return check_pins(repository, root, ids, error);
	if (pinning)
		verdict =
			pv_pins_judge(pinning, repository->options.gun, root, pv_time_now(), error);
	if (verdict == PV_PINS_REFUSED)
		return pv_fail_wrap(error, "its root key is %s", ids);
	if (verdict == PV_PINS_ACCEPTED)
		return TRUE;
	if (repository->options.tofu && !(pinning && pinning->disable_tofu))
		return TRUE;
	return pv_fail(error, PV_ERROR_ROOT,
		       "its root is not known here yet; its key is %s: say --pin with that key if "
		       "the publisher confirms it, or --tofu to trust it at first sight",
		       ids);
}

static gboolean knows_root(const PvTufCache *cache)
{
	g_autoptr(GBytes) root = cache->load(cache->cache, "root");

	return root != NULL;
}

static PvTufState *update(PvRepository *repository, const char *only, GError **error)
{
	PvTufPolicy policy = { .gun = repository->options.gun,
			       .now = pv_time_now(),
			       .accept_first_root = accept_first_root,
			       .accept_data = repository,
			       .offline = repository->options.offline,
			       .max_age_s =
				       repository->publishing ? 0 : repository->options.max_age_s,
			       .accept_expired = repository->publishing,
			       .only = only };
	PvTufRemote remote;
	PvTufCache cache;

	if (!policy.offline && policy.max_age_s == 0 && !pv_remote_start(repository->remote, error))
		return NULL;
	pv_remote_functions(repository->remote, &remote);
	pv_trust_cache_functions(repository->cache, &cache);
	pv_remote_forget_early(repository->remote);
	if (!policy.offline && !knows_root(&cache))
		pv_remote_ask_ahead(repository->remote);
	return pv_tuf_update(&policy, &remote, &cache, error);
}

PvTufState *pv_repository_update(PvRepository *repository, GError **error)
{
	return update(repository, NULL, error);
}

PvTufState *pv_repository_look_up(PvRepository *repository, const char *tag, GError **error)
{
	return update(repository, tag, error);
}

/* --- what a tag means --------------------------------------------------------------------- */

static void role_free(void *data)
{
	PvTrustRole *role = data;

	g_free(role->name);
	g_ptr_array_unref(role->keys);
	pv_hardware_role_free(role->hardware);
	g_free(role);
}

void pv_trust_answer_free(PvTrustAnswer *answer)
{
	if (!answer)
		return;
	g_ptr_array_unref(answer->roles);
	g_ptr_array_unref(answer->notes);
	g_clear_pointer(&answer->hardware, g_ptr_array_unref);
	g_free(answer->hardware_note);
	g_free(answer);
}

static void take_earlier(PvTime *earliest, PvTime other)
{
	if (pv_time_compare(other, *earliest) < 0)
		*earliest = other;
}

static PvHardwareRole *hardware_of(const PvRepository *repository, const PvTufState *state,
				   const PvMetadata *metadata)
{
	const PvRole *role = pv_tuf_role(state, metadata->role);
	g_autoptr(GPtrArray) signers = pv_metadata_signers(metadata, role);

	return pv_hardware_role_find(repository->options.directory,
				     repository->options.attestation_roots, metadata->role,
				     role->threshold, signers, pv_time_now());
}

static void add_role(const PvRepository *repository, PvTrustAnswer *answer, const PvTufState *state,
		     const char *name)
{
	const PvMetadata *metadata = pv_tuf_metadata(state, name);
	g_autoptr(GPtrArray) signers = pv_metadata_signers(metadata, pv_tuf_role(state, name));
	PvTrustRole *role = g_new0(PvTrustRole, 1);

	role->name = g_strdup(name);
	role->keys = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < signers->len; i++)
		g_ptr_array_add(role->keys, g_strdup(pv_public_key_id(signers->pdata[i])));
	if (repository->options.attestation_roots)
		role->hardware = hardware_of(repository, state, metadata);
	g_ptr_array_add(answer->roles, role);
	take_earlier(&answer->expires, metadata->expires);
}

/* The other roles that say the same of @tag, by name. */
static void add_agreeing_roles(const PvRepository *repository, PvTrustAnswer *answer,
			       const PvTufState *state, const char *tag, const char *decided)
{
	g_autoptr(GPtrArray) names = pv_sorted_names(state->delegations);

	g_ptr_array_add(names, (void *)"targets");
	pv_sort_texts(names);
	for (guint i = 0; i < names->len; i++) {
		const char *only[] = { names->pdata[i], NULL };
		const PvFileMeta *meta = pv_tuf_find_target(state, tag, only, NULL);

		if (strcmp(names->pdata[i], decided) != 0 && meta &&
		    pv_digest_equal(&meta->sha256, &answer->digest))
			add_role(repository, answer, state, names->pdata[i]);
	}
}

static PvTrustAnswer *answer_of(const PvRepository *repository, const PvTufState *state,
				const char *tag, GError **error)
{
	const char *decided;
	const PvFileMeta *meta = pv_tuf_find_target(state, tag, NULL, &decided);
	PvTrustAnswer *answer;

	if (!meta || meta->sha256.size == 0) {
		const char *reason = state->unusable->len ? state->unusable->pdata[0] : NULL;

		return pv_fail_null(error, PV_ERROR_NOT_SIGNED,
				    "%s: no valid trust data for tag %s%s%s%s",
				    repository->options.gun, tag, reason ? " (" : "",
				    reason ? reason : "", reason ? ")" : "");
	}
	answer = g_new0(PvTrustAnswer, 1);
	answer->digest = meta->sha256;
	answer->size = meta->length;
	answer->roles = g_ptr_array_new_with_free_func(role_free);
	answer->notes = g_ptr_array_ref(state->unusable);
	answer->from_cache = state->from_cache;
	answer->expires = state->timestamp->expires;
	take_earlier(&answer->expires, state->snapshot->expires);
	take_earlier(&answer->expires, state->root->expires);
	add_role(repository, answer, state, decided);
	add_agreeing_roles(repository, answer, state, tag, decided);
	return answer;
}

/* "targets/a/b", then "targets/a", then "targets": each once. */
static void add_delegators(GHashTable *names, const char *role)
{
	g_autofree char *name = g_strdup(role);
	char *slash;

	do {
		g_hash_table_add(names, g_strdup(name));
		slash = strrchr(name, '/');
		if (slash)
			*slash = '\0';
	} while (slash);
}

/* What was said of their keys before missing attestations were asked for. */
static void refresh_roles(const PvRepository *repository, const PvTufState *state,
			  PvTrustAnswer *answer)
{
	for (guint i = 0; i < answer->roles->len; i++) {
		PvTrustRole *role = answer->roles->pdata[i];
		const PvMetadata *metadata = pv_tuf_metadata(state, role->name);

		if (!metadata)
			continue;
		pv_hardware_role_free(role->hardware);
		role->hardware = hardware_of(repository, state, metadata);
	}
}

static void add_hardware(PvRepository *repository, const PvTufState *state, PvTrustAnswer *answer)
{
	const PvMetadata *const top[] = { state->root, state->snapshot, state->timestamp };
	g_autoptr(GHashTable) needed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) names = NULL;
	g_autoptr(GError) failure = NULL;

	pv_repository_bring_attestations(repository, state, &answer->digest, &failure);
	if (failure)
		answer->hardware_note = g_strdup(failure->message);
	refresh_roles(repository, state, answer);
	answer->hardware = g_ptr_array_new_with_free_func((GDestroyNotify)pv_hardware_role_free);
	for (gsize i = 0; i < G_N_ELEMENTS(top); i++)
		g_ptr_array_add(answer->hardware, hardware_of(repository, state, top[i]));
	add_delegators(needed, "targets");
	for (guint i = 0; i < answer->roles->len; i++)
		add_delegators(needed, ((PvTrustRole *)answer->roles->pdata[i])->name);
	names = pv_sorted_names(needed);
	for (guint i = 0; i < names->len; i++) {
		const PvMetadata *metadata = pv_tuf_metadata(state, names->pdata[i]);

		if (metadata)
			g_ptr_array_add(answer->hardware, hardware_of(repository, state, metadata));
	}
}

PvTrustAnswer *pv_repository_verify(PvRepository *repository, const char *tag, GError **error)
{
	g_autoptr(PvTufState) state = pv_repository_look_up(repository, tag, error);

	PvTrustAnswer *answer = state ? answer_of(repository, state, tag, error) : NULL;

	if (answer && repository->options.attestation_roots && repository->options.wants_hardware)
		add_hardware(repository, state, answer);
	return answer;
}

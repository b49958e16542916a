/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Publishing: read what the server has, change it, sign, upload; who loses a race reads again. What
 * is staged is removed only after the server has accepted it, so that a death at any point loses
 * nothing: applied twice, a change is the same.
 */

#include "trust/publish.h"

#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "trust/edit_private.h"
#include "trust/repository_private.h"

#define ATTEMPTS_MAX   10
#define PAUSE_STEP_US  50000
#define PAUSE_FIRST_US 10000

typedef struct {
	PvRepository *repository;
	PvPassphrases *passphrases;
	const PvInitialise *initialise; /* NULL: an unknown repository is not initialised */
	gboolean anew;                  /* what the server has lost is not given to it again */
	PvEditFunc apply;
	void *data;
	const GPtrArray *legacy;
} Work;

/* (transfer full) (nullable): metadata of the cache that @root vouches for. */
static PvMetadata *cached_role(PvRepository *repository, const char *name, const PvMetadata *root)
{
	PvTufCache cache;
	g_autoptr(GBytes) file = NULL;
	g_autoptr(PvMetadata) metadata = NULL;

	pv_trust_cache_functions(repository->cache, &cache);
	file = cache.load(cache.cache, name);
	metadata = file ? pv_metadata_parse(name, file, NULL) : NULL;
	if (!metadata ||
	    !pv_metadata_verify(metadata,
				g_hash_table_lookup((root ? root : metadata)->roles, name), NULL))
		return NULL;
	return g_steal_pointer(&metadata);
}

/* (transfer full) (nullable): what was initialised here, or was published and is gone there. */
static PvEdit *edit_of_cache(PvRepository *repository)
{
	g_autoptr(PvMetadata) root = cached_role(repository, "root", NULL);
	g_autoptr(PvMetadata) targets = root ? cached_role(repository, "targets", root) : NULL;
	g_autoptr(PvMetadata) snapshot = targets ? cached_role(repository, "snapshot", root) : NULL;

	return targets ? pv_edit_new_first(root, targets, snapshot) : NULL;
}

static gboolean was_published(PvRepository *repository)
{
	PvTufCache cache;
	g_autoptr(GBytes) file = NULL;

	pv_trust_cache_functions(repository->cache, &cache);
	file = cache.load(cache.cache, "timestamp");
	return file != NULL;
}

static PvEdit *first_edit(const Work *work, const GError *failure, GError **error)
{
	PvRepository *repository = work->repository;
	PvEdit *edit;

	if (work->anew && was_published(repository) &&
	    !pv_trust_cache_forget(repository->cache, error))
		return NULL;
	edit = edit_of_cache(repository);
	if (edit)
		return edit;
	if (!work->initialise) {
		g_propagate_error(error, g_error_copy(failure));
		return NULL;
	}
	if (!pv_repository_initialise(repository, work->passphrases, work->initialise, NULL, error))
		return NULL;
	edit = edit_of_cache(repository);
	return edit ? edit
		    : pv_fail_null(error, PV_ERROR_INTERNAL, "%s was initialised in vain",
				   repository->options.gun);
}

/* (transfer full): what the server has now, ready to be changed. */
static PvEdit *newest_edit(const Work *work, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(PvTufState) state = NULL;

	work->repository->publishing = TRUE;
	state = pv_repository_update(work->repository, &failure);
	work->repository->publishing = FALSE;
	if (state)
		return pv_edit_new(state, pv_time_now());
	if (g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_SIGNED))
		return first_edit(work, failure, error);
	g_propagate_error(error, g_steal_pointer(&failure));
	return NULL;
}

static gboolean attempt(const Work *work, PvPublished *ret_published, GError **error)
{
	g_autoptr(PvEdit) edit = newest_edit(work, error);

	return edit && work->apply(edit, work->data, error) &&
	       pv_repository_upload_edit(work->repository, work->passphrases, edit, work->legacy,
					 ret_published, error);
}

static gboolean run(const Work *work, PvPublished *ret_published, GError **error)
{
	g_autoptr(GError) failure = NULL;

	*ret_published = (PvPublished){ 0 };
	for (gint i = 0; i < ATTEMPTS_MAX; i++) {
		g_clear_error(&failure);
		if (attempt(work, ret_published, &failure))
			return TRUE;
		if (!g_error_matches(failure, PV_ERROR, PV_ERROR_CONFLICT))
			break;
		g_usleep((gulong)g_random_int_range(PAUSE_FIRST_US, PAUSE_STEP_US * (i + 1)));
	}
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

static gboolean run_locked(const Work *work, PvPublished *ret_published, GError **error)
{
	const PvRepositoryOptions *options = &work->repository->options;
	int lock = pv_trust_lock(options->directory, options->gun, error);
	gboolean done;

	if (lock < 0)
		return FALSE;
	done = run(work, ret_published, error);
	close(lock);
	return done;
}

gboolean pv_repository_edit(PvRepository *repository, PvPassphrases *passphrases,
			    const PvInitialise *initialise, PvEditFunc apply, void *data,
			    PvPublished *ret_published, GError **error)
{
	const Work work = { repository, passphrases, initialise, initialise != NULL,
			    apply,      data,        NULL };

	return run_locked(&work, ret_published, error);
}

gboolean pv_repository_edit_root(PvRepository *repository, PvPassphrases *passphrases,
				 PvEditFunc apply, void *data, const GPtrArray *legacy,
				 PvPublished *ret_published, GError **error)
{
	const Work work = { repository, passphrases, NULL, FALSE, apply, data, legacy };

	return run_locked(&work, ret_published, error);
}

/* --- what is staged ------------------------------------------------------------------------ */

static gboolean apply_staged(PvEdit *edit, void *data, GError **error)
{
	return pv_edit_apply_all(edit, data, error);
}

static gboolean publish_staged(PvRepository *repository, PvPassphrases *passphrases,
			       const PvInitialise *initialise, PvPublished *ret_published,
			       GError **error)
{
	const PvRepositoryOptions *options = &repository->options;
	g_autoptr(GPtrArray) changes = pv_changelist_read(options->directory, options->gun, error);
	const Work work = {
		repository, passphrases, initialise, FALSE, apply_staged, changes, NULL
	};

	if (!changes || !run(&work, ret_published, error))
		return FALSE;
	ret_published->changes = changes->len;
	return pv_changelist_remove(options->directory, options->gun, changes, error);
}

gboolean pv_repository_publish(PvRepository *repository, PvPassphrases *passphrases,
			       const PvInitialise *initialise, PvPublished *ret_published,
			       GError **error)
{
	const PvRepositoryOptions *options = &repository->options;
	int lock = pv_trust_lock(options->directory, options->gun, error);
	gboolean done;

	if (lock < 0)
		return FALSE;
	done = publish_staged(repository, passphrases, initialise, ret_published, error);
	close(lock);
	return done;
}

/* --- the rest ------------------------------------------------------------------------------ */

gboolean pv_repository_delete(PvRepository *repository, gboolean remote, GError **error)
{
	const PvRepositoryOptions *options = &repository->options;
	g_autofree char *changes =
		g_build_filename(options->directory, "tuf", options->gun, "changelist", NULL);

	if (remote && !pv_remote_delete(repository->remote, error))
		return FALSE;
	return pv_trust_cache_forget(repository->cache, error) &&
	       pv_file_remove_tree(changes, error);
}

/* Failures in which Notary's client falls back to what it has (trust.md 0.1 row 3.2). */
static gboolean is_no_answer(const GError *error)
{
	return g_error_matches(error, PV_ERROR, PV_ERROR_UNREACHABLE) ||
	       g_error_matches(error, PV_ERROR, PV_ERROR_NOT_SIGNED) ||
	       g_error_matches(error, PV_ERROR, PV_ERROR_UNAUTHORIZED);
}

static PvTufState *update(PvRepository *repository, const char *only, GError **error)
{
	return only ? pv_repository_look_up(repository, only, error)
		    : pv_repository_update(repository, error);
}

PvTufState *pv_repository_update_or_cached(PvRepository *repository, const char *only,
					   char **ret_warning, GError **error)
{
	g_autoptr(GError) failure = NULL;
	gboolean offline = repository->options.offline;
	PvTufState *state = update(repository, only, &failure);

	*ret_warning = NULL;
	if (state)
		return state;
	if (is_no_answer(failure) && was_published(repository)) {
		repository->options.offline = TRUE;
		state = update(repository, only, NULL);
		repository->options.offline = offline;
	}
	if (state)
		*ret_warning = g_strdup(failure->message);
	else
		g_propagate_error(error, g_steal_pointer(&failure));
	return state;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Copying between registries, layouts and archives. The order is always: plan (all manifests,
 * verified), blobs, manifests from the leaves to the root, and the name last. What comes from a
 * registry and goes to an archive or another registry passes through a scratch layout.
 */

#include "oci/copy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "oci/archive_write.h"
#include "oci/layout.h"
#include "oci/plan.h"
#include "oci/referrer.h"

typedef struct {
	const PvSource *from, *to;
	const PvCopyOptions *options;
	PvHttp *http;
	PvRegistry *source, *target; /* NULL if it is no registry */
	PvBlobs *blobs;              /* NULL if it comes from a registry */
	PvPlan *plan;
	PvLayout *scratch;
	char *scratch_path;
} Copy;

void pv_copy_result_clear(PvCopyResult *result)
{
	g_clear_pointer(&result->media_type, g_free);
	g_clear_pointer(&result->note, g_free);
}

static void copy_clear(Copy *copy)
{
	g_clear_pointer(&copy->plan, pv_plan_free);
	g_clear_pointer(&copy->blobs, pv_blobs_free);
	g_clear_pointer(&copy->source, pv_registry_free);
	g_clear_pointer(&copy->target, pv_registry_free);
	g_clear_pointer(&copy->http, pv_http_free);
	g_clear_pointer(&copy->scratch, pv_layout_free);
	if (copy->scratch_path)
		pv_file_remove_tree(copy->scratch_path, NULL);
	g_free(copy->scratch_path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Copy, copy_clear)

static const PvDescriptor *plan_blobs(const Copy *copy)
{
	return (const PvDescriptor *)(void *)copy->plan->blobs->data;
}

static gboolean check_kinds(const Copy *copy, GError **error)
{
	PvSourceKind to = copy->to->kind;

	if (copy->from->kind == PV_SOURCE_DIRECTORY || copy->from->kind == PV_SOURCE_SBOM)
		return pv_fail(error, PV_ERROR_USAGE,
			       "the source is no image: docker://, oci:, docker-archive:, "
			       "oci-archive: or - is expected");
	if (to == PV_SOURCE_DIRECTORY || to == PV_SOURCE_SBOM || to == PV_SOURCE_STDIN)
		return pv_fail(error, PV_ERROR_USAGE,
			       "the destination cannot hold an image: docker://, oci:, "
			       "docker-archive: or oci-archive: is expected");
	if (to == PV_SOURCE_LAYOUT && copy->to->has_digest)
		return pv_fail(error, PV_ERROR_USAGE, "a layout's image gets a name, not a digest");
	if (to == PV_SOURCE_DOCKER_ARCHIVE && copy->options->all)
		return pv_fail(error, PV_ERROR_USAGE,
			       "a docker archive holds one platform only: --all cannot be kept");
	return TRUE;
}

static gboolean open_ends(Copy *copy, GError **error)
{
	gboolean from_registry = copy->from->kind == PV_SOURCE_REGISTRY;
	gboolean to_registry = copy->to->kind == PV_SOURCE_REGISTRY;

	if (from_registry || to_registry) {
		copy->http = pv_registry_client(copy->options->ca_file, copy->options->slow_seconds,
						error);
		if (!copy->http)
			return FALSE;
	}
	if (from_registry)
		copy->source = pv_registry_open(copy->http, &copy->from->reference, FALSE, error);
	else
		copy->blobs = pv_blobs_open(copy->from, error);
	if (!copy->source && !copy->blobs)
		return FALSE;
	if (!to_registry)
		return TRUE;
	copy->target = pv_registry_open(copy->http, &copy->to->reference, TRUE, error);
	return copy->target != NULL;
}

/* What the source names must be what was demanded; a registry is asked for that digest. */
static gboolean check_root(const Copy *copy, GError **error)
{
	const PvDigest *wanted = copy->options->digest;
	const PvDigest *found = NULL;
	char expected[PV_DIGEST_TEXT_SIZE], text[PV_DIGEST_TEXT_SIZE];

	if (!wanted)
		return TRUE;
	if (copy->blobs)
		found = &pv_blobs_root(copy->blobs)->digest;
	else if (copy->from->reference.has_digest)
		found = &copy->from->reference.digest;
	if (found && pv_digest_equal(found, wanted))
		return TRUE;
	pv_digest_format(wanted, expected);
	if (!found)
		return pv_fail(error, PV_ERROR_INTERNAL, "%s is not asked for", expected);
	pv_digest_format(found, text);
	return pv_fail(error, PV_ERROR_DIGEST, "the source names the manifest %s, not %s", text,
		       expected);
}

static gboolean make_plan(Copy *copy, GError **error)
{
	PvOrigin origin = { copy->source, copy->blobs };
	gboolean one = !copy->options->all &&
		       (copy->options->platform || copy->to->kind == PV_SOURCE_DOCKER_ARCHIVE);

	copy->plan = pv_plan_new(&origin, copy->blobs ? pv_blobs_root(copy->blobs) : NULL,
				 &copy->from->reference, one, copy->options->platform, error);
	return copy->plan != NULL;
}

static gboolean fill_layout_locally(Copy *copy, PvLayout *layout, GError **error)
{
	const PvDescriptor *blobs = plan_blobs(copy);

	for (guint i = 0; i < copy->plan->blobs->len; i++) {
		PvBlobRange range;
		g_autoptr(GBytes) whole = NULL;

		if (pv_layout_has(layout, &blobs[i]))
			continue;
		/* A docker archive's configuration is no file of its own. */
		if (i == 0 && pv_blobs_is_docker_archive(copy->blobs)) {
			whole = pv_blobs_read(copy->blobs, &blobs[i], PV_CONFIG_BYTES_MAX, error);
			if (!whole || !pv_layout_write(layout, &blobs[i], whole, error))
				return FALSE;
		} else if (!pv_blobs_range(copy->blobs, &blobs[i], &range, error) ||
			   !pv_ingest_copy(layout, &blobs[i], &range, error)) {
			return FALSE;
		}
		if (copy->options->progress)
			copy->options->progress(copy->options->user_data, &blobs[i], blobs[i].size);
	}
	return TRUE;
}

/* Blobs, then manifests, then the name. */
static gboolean fill_layout(Copy *copy, PvLayout *layout, const char *name, GError **error)
{
	gboolean done = copy->source
				? pv_registry_fetch(copy->source, layout, plan_blobs(copy),
						    copy->plan->blobs->len, copy->options->progress,
						    copy->options->user_data, error)
				: fill_layout_locally(copy, layout, error);

	for (guint i = copy->plan->manifests->len; done && i > 0; i--) {
		const PvPlanManifest *one = g_ptr_array_index(copy->plan->manifests, i - 1);

		done = pv_layout_write(layout, &one->descriptor, one->bytes, error);
	}
	return done &&
	       pv_layout_publish(layout, &pv_plan_root(copy->plan)->descriptor, name, error);
}

static gboolean copy_to_layout(Copy *copy, GError **error)
{
	g_autoptr(PvLayout) layout = pv_layout_open(copy->to->path, TRUE, error);
	GError *problem = NULL;

	if (!layout)
		return FALSE;
	if (fill_layout(copy, layout, copy->to->name, &problem))
		return TRUE;
	/* Only what broke off on its way from a registry is worth going on with. */
	if (!copy->source || g_error_matches(problem, PV_ERROR, PV_ERROR_DIGEST))
		pv_layout_discard_new(layout);
	g_propagate_error(error, problem);
	return FALSE;
}

/* A layout for blobs on their way from a registry to what is no layout. */
static gboolean open_scratch(Copy *copy, const char *directory, GError **error)
{
	g_autofree char *path = g_build_filename(directory, ".pavise-copy-XXXXXX", NULL);

	if (!g_mkdtemp(path))
		return pv_fail_errno(error, errno, "%s: cannot make a scratch directory",
				     directory);
	copy->scratch_path = g_steal_pointer(&path);
	copy->scratch = pv_layout_open(copy->scratch_path, TRUE, error);
	return copy->scratch != NULL;
}

/* From here on the image is on this machine. */
static gboolean stage(Copy *copy, const char *directory, GError **error)
{
	PvSource here = { .kind = PV_SOURCE_LAYOUT };

	if (!copy->source)
		return TRUE;
	if (!open_scratch(copy, directory, error) || !fill_layout(copy, copy->scratch, NULL, error))
		return FALSE;
	here.path = copy->scratch_path;
	copy->blobs = pv_blobs_open(&here, error);
	return copy->blobs != NULL;
}

static gboolean push_manifests(Copy *copy, GError **error)
{
	const PvReference *to = &copy->to->reference;
	const PvPlanManifest *root = pv_plan_root(copy->plan);

	for (guint i = copy->plan->manifests->len; i > 0; i--) {
		const PvPlanManifest *one = g_ptr_array_index(copy->plan->manifests, i - 1);

		if (!pv_registry_push_manifest(copy->target, one == root ? to->tag : NULL,
					       &one->descriptor, one->bytes, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean push_blobs(Copy *copy, const PvDescriptor *blobs, guint count, GError **error)
{
	g_autofree PvPushBlob *pushes = g_new0(PvPushBlob, count);

	for (guint i = 0; i < count; i++) {
		pushes[i].descriptor = blobs[i];
		if (!pv_blobs_range(copy->blobs, &blobs[i], &pushes[i].range, error))
			return FALSE;
	}
	return pv_registry_push(copy->target, pushes, count, NULL, copy->options->progress,
				copy->options->user_data, error);
}

static char *temporary_directory(void)
{
	const char *directory = g_getenv("TMPDIR");

	return g_strdup(directory && *directory ? directory : "/var/tmp");
}

/* Registry to registry: what can be mounted is, the rest passes through a scratch layout. */
static gboolean relay_blobs(Copy *copy, GError **error)
{
	const PvDescriptor *blobs = plan_blobs(copy);
	guint count = copy->plan->blobs->len, left = 0;
	g_autofree PvDescriptor *rest = g_new0(PvDescriptor, count);
	g_autofree gboolean *wanted = g_new0(gboolean, count);
	g_autofree char *directory = temporary_directory();
	gboolean same = g_str_equal(copy->from->reference.host, copy->to->reference.host);

	if (!pv_registry_mount(copy->target, blobs, count, same ? copy->from->reference.path : NULL,
			       wanted, error))
		return FALSE;
	for (guint i = 0; i < count; i++) {
		if (wanted[i])
			rest[left++] = blobs[i];
	}
	if (left == 0)
		return TRUE;
	if (!open_scratch(copy, directory, error) ||
	    !pv_registry_fetch(copy->source, copy->scratch, rest, left, NULL, NULL, error) ||
	    !pv_layout_publish(copy->scratch, &pv_plan_root(copy->plan)->descriptor, NULL, error))
		return FALSE;
	copy->blobs =
		pv_blobs_open(&(PvSource){ .kind = PV_SOURCE_LAYOUT, .path = copy->scratch_path },
			      error);
	return copy->blobs && push_blobs(copy, rest, left, error);
}

/* A docker archive's configuration has no bytes of its own on disk: stage the image. */
static gboolean stage_docker_archive(Copy *copy, GError **error)
{
	g_autofree char *directory = temporary_directory();
	const PvDescriptor *config = plan_blobs(copy);
	g_autoptr(GBytes) bytes = NULL;

	if (!open_scratch(copy, directory, error))
		return FALSE;
	bytes = pv_blobs_read(copy->blobs, config, PV_CONFIG_BYTES_MAX, error);
	return bytes && pv_layout_write(copy->scratch, config, bytes, error);
}

static gboolean push_docker_archive(Copy *copy, GError **error)
{
	const PvDescriptor *blobs = plan_blobs(copy);
	PvPushBlob config = { .descriptor = blobs[0] };
	gboolean done;

	if (!push_blobs(copy, blobs + 1, copy->plan->blobs->len - 1, error) ||
	    !stage_docker_archive(copy, error) ||
	    !pv_layout_open_blob(copy->scratch, &config.descriptor, &config.range, error))
		return FALSE;
	done = pv_registry_push(copy->target, &config, 1, NULL, copy->options->progress,
				copy->options->user_data, error);
	close(config.range.fd);
	return done;
}

static gboolean copy_to_registry(Copy *copy, GError **error)
{
	const PvReference *to = &copy->to->reference;
	gboolean done;

	if (to->has_digest &&
	    !pv_digest_equal(&to->digest, &pv_plan_root(copy->plan)->descriptor.digest))
		return pv_fail(error, PV_ERROR_DIGEST,
			       "the destination names another digest than the source has");
	if (copy->source)
		done = relay_blobs(copy, error);
	else if (pv_blobs_is_docker_archive(copy->blobs))
		done = push_docker_archive(copy, error);
	else
		done = push_blobs(copy, plan_blobs(copy), copy->plan->blobs->len, error);
	return done && push_manifests(copy, error);
}

/* "debian:12" for docker.io/library/debian:12, as `docker save` writes it. */
static char *familiar_name(const PvReference *reference)
{
	g_autofree char *name = NULL;

	if (!reference->tag)
		return NULL;
	name = g_strdup_printf("%s/%s:%s", reference->host, reference->path, reference->tag);
	if (g_str_has_prefix(name, "docker.io/library/"))
		return g_strdup(name + strlen("docker.io/library/"));
	if (g_str_has_prefix(name, "docker.io/"))
		return g_strdup(name + strlen("docker.io/"));
	return g_steal_pointer(&name);
}

static gboolean copy_to_archive(Copy *copy, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(copy->to->path), *name = NULL;

	if (!stage(copy, directory, error))
		return FALSE;
	if (copy->to->kind == PV_SOURCE_OCI_ARCHIVE)
		return pv_archive_write_oci(copy->to->path, copy->to->name, copy->plan, copy->blobs,
					    error);
	if (copy->to->name)
		name = g_strdup(copy->to->name);
	else if (copy->from->kind == PV_SOURCE_REGISTRY)
		name = familiar_name(&copy->from->reference);
	return pv_archive_write_docker(copy->to->path, name, copy->plan, copy->blobs, error);
}

static gboolean run(Copy *copy, GError **error)
{
	if (!check_kinds(copy, error) || !open_ends(copy, error) || !check_root(copy, error) ||
	    !make_plan(copy, error))
		return FALSE;
	switch (copy->to->kind) {
	case PV_SOURCE_LAYOUT:
		return copy_to_layout(copy, error);
	case PV_SOURCE_REGISTRY:
		return copy_to_registry(copy, error);
	default:
		return copy_to_archive(copy, error);
	}
}

static void keep_result(const PvDescriptor *descriptor, PvCopyResult *ret_result)
{
	ret_result->digest = descriptor->digest;
	ret_result->size = descriptor->size;
	ret_result->media_type = g_strdup(descriptor->media_type);
}

/*
 * What was said of the keys that signed the image goes where the image goes. The image is there
 * already: that this fails takes nothing of it back.
 */
static GPtrArray *attestations_of(const Copy *copy, const PvDigest *subject, GError **error)
{
	if (copy->source)
		return pv_referrer_read(copy->source, subject, PV_ATTESTATION_ARTIFACT,
					PV_ATTESTATION_FILE_BYTES_MAX, error);
	return pv_referrer_read_layout(copy->blobs, copy->from->path, subject,
				       PV_ATTESTATION_ARTIFACT, PV_ATTESTATION_FILE_BYTES_MAX);
}

static void copy_attestations(Copy *copy, PvCopyResult *result)
{
	const PvDigest *subject = &pv_plan_root(copy->plan)->descriptor.digest;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(PvLayout) layout = NULL;

	if (subject->hash != PV_HASH_SHA256 ||
	    (!copy->source && copy->from->kind != PV_SOURCE_LAYOUT) ||
	    (!copy->target && copy->to->kind != PV_SOURCE_LAYOUT))
		return;
	found = attestations_of(copy, subject, &error);
	if (found && found->len > 0 && !copy->target)
		layout = pv_layout_open(copy->to->path, TRUE, &error);
	for (guint i = 0; found && i < found->len && !error; i++) {
		if (layout ? pv_referrer_keep(layout, subject, found->pdata[i], &error)
			   : pv_referrer_push(copy->target, subject, found->pdata[i], &error))
			result->attestations++;
	}
	if (error)
		result->note = g_strdup(error->message);
}

gboolean pv_copy(const PvSource *from, const PvSource *to, const PvCopyOptions *options,
		 PvCopyResult *ret_result, GError **error)
{
	g_auto(Copy) copy = { .from = from, .to = to, .options = options };

	if (!run(&copy, error))
		return FALSE;
	keep_result(&pv_plan_root(copy.plan)->descriptor, ret_result);
	copy_attestations(&copy, ret_result);
	return TRUE;
}

static gboolean keep_one_of_index(GBytes *bytes, const PvDescriptor *descriptor,
				  const char *platform, PvCopyResult *ret_result, GError **error)
{
	g_autoptr(PvManifest) index =
		pv_manifest_parse(bytes, descriptor->media_type, "the index", error);
	const PvIndexEntry *entry = index ? pv_manifest_select(index, platform, error) : NULL;

	if (!entry)
		return FALSE;
	keep_result(&entry->descriptor, ret_result);
	return TRUE;
}

gboolean pv_copy_resolve(const PvReference *reference, const PvCopyOptions *options,
			 PvCopyResult *ret_result, GError **error)
{
	g_autoptr(PvHttp) http = pv_registry_client(options->ca_file, options->slow_seconds, error);
	g_autoptr(PvRegistry) registry =
		http ? pv_registry_open(http, reference, FALSE, error) : NULL;
	g_autoptr(GBytes) bytes = NULL;
	PvDescriptor descriptor;

	if (!registry)
		return FALSE;
	bytes = pv_registry_manifest(registry, reference->tag,
				     reference->has_digest ? &reference->digest : NULL, &descriptor,
				     error);
	if (!bytes)
		return FALSE;
	if (options->platform && pv_manifest_is_index_type(descriptor.media_type))
		return keep_one_of_index(bytes, &descriptor, options->platform, ret_result, error);
	keep_result(&descriptor, ret_result);
	return TRUE;
}

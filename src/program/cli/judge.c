/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The judge: asks the other programs, lets the policy decide, writes it down. design.md section 3,
 * steps 1 to 5: from the verified digest on only the digest travels.
 */

#include "program/cli/judge_private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/process.h"
#include "base/terminal.h"
#include "oci/image.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "trust/trace.h"

void pv_judge_options_clear(PvJudgeOptions *options)
{
	char **texts[] = { &options->policy,  &options->store,     &options->server,
			   &options->ca_file, &options->trust_dir, &options->pin,
			   &options->max_age, &options->database,  &options->attestation_roots };

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		g_clear_pointer(texts[i], g_free);
}

GOptionEntry *pv_judge_entries(PvJudgeOptions *options)
{
	const GOptionEntry entries[] = {
		{ "policy", 0, 0, G_OPTION_ARG_FILENAME, &options->policy,
		  "Policy (default: " PV_POLICY_FILE " if it is there)", "FILE" },
		{ "store", 0, 0, G_OPTION_ARG_FILENAME, &options->store,
		  "Images, layers and containers (default: /var/lib/pavise)", "DIR" },
		{ "server", 's', 0, G_OPTION_ARG_STRING, &options->server, "Trust server", "URL" },
		{ "tlscacert", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_file,
		  "Authority of the server's certificate, PEM", "FILE" },
		{ "trust-dir", 'd', 0, G_OPTION_ARG_FILENAME, &options->trust_dir,
		  "Trust data (default ~/.docker/trust)", "DIR" },
		{ "pin", 0, 0, G_OPTION_ARG_STRING, &options->pin,
		  "Trust this root key (id) if the policy pins none", "KEY" },
		{ "tofu", 0, 0, G_OPTION_ARG_NONE, &options->tofu,
		  "Trust the root at first sight if the repository is not known yet", NULL },
		{ "offline", 0, 0, G_OPTION_ARG_NONE, &options->offline,
		  "Ask no trust server: only what was verified before", NULL },
		{ "max-age", 0, 0, G_OPTION_ARG_STRING, &options->max_age,
		  "Use what was verified so recently: 90s, 30m, 1h, 2d", "AGE" },
		{ "attestation-roots", 0, 0, G_OPTION_ARG_FILENAME, &options->attestation_roots,
		  "Whom to believe about keys in devices: a directory of PEM files", "DIR" },
		{ "db", 0, 0, G_OPTION_ARG_FILENAME, &options->database, "Advisory database",
		  "FILE" },
		{ NULL }
	};

	return g_memdup2(entries, sizeof(entries));
}

void pv_judgement_free(PvJudgement *judgement)
{
	if (!judgement)
		return;
	g_clear_pointer(&judgement->policy, pv_policy_free);
	g_clear_pointer(&judgement->verdict, pv_verdict_free);
	g_free((char *)judgement->facts.why_not);
	g_free(judgement->reference);
	g_free(judgement->repository);
	g_free(judgement->digest);
	g_free(judgement->source);
	g_strfreev(judgement->roles);
	g_clear_pointer(&judgement->hardware, g_ptr_array_unref);
	g_free(judgement);
}

static PvPolicy *load_policy(const PvJudgeOptions *options, gboolean *ret_has_file, GError **error)
{
	const char *path = options->policy ? options->policy : PV_POLICY_FILE;
	g_autoptr(GError) missing = NULL;
	g_autoptr(GBytes) text = pv_file_read(path, PV_POLICY_BYTES_MAX, &missing);

	*ret_has_file = text != NULL;
	if (text && options->allow_unsigned)
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "%s decides what may run unsigned: --allow-unsigned is for a "
				    "machine without a policy",
				    path);
	if (text)
		return pv_policy_parse(text, path, error);
	if (options->policy || !g_error_matches(missing, PV_ERROR, PV_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&missing));
		return NULL;
	}
	return pv_policy_default(options->allow_unsigned);
}

/* What a child said last, without its name in front: the sentence for a user. */
static char *last_sentence(GBytes *errors)
{
	gsize size;
	const char *bytes = g_bytes_get_data(errors, &size);
	g_autofree char *text = g_strndup(bytes ? bytes : "", size);
	const char *line, *colon;

	g_strchomp(text);
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	colon = strstr(line, ": ");
	if (colon && g_str_has_prefix(line, "pavise"))
		line = colon + 2;
	return g_strdup(*line ? line : "no reason was given");
}

static void relay(GBytes *errors)
{
	gsize size;
	const void *data = g_bytes_get_data(errors, &size);

	if (size > 0)
		fwrite(data, 1, size, stderr);
}

/* Runs a sibling; its exit status is the caller's to judge. */
static gboolean ask(GPtrArray *words, PvProcessResult *ret_result, GError **error)
{
	const char *name = g_ptr_array_index(words, 0);
	g_autofree char *program = pv_process_program(name);

	g_ptr_array_index(words, 0) = program;
	g_ptr_array_add(words, NULL);
	return pv_process_run((char **)words->pdata, NULL, NULL, PV_CHILD_OUTPUT_BYTES_MAX * 4, 0,
			      ret_result, error) ||
	       pv_fail_wrap(error, "%s", name);
}

/* A status other than 0 as an error of the same kind. */
static gboolean fail_as(const PvProcessResult *result, GError **error)
{
	static const PvErrorCode codes[] = { PV_ERROR_INTERNAL, PV_ERROR_REFUSED, PV_ERROR_USAGE,
					     PV_ERROR_IO };
	g_autofree char *sentence = last_sentence(result->errors);

	return pv_fail(error,
		       result->exit_status < (int)G_N_ELEMENTS(codes) ? codes[result->exit_status]
								      : PV_ERROR_INTERNAL,
		       "%s", sentence);
}

static void add(GPtrArray *words, const char *option, const char *value)
{
	if (!value)
		return;
	g_ptr_array_add(words, (void *)option);
	g_ptr_array_add(words, (void *)value);
}

static gboolean verify(const PvJudgeOptions *options, const PvPolicyRule *rule,
		       const PvReference *reference, PvJudgement *judgement, GError **error)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_autofree char *named = pv_reference_format(reference);
	g_auto(PvProcessResult) result = { 0 };

	add(words, "pavise-trust", "verify");
	g_ptr_array_add(words, (void *)"--json");
	add(words, "--server", options->server);
	add(words, "--tlscacert", options->ca_file);
	add(words, "--trust-dir", options->trust_dir);
	add(words, "--pin", rule->pin ? rule->pin : options->pin);
	add(words, "--max-age", options->max_age);
	if (rule->hardware)
		g_ptr_array_add(words, (void *)"--hardware");
	add(words, "--attestation-roots", options->attestation_roots);
	if (options->tofu && !rule->pin)
		g_ptr_array_add(words, (void *)"--tofu");
	if (options->offline)
		g_ptr_array_add(words, (void *)"--offline");
	add(words, "--", named);
	if (!ask(words, &result, error))
		return FALSE;
	if (result.exit_status == 0) {
		relay(result.errors);
		return pv_judge_take_answer(judgement, result.output, error);
	}
	if (result.exit_status != 1)
		return fail_as(&result, error);
	judgement->facts.why_not = last_sentence(result.errors);
	return TRUE;
}

/* The digest of what a registry has under a name that nobody signed. */
static gboolean resolve(const PvReference *reference, PvJudgement *judgement, GError **error)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_autofree char *named = pv_reference_format(reference);
	g_auto(PvProcessResult) result = { 0 };
	g_autoptr(json_t) answer = NULL;

	add(words, "pavise-image", "resolve");
	g_ptr_array_add(words, (void *)"--json");
	add(words, "--", named);
	if (!ask(words, &result, error))
		return FALSE;
	if (result.exit_status != 0)
		return fail_as(&result, error);
	answer = pv_json_load(result.output, PV_CHILD_OUTPUT_BYTES_MAX, "pavise-image", error);
	if (!answer)
		return FALSE;
	judgement->digest = g_strdup(pv_json_string(answer, "digest"));
	return judgement->digest != NULL ||
	       pv_fail(error, PV_ERROR_INTERNAL, "pavise-image named no digest");
}

/* TRUE if the image is in the store and nothing of it has to be fetched. */
static gboolean is_here(const char *source)
{
	g_autoptr(PvImage) image = pv_image_open(source, NULL, NULL);

	for (guint i = 0; image && i < pv_image_layer_count(image); i++) {
		PvBlobRange range;

		if (!pv_image_open_layer(image, i, &range, NULL))
			return FALSE;
	}
	return image != NULL;
}

/* Copies by digest into STORE/images, where the name is the digest; nothing if it is there. */
static gboolean fetch(const PvJudgeOptions *options, const PvReference *reference,
		      PvJudgement *judgement, GError **error)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_autofree char *platform = pv_platform_own();
	g_autofree char *repository = pv_reference_repository(reference);
	g_autofree char *from = g_strdup_printf("docker://%s@%s", repository, judgement->digest);
	g_autofree char *name = g_strdelimit(g_strdup(judgement->digest), ":", '-');
	g_autofree char *to = g_strdup_printf("oci:%s/images:%s", options->store, name);
	g_auto(PvProcessResult) result = { 0 };

	if (strchr(options->store, ':'))
		return pv_fail(error, PV_ERROR_USAGE, "--store '%s': a colon cannot be in it",
			       options->store);
	if (!pv_file_make_directory(options->store, 0700, error))
		return FALSE;
	if (!is_here(to)) {
		add(words, "pavise-image", "copy");
		g_ptr_array_add(words, (void *)"--quiet");
		add(words, "--platform", platform);
		add(words, "--", from);
		g_ptr_array_add(words, to);
		if (!ask(words, &result, error))
			return FALSE;
		if (result.exit_status != 0)
			return fail_as(&result, error);
	}
	judgement->source = g_steal_pointer(&to);
	return TRUE;
}

static void count_finding(const json_t *finding, PvPolicyFacts *facts)
{
	const char *rated = pv_json_string(finding, "severity");
	const char *fixed = pv_json_string(finding, "fixed");
	PvSeverity severity = pv_severity_parse(rated);

	if (severity == PV_SEVERITY_UNKNOWN)
		severity = PV_SEVERITY_MEDIUM;
	if (fixed && *fixed)
		facts->fixed[severity]++;
	else
		facts->unfixed[severity]++;
}

static gboolean scan(const PvJudgeOptions *options, PvJudgement *judgement, GError **error)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_auto(PvProcessResult) result = { 0 };
	g_autoptr(json_t) report = NULL;
	const json_t *findings, *finding;
	gsize index;

	add(words, "pavise-scan", "scan");
	add(words, "--format", "json");
	add(words, "--db", options->database);
	add(words, "--", judgement->source);
	if (!ask(words, &result, error))
		return FALSE;
	if (result.exit_status != 0)
		return fail_as(&result, error);
	report = pv_json_load(result.output, PV_CHILD_OUTPUT_BYTES_MAX * 4, "pavise scan", error);
	if (!report)
		return FALSE;
	findings = json_object_get(report, "findings");
	if (!json_is_array(findings))
		return pv_fail(error, PV_ERROR_INTERNAL, "pavise scan gave no findings");
	json_array_foreach(findings, index, finding)
		count_finding(finding, &judgement->facts);
	judgement->facts.is_scanned = TRUE;
	return TRUE;
}

/* An image on this machine: nobody signs a file. */
static gboolean take_local(const PvSource *source, const char *image, PvJudgement *judgement,
			   GError **error)
{
	static const char *const schemes[] = { [PV_SOURCE_LAYOUT] = "oci",
					       [PV_SOURCE_DOCKER_ARCHIVE] = "docker-archive",
					       [PV_SOURCE_OCI_ARCHIVE] = "oci-archive" };
	g_autoptr(PvImage) opened = NULL;
	char digest[PV_DIGEST_TEXT_SIZE];

	if (source->kind != PV_SOURCE_LAYOUT && source->kind != PV_SOURCE_DOCKER_ARCHIVE &&
	    source->kind != PV_SOURCE_OCI_ARCHIVE)
		return pv_fail(error, PV_ERROR_USAGE, "%s: not an image that can run", image);
	judgement->reference = g_strdup(image);
	judgement->repository = g_strdup_printf("%s:%s", schemes[source->kind], source->path);
	opened = pv_image_open(image, NULL, error);
	if (!opened)
		return FALSE;
	pv_digest_format(&pv_image_manifest(opened)->digest, digest);
	judgement->digest = g_strdup(digest);
	judgement->source = g_strdup(image);
	judgement->facts.why_not = g_strdup("not signed: an image in a file has no trust data");
	return TRUE;
}

static gboolean take_registry(const PvJudgeOptions *options, const PvReference *reference,
			      gboolean wants_content, PvJudgement *judgement, GError **error)
{
	const PvPolicyRule *rule;

	judgement->reference = pv_reference_format(reference);
	judgement->repository = pv_reference_repository(reference);
	rule = pv_policy_find(judgement->policy, judgement->repository);
	if (!rule)
		return TRUE;
	if (rule->requires_trust) {
		if (!verify(options, rule, reference, judgement, error))
			return FALSE;
		/* Refused already: nothing of it is fetched. */
		if (!judgement->facts.is_signed)
			return TRUE;
	} else if (!resolve(reference, judgement, error)) {
		return FALSE;
	}
	return (!wants_content && !rule->has_maximum) ||
	       fetch(options, reference, judgement, error);
}

/* A verdict that cannot be written down is not given. */
static gboolean write_down(const PvJudgeOptions *options, const PvJudgement *judgement,
			   GError **error)
{
	g_autoptr(json_t) members = pv_judge_json(judgement);

	if (!members)
		return pv_fail(error, PV_ERROR_INTERNAL, "cannot write the verdict as JSON");
	json_object_del(members, "reference");
	json_object_del(members, "digest");
	json_object_del(members, "admitted");
	if (options->allow_unsigned)
		json_object_set_new(members, "allow_unsigned", json_true());
	return pv_trace_append(judgement->verdict->is_admitted ? "admit" : "refuse",
			       judgement->reference, judgement->digest, members, error);
}

static void set_store(PvJudgeOptions *options)
{
	char *absolute;

	if (!options->store && geteuid() == 0)
		options->store = g_strdup("/var/lib/pavise");
	else if (!options->store)
		options->store = g_build_filename(g_get_user_data_dir(), "pavise", NULL);
	absolute = g_canonicalize_filename(options->store, NULL);
	g_free(options->store);
	options->store = absolute;
}

PvJudgement *pv_judge(PvJudgeOptions *options, const char *image, gboolean wants_content,
		      GError **error)
{
	g_autoptr(PvJudgement) judgement = g_new0(PvJudgement, 1);
	g_auto(PvSource) source = { 0 };
	const PvPolicyRule *rule;

	set_store(options);
	judgement->policy = load_policy(options, &judgement->has_policy_file, error);
	if (!judgement->policy || !pv_source_parse(image, &source, error))
		return NULL;
	if (source.kind == PV_SOURCE_REGISTRY
		    ? !take_registry(options, &source.reference, wants_content, judgement, error)
		    : !take_local(&source, image, judgement, error))
		return NULL;
	rule = pv_policy_find(judgement->policy, judgement->repository);
	if (rule)
		judgement->profile = pv_policy_profile(judgement->policy, rule->profile);
	if (rule && rule->has_maximum && judgement->source &&
	    (judgement->facts.is_signed || !rule->requires_trust) &&
	    !scan(options, judgement, error))
		return NULL;
	judgement->verdict =
		pv_policy_decide(judgement->policy, judgement->repository, &judgement->facts);
	if (!write_down(options, judgement, error))
		return NULL;
	return g_steal_pointer(&judgement);
}

void pv_judge_print_refusal(const char *command, const PvJudgement *judgement)
{
	const PvVerdict *verdict = judgement->verdict;
	g_autofree char *reference = pv_terminal_safe(judgement->reference);

	for (guint i = 0; i < verdict->reasons->len; i++) {
		const PvPolicyReason *reason = g_ptr_array_index(verdict->reasons, i);
		g_autofree char *text = pv_terminal_safe(reason->text);

		if (verdict->line > 0)
			fprintf(stderr, "%s: %s is refused by %s:%u: %s\n", command, reference,
				pv_policy_name(judgement->policy), verdict->line, text);
		else
			fprintf(stderr, "%s: %s is refused: %s\n", command, reference, text);
	}
}

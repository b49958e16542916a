/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "policy/policy.h"

/*
 * May this image run here? What `pavise admit` answers and `pavise run` asks. The parts of the answer
 * come from the programs that can find them out: pavise-trust (who signed), pavise-image (the
 * content), pavise-scan (what is wrong with it); this one holds no key, opens no connection and reads
 * no layer.
 */

#define PV_POLICY_FILE "/etc/pavise/policy.yaml"

typedef struct {
	char *policy, *store;
	char *server, *ca_file, *trust_dir, *pin, *max_age; /* handed to verify */
	gboolean tofu, offline;
	char *attestation_roots;
	char *database; /* --db, handed to scan */
	gboolean allow_unsigned, json;
} PvJudgeOptions;

void pv_judge_options_clear(PvJudgeOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvJudgeOptions, pv_judge_options_clear)

/**
 * pv_judge_entries:
 *
 * Returns: (transfer full): the options that admit and run share.
 */
GOptionEntry *pv_judge_entries(PvJudgeOptions *options);

typedef struct {
	PvPolicy *policy;
	gboolean has_policy_file;
	char *reference;     /* normalised, as in the audit trail */
	char *repository;    /* what rules match */
	char *digest;        /* "sha256:…" of what was signed or named; NULL if not yet known */
	char *source;        /* for pv_image_open(); NULL until the content is here */
	GStrv roles;         /* that signed; NULL if not verified */
	GPtrArray *hardware; /* of PvHardwareRole; NULL if the policy does not ask for it */
	PvPolicyFacts facts;
	PvVerdict *verdict;
	PvProfile const *profile; /* of the rule; NULL if none matched */
} PvJudgement;

void pv_judgement_free(PvJudgement *judgement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvJudgement, pv_judgement_free)

/**
 * pv_judge:
 * @image: as the user named it
 * @wants_content: TRUE to have an admitted image's content on this machine, scanned or not
 *
 * Verifies, fetches, scans as far as the policy asks, and decides; writes the verdict to the audit
 * trail. A refusal is no error.
 *
 * Errors: PV_ERROR_USAGE, PV_ERROR_SYNTAX (the policy), PV_ERROR_UNREACHABLE and others: it could
 * not be found out.
 */
PvJudgement *pv_judge(PvJudgeOptions *options, const char *image, gboolean wants_content,
		      GError **error);

/**
 * pv_judge_json:
 *
 * Returns: (transfer full): the judgement as `pavise admit --json` prints it.
 */
json_t *pv_judge_json(const PvJudgement *judgement);

/**
 * pv_judge_print_refusal:
 *
 * Says on standard error why not, a line for each reason.
 */
void pv_judge_print_refusal(const char *command, const PvJudgement *judgement);

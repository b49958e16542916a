/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "policy/hardware.h"
#include "policy/profile.h"
#include "trust/hardware.h"
#include "vuln/cvss.h"

/*
 * policy.yaml: which images may run, by what proof, with what rights. Rules are tried in their
 * order; the first whose glob matches the image's repository decides, and where none matches the
 * answer is no.
 */

typedef struct {
	guint line;
	char *match;                /* glob: ? and * stay within a path component, ** does not */
	gboolean requires_trust;    /* trust: required (default) or none */
	GStrv signers;              /* roles that all must have signed; empty: any */
	char *pin;                  /* id of the root key, or NULL */
	PvPolicyHardware *hardware; /* NULL: keys may be anywhere */
	gboolean has_maximum;       /* max-severity */
	PvSeverity maximum;
	gboolean allows_unfixed; /* findings without a fixed version do not count */
	char *profile;
} PvPolicyRule;

typedef struct PvPolicy PvPolicy;

/**
 * pv_policy_parse:
 * @text: untrusted
 * @name: of the file, for messages
 *
 * Errors: PV_ERROR_SYNTAX (each begins with NAME:LINE:COLUMN), PV_ERROR_LIMIT.
 */
PvPolicy *pv_policy_parse(GBytes *text, const char *name, GError **error);

/**
 * pv_policy_default:
 *
 * @allows_unsigned: FALSE unless a user said otherwise for this once
 *
 * Returns: (transfer full): what holds where there is no policy.yaml: whatever is signed runs with
 * the profile "default", nothing unsigned runs.
 */
PvPolicy *pv_policy_default(gboolean allows_unsigned);

void pv_policy_free(PvPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvPolicy, pv_policy_free)

const char *pv_policy_name(const PvPolicy *policy);
guint pv_policy_rule_count(const PvPolicy *policy);

/**
 * pv_policy_find:
 * @repository: "docker.io/library/debian", or "oci:/srv/layout" for an image on this machine
 *
 * Returns: (transfer none): the rule for it, or NULL.
 */
const PvPolicyRule *pv_policy_find(const PvPolicy *policy, const char *repository);

/**
 * pv_policy_profile:
 *
 * Returns: (transfer none): the profile of that name, the policy's or a built-in one, or NULL.
 */
const PvProfile *pv_policy_profile(const PvPolicy *policy, const char *name);

/* What was found out about an image. */
typedef struct {
	gboolean is_signed;
	const char *why_not;      /* if it is not: the verifier's sentence, or NULL */
	const char *const *roles; /* that signed; NULL if none */
	const GPtrArray
		*hardware; /* of PvHardwareRole: those roles and what they depend on; or NULL */
	gboolean is_scanned;
	/* Unrated findings count as medium. */
	guint fixed[PV_SEVERITY_COUNT];   /* findings that a newer version ends */
	guint unfixed[PV_SEVERITY_COUNT]; /* and those that none does */
} PvPolicyFacts;

typedef struct {
	/*
	 * "no-rule", "not-signed", "signer-missing", "severity", "not-scanned"; "hardware-none",
	 * "hardware-not-attestable", "hardware-root", "hardware-other-key", "hardware-invalid",
	 * "hardware-touch", "hardware-pin", "hardware-firmware", "hardware-broken",
	 * "hardware-serial", "hardware-fips", "hardware-device-twice", "hardware-role"
	 */
	const char *code;
	char *text;
} PvPolicyReason;

typedef struct {
	gboolean is_admitted;
	char *rule;         /* the rule's glob; NULL if none matched */
	guint line;         /* 0 if none matched or the policy is the default one */
	GPtrArray *reasons; /* of PvPolicyReason: why not; empty if admitted */
} PvVerdict;

/**
 * pv_policy_decide:
 *
 * Returns: (transfer full): the verdict on an image of @repository of which @facts are known.
 */
PvVerdict *pv_policy_decide(const PvPolicy *policy, const char *repository,
			    const PvPolicyFacts *facts);

void pv_verdict_free(PvVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvVerdict, pv_verdict_free)

/**
 * pv_glob_matches:
 *
 * In time and memory bounded by the product of both lengths, whatever the pattern.
 */
gboolean pv_glob_matches(const char *pattern, const char *text);

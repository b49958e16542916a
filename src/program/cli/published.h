/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "program/cli/trust_options.h"
#include "trust/publish.h"

/**
 * pv_published_report_attestations:
 * @command: "pavise sign"
 *
 * Says on standard error which attestations of keys are not with the trust server, if any.
 */
void pv_published_report_attestations(const char *command, const PvTrustOptions *options,
				      const PvPublished *published);

/**
 * pv_published_report:
 * @what: for people: "rotated the targets key of"
 *
 * Tells what became of a publish: as a sentence, or with --json as
 * {"repository","changes","first","uploaded","roles":[…]}.
 */
void pv_published_report(const PvTrustOptions *options, const char *what,
			 const PvPublished *published);

/**
 * pv_confirm:
 * @question: "remove the key"
 * @said: --yes was given
 *
 * Asks on the terminal. Errors: PV_ERROR_USAGE (no terminal and no --yes), PV_ERROR_REFUSED (no).
 */
gboolean pv_confirm(const char *question, gboolean said, GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "program/cli/judge.h"

/* What the files of the judge share. */

/**
 * pv_judge_take_answer:
 * @output: {"digest":…,"roles":[{"name":…}],"hardware":…} of `pavise verify --json`
 *
 * Fills in what was signed by whom. Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_INTERNAL.
 */
gboolean pv_judge_take_answer(PvJudgement *judgement, GBytes *output, GError **error);

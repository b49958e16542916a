/* SPDX-License-Identifier: Apache-2.0 */

/* pavise admit: the policy's verdict on an image, with reasons; nothing is run. */

#include <stdio.h>

#include "base/error.h"
#include "base/terminal.h"
#include "program/cli/judge.h"
#include "program/cli/options.h"
#include "program/cli/run.h"

#define COMMAND      "pavise admit"
#define EXIT_REFUSED 1

static void print_hardware(const PvJudgement *judgement)
{
	for (guint i = 0; judgement->hardware && i < judgement->hardware->len; i++) {
		const PvHardwareRole *role = judgement->hardware->pdata[i];

		for (guint k = 0; k < role->keys->len; k++) {
			const PvHardware *key = role->keys->pdata[k];
			g_autofree char *words = pv_hardware_words(key);
			g_autofree char *safe = words ? pv_terminal_safe(words) : NULL;

			if (safe)
				printf("key %.12s of %s: %s\n", key->id, role->name, safe);
		}
	}
}

static void print_for_people(const PvJudgement *judgement)
{
	g_autofree char *reference = pv_terminal_safe(judgement->reference);
	g_autofree char *roles = judgement->roles ? g_strjoinv(", ", judgement->roles) : NULL;
	const PvPolicyFacts *facts = &judgement->facts;

	printf("%s is admitted", reference);
	if (judgement->verdict->line > 0)
		printf(" by %s:%u", pv_policy_name(judgement->policy), judgement->verdict->line);
	printf("\n%s\n", judgement->digest);
	printf("signed by %s\n", roles && *roles ? roles : "nobody; the policy asks for nobody");
	print_hardware(judgement);
	if (facts->is_scanned)
		printf("findings: %u critical, %u high, %u medium, %u low\n",
		       facts->fixed[PV_SEVERITY_CRITICAL] + facts->unfixed[PV_SEVERITY_CRITICAL],
		       facts->fixed[PV_SEVERITY_HIGH] + facts->unfixed[PV_SEVERITY_HIGH],
		       facts->fixed[PV_SEVERITY_MEDIUM] + facts->unfixed[PV_SEVERITY_MEDIUM],
		       facts->fixed[PV_SEVERITY_LOW] + facts->unfixed[PV_SEVERITY_LOW]);
	printf("profile %s\n", judgement->profile->name);
}

static int admit(PvJudgeOptions *options, const char *image, GError **error)
{
	g_autoptr(PvJudgement) judgement = pv_judge(options, image, FALSE, error);

	if (!judgement)
		return -1;
	if (options->json) {
		g_autoptr(json_t) value = pv_judge_json(judgement);
		g_autofree char *text = pv_json_text(value, TRUE);

		fputs(text, stdout);
	} else if (judgement->verdict->is_admitted) {
		print_for_people(judgement);
	}
	if (judgement->verdict->is_admitted)
		return 0;
	pv_judge_print_refusal(COMMAND, judgement);
	return EXIT_REFUSED;
}

int pv_command_admit(int argc, char **argv)
{
	g_auto(PvJudgeOptions) options = { 0 };
	g_autofree GOptionEntry *entries = pv_judge_entries(&options);
	const GOptionEntry own[] = {
		{ "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print JSON", NULL }, { NULL }
	};
	const GOptionEntry *const groups[] = { entries, own, NULL };
	g_autoptr(GError) error = NULL;
	int status;

	if (!pv_options_parse(COMMAND, "IMAGE",
			      "Tells whether the policy lets an image run here, and why not.",
			      groups, &argc, &argv, &error))
		return pv_terminal_fail(COMMAND, error);
	if (argc != 2) {
		pv_fail(&error, PV_ERROR_USAGE, "expected one IMAGE; try `%s --help`", COMMAND);
		return pv_terminal_fail(COMMAND, error);
	}
	status = admit(&options, argv[1], &error);
	return status >= 0 ? status : pv_terminal_fail(COMMAND, error);
}

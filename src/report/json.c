/* SPDX-License-Identifier: Apache-2.0 */

/* The report for machines, fixed from the first release (design.md section 6). */

#include "base/json.h"
#include "report/formats.h"

/* jansson refuses what is not UTF-8, and a path inside an image may be any bytes. */
static json_t *json_of_text(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	return json_string(valid);
}

static json_t *json_of_image(const PvReport *report)
{
	const PvInventory *inventory = report->inventory;
	char digest[PV_DIGEST_TEXT_SIZE] = "";

	if (inventory->digest.size)
		pv_digest_format(&inventory->digest, digest);
	return json_pack("{s:o, s:s, s:{s:o, s:o, s:o}}", "reference",
			 json_of_text(inventory->reference), "digest", digest, "distro", "id",
			 json_of_text(inventory->distro.id), "version",
			 json_of_text(inventory->distro.version_id), "name",
			 json_of_text(inventory->distro.pretty_name));
}

static json_t *json_of_layers(const PvInventory *inventory)
{
	json_t *layers = json_array();

	for (guint i = 0; i < inventory->layers->len; i++) {
		const PvInventoryLayer *layer =
			&g_array_index(inventory->layers, PvInventoryLayer, i);
		char diff_id[PV_DIGEST_TEXT_SIZE] = "";

		if (layer->diff_id.size)
			pv_digest_format(&layer->diff_id, diff_id);
		json_array_append_new(layers,
				      json_pack("{s:s, s:o}", "diff_id", diff_id, "created_by",
						json_of_text(layer->created_by)));
	}
	return layers;
}

static json_t *json_of_package(const PvPackage *package)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:i, s:{s:o, s:o}}", "name",
			 json_of_text(package->name), "version", json_of_text(package->version),
			 "type", json_of_text(package->type), "purl", json_of_text(package->purl),
			 "layer", (int)package->layer, "source", "name",
			 json_of_text(package->source_name), "version",
			 json_of_text(package->source_version));
}

static json_t *json_of_packages(const PvInventory *inventory)
{
	json_t *packages = json_array();

	for (guint i = 0; i < inventory->packages->len; i++)
		json_array_append_new(packages, json_of_package(&g_array_index(inventory->packages,
									       PvPackage, i)));
	return packages;
}

static json_t *json_of_names(const GPtrArray *names)
{
	json_t *list = json_array();

	for (guint i = 0; i < names->len; i++)
		json_array_append_new(list, json_of_text(names->pdata[i]));
	return list;
}

static json_t *json_of_finding(const PvFinding *finding)
{
	const PvPackage *package = finding->package;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:i}", "id",
			 json_of_text(finding->id), "advisories",
			 json_of_names(finding->advisories), "aliases",
			 json_of_names(finding->aliases), "package", json_of_text(package->name),
			 "version", json_of_text(package->version), "purl",
			 json_of_text(package->purl), "fixed", json_of_text(finding->fixed),
			 "severity", pv_severity_name(finding->severity), "status",
			 *finding->fixed ? "fixed" : "open", "layer", (int)package->layer);
}

static json_t *json_of_findings(const PvMatch *match)
{
	json_t *findings = json_array();

	for (guint i = 0; i < match->findings->len; i++)
		json_array_append_new(findings, json_of_finding(match->findings->pdata[i]));
	return findings;
}

static json_t *json_of_unreadable(const PvInventory *inventory)
{
	json_t *list = json_array();

	for (guint i = 0; i < inventory->unreadable->len; i++) {
		const PvUnreadable *one = &g_array_index(inventory->unreadable, PvUnreadable, i);

		json_array_append_new(list,
				      json_pack("{s:o, s:i, s:o}", "path", json_of_text(one->path),
						"layer", (int)one->layer, "why",
						json_of_text(one->why)));
	}
	return list;
}

static json_t *json_of_unmatched(const PvMatch *match)
{
	json_t *list = json_array();

	for (guint i = 0; i < match->unmatched->len; i++) {
		const PvUnmatched *one = &g_array_index(match->unmatched, PvUnmatched, i);

		json_array_append_new(list,
				      json_pack("{s:o, s:o, s:i}", "type", json_of_text(one->type),
						"ecosystem", json_of_text(one->ecosystem),
						"packages", (int)one->packages));
	}
	return list;
}

static char *write_report(const PvReport *report)
{
	g_autoptr(json_t) all =
		json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", 1, "image",
			  json_of_image(report), "layers", json_of_layers(report->inventory),
			  "packages", json_of_packages(report->inventory), "findings",
			  json_of_findings(report->match), "unreadable",
			  json_of_unreadable(report->inventory), "unmatched",
			  json_of_unmatched(report->match));

	return pv_json_text(all, FALSE);
}

const PvReportFormat pv_report_json = {
	.name = "json",
	.description = "for machines, schema 1",
	.write = write_report,
};

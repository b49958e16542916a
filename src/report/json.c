/* SPDX-License-Identifier: Apache-2.0 */

/* The report for machines, fixed from the first release (design.md section 6). */

#include "base/json.h"
#include "report/formats.h"

static json_t *json_of_image(const PvReport *report)
{
	const PvInventory *inventory = report->inventory;
	char digest[PV_DIGEST_TEXT_SIZE] = "";

	if (inventory->digest.size)
		pv_digest_format(&inventory->digest, digest);
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:s}}", "reference", inventory->reference,
			 "digest", digest, "distro", "id", inventory->distro.id, "version",
			 inventory->distro.version_id, "name", inventory->distro.pretty_name);
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
		json_array_append_new(layers, json_pack("{s:s, s:s}", "diff_id", diff_id,
							"created_by", layer->created_by));
	}
	return layers;
}

static json_t *json_of_packages(const PvInventory *inventory)
{
	json_t *packages = json_array();

	for (guint i = 0; i < inventory->packages->len; i++) {
		const PvPackage *package = &g_array_index(inventory->packages, PvPackage, i);

		json_array_append_new(packages,
				      json_pack("{s:s, s:s, s:s, s:s, s:i, s:{s:s, s:s}}", "name",
						package->name, "version", package->version, "type",
						package->type, "purl", package->purl, "layer",
						(int)package->layer, "source", "name",
						package->source_name, "version",
						package->source_version));
	}
	return packages;
}

static json_t *json_of_names(const GPtrArray *names)
{
	json_t *list = json_array();

	for (guint i = 0; i < names->len; i++)
		json_array_append_new(list, json_string(names->pdata[i]));
	return list;
}

static json_t *json_of_finding(const PvFinding *finding)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "id", finding->id,
			 "advisories", json_of_names(finding->advisories), "aliases",
			 json_of_names(finding->aliases), "package", finding->package->name,
			 "version", finding->package->version, "purl", finding->package->purl,
			 "fixed", finding->fixed, "severity", pv_severity_name(finding->severity),
			 "status", *finding->fixed ? "fixed" : "affected", "layer",
			 (int)finding->package->layer);
}

static json_t *json_of_unreadable(const PvInventory *inventory)
{
	json_t *list = json_array();

	for (guint i = 0; i < inventory->unreadable->len; i++) {
		const PvUnreadable *one = &g_array_index(inventory->unreadable, PvUnreadable, i);

		json_array_append_new(list, json_pack("{s:s, s:i, s:s}", "path", one->path, "layer",
						      (int)one->layer, "why", one->why));
	}
	return list;
}

static char *write_report(const PvReport *report)
{
	json_t *findings = json_array();
	g_autoptr(json_t) all = NULL;

	for (guint i = 0; i < report->match->findings->len; i++)
		json_array_append_new(findings, json_of_finding(report->match->findings->pdata[i]));
	all = json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "schema", 1, "image",
			json_of_image(report), "layers", json_of_layers(report->inventory),
			"packages", json_of_packages(report->inventory), "findings", findings,
			"unreadable", json_of_unreadable(report->inventory));
	return pv_json_text(all, FALSE);
}

const PvReportFormat pv_report_json = {
	.name = "json",
	.description = "for machines, schema 1",
	.write = write_report,
};

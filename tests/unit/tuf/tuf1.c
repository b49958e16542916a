/* SPDX-License-Identifier: Apache-2.0 */

/* The parser of TUF 1.0: what it takes, what it refuses, each limit from both sides. */

#include "tuf/tuf1.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define KEY_A "72378e5bc588793e58f81c8533da64a2e8f1565c1fcc7f253496394ffc52542c"
#define HASH  "65b8c67f51c993d898250f40aa57a317d854900b3a04895464313e48785440da"
#define HEAD  "\"spec_version\":\"1.0.31\",\"version\":3,\"expires\":\"2030-01-01T00:00:00Z\""
#define ROLE  "{\"keyids\":[\"a\"],\"threshold\":1}"

static const char *const files[PV_TUF1_TYPES] = {
	"{\"signed\":{\"_type\":\"root\"," HEAD ",\"consistent_snapshot\":true,\"keys\":{\"a\":{"
	"\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" KEY_A "\"}}},"
	"\"roles\":{\"root\":" ROLE ",\"timestamp\":" ROLE ",\"snapshot\":" ROLE
	",\"targets\":" ROLE "}},\"signatures\":[{\"keyid\":\"a\",\"sig\":\"0aFF\"}]}",
	"{\"signed\":{\"_type\":\"timestamp\"," HEAD ",\"meta\":{\"snapshot.json\":{\"version\":7,"
	"\"length\":100,\"hashes\":{\"sha256\":\"" HASH "\"}}}},\"signatures\":[]}",
	"{\"signed\":{\"_type\":\"snapshot\"," HEAD ",\"meta\":{\"targets.json\":{\"version\":7},"
	"\"a/b.json\":{\"version\":8}}},\"signatures\":[]}",
	"{\"signed\":{\"_type\":\"targets\"," HEAD ",\"targets\":{\"file\":{\"length\":5,"
	"\"hashes\":{\"sha256\":\"" HASH "\"},\"custom\":{\"b\":1,\"a\":2}}},\"delegations\":{"
	"\"keys\":{\"a\":{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":"
	"\"" KEY_A "\"}}},\"roles\":[{\"name\":\"one\",\"keyids\":[\"a\"],\"threshold\":1,"
	"\"terminating\":true,\"paths\":[\"x/*\"]},{\"name\":\"two\",\"keyids\":[\"a\",\"b\"],"
	"\"threshold\":2,\"path_hash_prefixes\":[\"0\"]}]}},\"signatures\":[]}",
};

static PvTuf1Metadata *parse(PvTuf1Type type, const char *text, GError **error)
{
	g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));

	return pv_tuf1_parse(type, pv_tuf1_type_names[type], file, error);
}

/* The file of @type with the first @from replaced by @to. */
static char *edited(PvTuf1Type type, const char *from, const char *to)
{
	const char *at = strstr(files[type], from);

	if (!at)
		g_error("'%s' is not in the file of %s", from, pv_tuf1_type_names[type]);
	return g_strdup_printf("%.*s%s%s", (int)(at - files[type]), files[type], to,
			       at + strlen(from));
}

static void test_root(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvTuf1Metadata) root = parse(PV_TUF1_ROOT, files[PV_TUF1_ROOT], &error);
	GBytes *signature;

	g_assert_no_error(error);
	g_assert_cmpint(root->version, ==, 3);
	g_assert_cmpint(root->expires.seconds, ==, 1893456000);
	g_assert_true(root->consistent_snapshot);
	for (guint i = 0; i < PV_TUF1_TYPES; i++) {
		g_assert_cmpuint(root->roles[i]->threshold, ==, 1);
		g_assert_cmpuint(root->roles[i]->keys->len, ==, 1);
	}
	signature = g_hash_table_lookup(root->signatures, "a");
	g_assert_cmpmem(g_bytes_get_data(signature, NULL), g_bytes_get_size(signature), "\x0a\xff",
			2);
	g_assert_true(g_str_has_prefix(g_bytes_get_data(root->canonical, NULL),
				       "{\"_type\":\"root\",\"consistent_snapshot\":true,"));
	g_assert_false(pv_tuf1_verify(root, root->roles[PV_TUF1_ROOT], &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SIGNATURE);
}

static void test_meta(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvTuf1Metadata) timestamp =
		parse(PV_TUF1_TIMESTAMP, files[PV_TUF1_TIMESTAMP], &error);
	g_autoptr(PvTuf1Metadata) snapshot = NULL;
	const PvTuf1Meta *meta;

	g_assert_no_error(error);
	meta = g_hash_table_lookup(timestamp->meta, "snapshot.json");
	g_assert_cmpint(meta->version, ==, 7);
	g_assert_cmpint(meta->length, ==, 100);
	g_assert_true(meta->hashed);
	g_assert_cmpuint(meta->sha256.size, ==, 32);
	snapshot = parse(PV_TUF1_SNAPSHOT, files[PV_TUF1_SNAPSHOT], &error);
	g_assert_no_error(error);
	meta = g_hash_table_lookup(snapshot->meta, "a/b.json");
	g_assert_cmpint(meta->version, ==, 8);
	g_assert_cmpint(meta->length, ==, -1);
	g_assert_false(meta->hashed);
}

static void test_targets(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvTuf1Metadata) targets = parse(PV_TUF1_TARGETS, files[PV_TUF1_TARGETS], &error);
	const PvFileMeta *file;
	const PvTuf1Role *one, *two;

	g_assert_no_error(error);
	file = g_hash_table_lookup(targets->targets, "file");
	g_assert_cmpuint(file->length, ==, 5);
	g_assert_cmpmem(g_bytes_get_data(file->custom, NULL), g_bytes_get_size(file->custom),
			"{\"a\":2,\"b\":1}", 13);
	one = targets->delegations->pdata[0];
	two = targets->delegations->pdata[1];
	g_assert_cmpstr(one->name, ==, "one");
	g_assert_true(one->terminating);
	g_assert_cmpstr(one->paths->pdata[0], ==, "x/*");
	g_assert_null(one->hash_prefixes);
	g_assert_false(two->terminating);
	g_assert_cmpuint(two->threshold, ==, 2);
	g_assert_cmpuint(two->keys->len, ==, 1); /* "b" is no key here */
	g_assert_cmpstr(two->hash_prefixes->pdata[0], ==, "0");
}

/* What may be different without harm. */
static void test_accepted(void)
{
	static const struct {
		PvTuf1Type type;
		const char *from, *to;
	} cases[] = {
		{ PV_TUF1_ROOT, "\"consistent_snapshot\":true,", "" },
		{ PV_TUF1_ROOT, "\"consistent_snapshot\":true", "\"more\":[{\"x\":null}]" },
		{ PV_TUF1_ROOT, "1.0.31", "1.0" },
		{ PV_TUF1_ROOT, "1.0.31", "1.10.100" },
		{ PV_TUF1_ROOT, "{\"keyids\":[\"a\"]", "{\"keyids\":[]" },
		{ PV_TUF1_ROOT, "{\"keyids\":[\"a\"]", "{\"more\":1,\"keyids\":[\"a\",\"a\"]" },
		{ PV_TUF1_ROOT, "\"sig\":\"0aFF\"", "\"sig\":\"\"" },
		{ PV_TUF1_ROOT, "\"sig\":\"0aFF\"", "\"sig\":\"not hexadecimal\"" },
		{ PV_TUF1_ROOT, "{\"public\":", "{\"private\":" },
		{ PV_TUF1_ROOT, "\"public\":\"72", "\"public\":\"7" },
		{ PV_TUF1_ROOT, "\"keytype\":\"ed25519\"", "\"keytype\":\"new\"" },
		{ PV_TUF1_ROOT, "{\"root\":", "{\"mirrors\":" ROLE ",\"root\":" },
		{ PV_TUF1_TIMESTAMP, "\"sha256\":\"" HASH, "\"md5\":\"" },
		{ PV_TUF1_TARGETS, "\"length\":5", "\"length\":0" },
		{ PV_TUF1_TARGETS, "\"sha256\":\"" HASH, "\"md5\":\"" },
		{ PV_TUF1_TARGETS, "\"roles\":[", "\"more\":[],\"roles\":[" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = edited(cases[i].type, cases[i].from, cases[i].to);
		g_autoptr(GError) error = NULL;
		g_autoptr(PvTuf1Metadata) metadata = parse(cases[i].type, text, &error);

		g_assert_no_error(error);
		g_assert_nonnull(metadata);
	}
}

static const struct {
	PvTuf1Type type;
	const char *from, *to, *sentence;
	int code;
} refused[] = {
	{ PV_TUF1_ROOT, "{\"signed\"", "{\"x\"", "*signed is no object*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "{\"signed\":", "[{\"signed\":", "*expected*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"signatures\"", "\"x\"", "*signatures is no array*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "{\"keyid\":", "5,{\"keyid\":", "*a signature is no object*",
	  PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"sig\":\"0aFF\"", "\"sig\":5", "*sig is no string*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"keyid\":\"a\"", "\"keyid\":null", "*keyid is no string*",
	  PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "[{\"keyid\"", "[{\"keyid\":\"a\",\"sig\":\"\"},{\"keyid\"",
	  "*two signatures of key 'a'*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"_type\":\"root\"", "\"_type\":\"Root\"",
	  "*_type is 'Root', expected 'root'*", PV_ERROR_ROLE },
	{ PV_TUF1_ROOT, "\"_type\":\"root\",", "", "*_type is no string*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "1.0.31", "2.0.0", "*spec_version is '2.0.0'*", PV_ERROR_UNSUPPORTED },
	{ PV_TUF1_ROOT, "1.0.31", "1", "*spec_version*", PV_ERROR_UNSUPPORTED },
	{ PV_TUF1_ROOT, "1.0.31", "1.", "*spec_version*", PV_ERROR_UNSUPPORTED },
	{ PV_TUF1_ROOT, "1.0.31", "1..3", "*spec_version*", PV_ERROR_UNSUPPORTED },
	{ PV_TUF1_ROOT, "1.0.31", "1.0.3.1", "*spec_version*", PV_ERROR_UNSUPPORTED },
	{ PV_TUF1_ROOT, "1.0.31", "1.x1", "*spec_version*", PV_ERROR_UNSUPPORTED },
	{ PV_TUF1_ROOT, "\"1.0.31\"", "1", "*spec_version is no string*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"version\":3", "\"version\":0", "*version is 0*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"version\":3,", "", "*version is no integer*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "00:00Z", "00:00.5Z", "*expires is*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "00:00Z", "00:00", "*expires is*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "2030-01-01T00:00:00Z", "2030-01-01T00:00+00Z", "*expires is*",
	  PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "2030-01-01", "2030-02-30", "*expires is*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "_snapshot\":true", "_snapshot\":1", "*consistent_snapshot is no*",
	  PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"keys\":", "\"x\":", "*keys is no object*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "{\"keytype\"", "{\"x\"", "*keytype is no string*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"scheme\"", "\"x\"", "*scheme is no string*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"keyval\"", "\"x\"", "*keyval is no object*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"snapshot\":", "\"x\":", "*snapshot is no object*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"threshold\":1", "\"threshold\":0", "*threshold is 0*", PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"keyids\":[\"a\"]", "\"keyids\":\"a\"", "*keyids is no array*",
	  PV_ERROR_SYNTAX },
	{ PV_TUF1_ROOT, "\"keyids\":[\"a\"]", "\"keyids\":[1]", "*a keyid is no string*",
	  PV_ERROR_SYNTAX },
	{ PV_TUF1_TIMESTAMP, "snapshot.json", "targets.json", "*does not name snapshot.json*",
	  PV_ERROR_SYNTAX },
	{ PV_TUF1_TIMESTAMP, "\"meta\"", "\"x\"", "*meta is no object*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TIMESTAMP, "\"version\":7", "\"version\":0", "*version is 0*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TIMESTAMP, "\"length\":100", "\"length\":-1", "*length is -1*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TIMESTAMP, "{\"sha256\":\"" HASH "\"}", "{}", "*hashes is empty*",
	  PV_ERROR_SYNTAX },
	{ PV_TUF1_TIMESTAMP, "\"65b8", "\"65B8", "*timestamp.json*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TIMESTAMP, "\"65b8", "\"65b", "*timestamp.json*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TIMESTAMP, "\"" HASH "\"", "5", "*sha256 is no string*", PV_ERROR_SYNTAX },
	{ PV_TUF1_SNAPSHOT, "targets.json", "root.json", "*does not name targets.json*",
	  PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "\"targets\":{", "\"x\":{", "*targets is no object*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "\"file\":", "\"\":", "*path of 0 bytes*", PV_ERROR_LIMIT },
	{ PV_TUF1_TARGETS, "\"length\":5,", "", "*length is no integer*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "\"hashes\"", "\"x\"", "*hashes is no object*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "\"keys\":", "\"x\":", "*keys is no object*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "\"roles\":", "\"x\":", "*either roles or succinct_roles*",
	  PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "\"roles\":", "\"succinct_roles\":{},\"roles\":",
	  "*either roles or succinct_roles*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "\"delegations\":{", "\"delegations\":[],\"x\":{",
	  "*delegations is no object*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "{\"name\":\"one\"", "5,{\"name\":\"one\"",
	  "*a delegation is no object*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "\"name\":\"one\",", "", "*name is no string*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "\"one\"", "\"two\"", "*two delegations are called 'two'*",
	  PV_ERROR_ROLE },
	{ PV_TUF1_TARGETS, "\"one\"", "\"root\"", "*must not be called root*", PV_ERROR_ROLE },
	{ PV_TUF1_TARGETS, "\"one\"", "\"targets\"", "*must not be called*", PV_ERROR_ROLE },
	{ PV_TUF1_TARGETS, "\"one\"", "\"\"", "*name of 0 bytes*", PV_ERROR_ROLE },
	{ PV_TUF1_TARGETS, "\"terminating\":true", "\"terminating\":1",
	  "*terminating is no boolean*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "[\"x/*\"]", "\"x/*\"", "*paths is no array*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "[\"x/*\"]", "[1]", "*paths is no string*", PV_ERROR_SYNTAX },
	{ PV_TUF1_TARGETS, "\"path_hash", "\"paths\":[],\"path_hash", "*has both*",
	  PV_ERROR_SYNTAX },
};

static void test_refused(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autofree char *text = edited(refused[i].type, refused[i].from, refused[i].to);
		g_autoptr(GError) error = NULL;

		g_test_message("%s -> %s", refused[i].from, refused[i].to);
		g_assert_null(parse(refused[i].type, text, &error));
		g_assert_error(error, PV_ERROR, refused[i].code);
		if (!g_pattern_match_simple(refused[i].sentence, error->message))
			g_error("'%s', expected '%s'", error->message, refused[i].sentence);
	}
}

#define BINS                                                                                    \
	"{\"signed\":{\"_type\":\"targets\"," HEAD ",\"targets\":{},\"delegations\":{\"keys\":" \
	"{},\"succinct_roles\":{\"keyids\":[],\"threshold\":1,%s}}},\"signatures\":[]}"

static void test_bins(void)
{
	static const struct {
		const char *members, *name; /* name: NULL if it must be refused */
	} cases[] = {
		/* sha256("file") = 3b9c358f… */
		{ "\"bit_length\":1,\"name_prefix\":\"bin\"", "bin-0" },
		{ "\"bit_length\":4,\"name_prefix\":\"bin\"", "bin-3" },
		{ "\"bit_length\":5,\"name_prefix\":\"bin\"", "bin-07" },
		{ "\"bit_length\":9,\"name_prefix\":\"bin\"", "bin-077" },
		{ "\"bit_length\":31,\"name_prefix\":\"bin\"", "bin-1dce1ac7" },
		{ "\"bit_length\":32,\"name_prefix\":\"b\"", "b-3b9c358f" },
		{ "\"bit_length\":0,\"name_prefix\":\"bin\"", NULL },
		{ "\"bit_length\":33,\"name_prefix\":\"bin\"", NULL },
		{ "\"bit_length\":8,\"name_prefix\":\"\"", NULL },
		{ "\"bit_length\":8,\"name_prefix\":\"root\"", NULL },
		{ "\"bit_length\":8", NULL },
		{ "\"name_prefix\":\"bin\"", NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf(BINS, cases[i].members);
		g_autoptr(PvTuf1Metadata) targets = parse(PV_TUF1_TARGETS, text, NULL);
		g_autofree char *name = targets ? pv_tuf1_bin_name(targets, "file") : NULL;

		g_assert_cmpstr(name, ==, cases[i].name);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tuf1/root", test_root);
	g_test_add_func("/tuf1/meta", test_meta);
	g_test_add_func("/tuf1/targets", test_targets);
	g_test_add_func("/tuf1/accepted", test_accepted);
	g_test_add_func("/tuf1/refused", test_refused);
	g_test_add_func("/tuf1/bins", test_bins);
	return g_test_run();
}

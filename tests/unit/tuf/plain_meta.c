/* SPDX-License-Identifier: Apache-2.0 */

/* A file's length and hashes read by heart: the same is taken from them, and the same is refused, as
 * when they are read as any JSON. */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "tuf/base64.h"
#include "tuf/metadata.h"
#include "tuf/plain_meta.h"

#define SHA256 "FRZGTUvTEUQ5kPTHI5nvlGK9RUc/t+J53jXZ4LNdQ18="
#define SHA512                                                         \
	"sKrbeEnEzEaiYdYWy8VqYjG4TtACtr6VwCXs1V05Wo5OWgItdbHgNx5Ys1e+" \
	"ugGBpDvJXxxgH3x8zUQmQmVV0A=="
#define PLAIN(sha256, sha512, length) \
	"{\"hashes\":{\"sha256\":\"" sha256 "\",\"sha512\":\"" sha512 "\"},\"length\":" length "}"

static const struct {
	const char *text;
	gboolean good;
} cases[] = {
	{ PLAIN(SHA256, SHA512, "0"), TRUE },
	{ PLAIN(SHA256, SHA512, "1005"), TRUE },
	{ PLAIN(SHA256, SHA512, "9007199254740991"), TRUE },
	{ PLAIN(SHA256, SHA512, "9007199254740992"), TRUE },
	{ PLAIN(SHA256, SHA512, "9007199254740993"), FALSE },
	{ PLAIN(SHA256, SHA512, "99999999999999999999999999"), FALSE },
	{ PLAIN(SHA256, SHA512, ""), FALSE },
	{ PLAIN(SHA256, SHA512, "-1"), FALSE },
	{ PLAIN(SHA256, SHA512, "01"), FALSE },
	{ PLAIN(SHA256, SHA512, "1.0"), FALSE },
	{ PLAIN(SHA256, SHA512, "1e3"), FALSE },
	{ PLAIN(SHA256, SHA512, "\"1\""), FALSE },
	{ PLAIN(SHA256, SHA512, "1,\"length\":1"), FALSE },
	{ PLAIN(SHA256, SHA512, "1,\"Length\":1"), FALSE },
	{ PLAIN(SHA256, SHA512, "1,\"other\":1"), TRUE },
	{ PLAIN(SHA256, SHA512, "1,\"custom\":{\"a\":1}"), TRUE },
	{ PLAIN(SHA256, SHA512 "\",\"sha512\":\"" SHA512, "1"), FALSE },
	/* Bits behind the last byte, another alphabet, padding within, hashes cut and exchanged. */
	{ PLAIN("FRZGTUvTEUQ5kPTHI5nvlGK9RUc/t+J53jXZ4LNdQ19=", SHA512, "1"), FALSE },
	{ PLAIN("FRZGTUvTEUQ5kPTHI5nvlGK9RUc_t+J53jXZ4LNdQ18=", SHA512, "1"), FALSE },
	{ PLAIN("FRZGTUvTEUQ5kPTHI5nvlGK9RUc=t+J53jXZ4LNdQ18=", SHA512, "1"), FALSE },
	{ PLAIN("FRZGTUvTEUQ5kPTHI5nvlGK9RUc\\t+J53jXZ4LNdQ18=", SHA512, "1"), FALSE },
	{ PLAIN("FRZGTUvTEUQ5kPTHI5nvlGK9RUc\303\251+J53jXZ4LNdQ18=", SHA512, "1"), FALSE },
	{ PLAIN("FRZGTUvTEUQ5kPTHI5nvlGK9RUc/t+J53jXZ4LNdQ1==", SHA512, "1"), FALSE },
	{ PLAIN("FRZGTUvTEUQ5kPTHI5nvlGK9RUc/t+J53jXZ4LNdQ18A", SHA512, "1"), FALSE },
	{ PLAIN("FRZGTUvTEUQ5kPTHI5nvlGK9RUc\\/t+J53jXZ4LNdQ18=", SHA512, "1"), TRUE },
	{ PLAIN(SHA256,
		"sKrbeEnEzEaiYdYWy8VqYjG4TtACtr6VwCXs1V05Wo5OWgItdbHgNx5Ys1e+ugGBpDvJXxxgH3x8zUQmQ"
		"mVV0B==",
		"1"),
	  FALSE },
	{ PLAIN(SHA512, SHA256, "1"), FALSE },
	{ PLAIN(SHA256, SHA256, "1"), FALSE },
	{ PLAIN("", "", "1"), FALSE },
	{ "{\"hashes\":{\"sha256\":\"" SHA256 "\"},\"length\":7}", TRUE },
	{ "{\"length\":7,\"hashes\":{\"sha512\":\"" SHA512 "\"}}", TRUE },
};

static const PvFileMeta *only_file(const char *member, PvMetadata **ret_metadata)
{
	g_autofree char *text =
		g_strdup_printf("{\"signed\":{\"_type\":\"Targets\",\"expires\":\"2029-11-22T20:43:"
				"03Z\",\"targets\":{\"v1\":%s},\"version\":1},\"signatures\":[]}",
				member);
	g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;
	PvMetadata *metadata = pv_metadata_parse("targets", file, &error);

	g_assert_true(metadata || error->domain == PV_ERROR);
	*ret_metadata = metadata;
	return metadata ? g_hash_table_lookup(metadata->files, "v1") : NULL;
}

/* The same text as it stands, and with a blank that makes it one that is not known by heart. */
static void test_agrees(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *spaced = g_strconcat("{ ", cases[i].text + 1, NULL);
		g_autoptr(PvMetadata) one = NULL, other = NULL;
		const PvFileMeta *plain = only_file(cases[i].text, &one);
		const PvFileMeta *general = only_file(spaced, &other);

		g_test_message("%s", cases[i].text);
		g_assert_true((plain != NULL) == cases[i].good);
		g_assert_true((general != NULL) == cases[i].good);
		if (!plain)
			continue;
		g_assert_cmpuint(plain->length, ==, general->length);
		g_assert_true(pv_digest_equal(&plain->sha256, &general->sha256));
		g_assert_true(pv_digest_equal(&plain->sha512, &general->sha512));
		g_assert_true((plain->custom != NULL) == (general->custom != NULL));
	}
}

/* Each byte of it cut off or changed: never more than is there is looked at, and never more is
 * taken for plain than can be read. */
static void test_hostile(void)
{
	static const char text[] = PLAIN(SHA256, SHA512, "1005");
	gsize size = sizeof text - 1;
	PvFileMeta meta;

	g_assert_cmpuint(pv_plain_meta_size(text, size), ==, size);
	g_assert_true(pv_plain_meta_read(text, size, &meta));
	for (gsize i = 0; i < size; i++) {
		g_autofree char *cut = g_memdup2(text, i);
		g_autofree char *changed = g_memdup2(text, size);

		g_assert_cmpuint(pv_plain_meta_size(cut, i), ==, 0);
		g_assert_false(pv_plain_meta_read(cut, i, &meta));
		for (int c = 0; c < 256; c++) {
			changed[i] = (char)c;
			g_assert_true((pv_plain_meta_size(changed, size) == size) ==
				      pv_plain_meta_read(changed, size, &meta));
		}
	}
}

/* In canonical form as any other object, also inside of what is not canonical. */
static void test_canonical(void)
{
	static const char *const custom =
		"{\"z\": 1,\"targets\":{\"a\":" PLAIN(SHA256, SHA512, "1") "}}";
	static const char expected[] =
		"{\"targets\":{\"a\":" PLAIN(SHA256, SHA512, "1") "},\"z\":1}";
	g_autofree char *member = g_strdup_printf(PLAIN(SHA256, SHA512, "7,\"custom\":%s"), custom);
	g_autoptr(PvMetadata) metadata = NULL;
	const PvFileMeta *meta = only_file(member, &metadata);

	g_assert_nonnull(meta);
	g_assert_cmpmem(g_bytes_get_data(meta->custom, NULL), g_bytes_get_size(meta->custom),
			expected, sizeof expected - 1);
}

/* As deep as JSON may be: refused where it would be refused if it were spelled in another way. */
static void test_depth(void)
{
	guint accepted = 0;

	for (guint depth = 1; depth <= PV_JSON_DEPTH_MAX; depth++) {
		g_autoptr(GString) member = g_string_new(NULL);
		g_autoptr(GString) tail = g_string_new(NULL);
		g_autofree char *text = NULL;
		g_autoptr(PvMetadata) one = NULL, other = NULL;

		for (guint i = 1; i < depth; i++) {
			g_string_append(member, "{\"a\":");
			g_string_append_c(tail, '}');
		}
		g_string_append(member, "{\"targets\":{\"a\":" PLAIN(SHA256, SHA512, "1") "}}");
		g_string_append(member, tail->str);
		text = g_strdup_printf(PLAIN(SHA256, SHA512, "7,\"custom\":%s"), member->str);
		only_file(text, &one);
		g_string_assign(member, text);
		g_string_replace(member, "{\"a\":{\"hashes\"", "{\"a\":{ \"hashes\"", 0);
		only_file(member->str, &other);
		g_assert_true((one != NULL) == (other != NULL));
		accepted += one != NULL;
	}
	g_assert_cmpuint(accepted, >, 0);
	g_assert_cmpuint(accepted, <, PV_JSON_DEPTH_MAX);
}

/* Every length and many bytes, there and back, as GLib spells them. */
static void test_base64(void)
{
	for (gsize size = 0; size < 70; size++) {
		gsize length = (size + 2) / 3 * 4, found = 99;
		g_autofree guint8 *data = g_malloc(size);
		g_autofree guint8 *back = g_malloc(size);
		g_autofree char *text = g_malloc(length);
		g_autofree char *expected = NULL;

		for (gsize i = 0; i < size; i++)
			data[i] = (guint8)g_test_rand_int();
		expected = g_base64_encode(data, size);
		pv_base64_encode(data, size, text);
		g_assert_cmpmem(text, length, expected, strlen(expected));
		g_assert_true(pv_base64_size(text, length, &found));
		g_assert_cmpuint(found, ==, size);
		g_assert_true(pv_base64_is_valid(text, size));
		g_assert_true(pv_base64_decode(text, back, size));
		g_assert_cmpmem(back, size, data, size);
		if (size == 0)
			continue;
		text[g_test_rand_int_range(0, (gint32)size)] = '-';
		g_assert_false(pv_base64_is_valid(text, size));
		g_assert_false(pv_base64_decode(text, back, size));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tuf/plain-meta/agrees", test_agrees);
	g_test_add_func("/tuf/plain-meta/hostile", test_hostile);
	g_test_add_func("/tuf/plain-meta/canonical", test_canonical);
	g_test_add_func("/tuf/plain-meta/depth", test_depth);
	g_test_add_func("/tuf/plain-meta/base64", test_base64);
	return g_test_run();
}

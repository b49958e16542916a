/* SPDX-License-Identifier: Apache-2.0 */

/* Cutting: whole, within its bounds, and the same away from a change. */

#include "store/pieces.h"

#include <string.h>

/* Fixed noise in the alphabet of base64, as metadata mostly is. */
static char *noise(gsize size)
{
	char *text = g_malloc(size + 1);
	guint32 state = 1;

	for (gsize i = 0; i < size; i++) {
		state = state * 1664525 + 1013904223;
		text[i] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[state >>
											   26];
	}
	text[size] = '\0';
	return text;
}

static void check_cover(const char *data, gsize size, const GArray *pieces)
{
	gsize at = 0;

	for (guint i = 0; i < pieces->len; i++) {
		const PvPiece *piece = &g_array_index(pieces, PvPiece, i);
		PvDigest digest = pv_digest_of(PV_HASH_SHA256, data + at, piece->size);

		g_assert_cmpuint(piece->offset, ==, at);
		g_assert_cmpuint(piece->size, <=, PV_PIECE_BYTES_MAX);
		if (i + 1 < pieces->len)
			g_assert_cmpuint(piece->size, >=, PV_PIECE_BYTES_MIN);
		g_assert_true(pv_digest_equal(&digest, &piece->sha256));
		at += piece->size;
	}
	g_assert_cmpuint(at, ==, size);
}

static void test_bounds(void)
{
	static const gsize sizes[] = { 0,
				       1,
				       PV_PIECE_BYTES_MIN,
				       PV_PIECE_BYTES_MAX - 1,
				       PV_PIECE_BYTES_MAX,
				       PV_PIECE_BYTES_MAX + 1,
				       PV_PIECE_BYTES_MAX + PV_PIECE_BYTES_MIN - 1,
				       1000000 };
	g_autofree char *data = noise(1000000);

	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(GArray) pieces = pv_pieces_split(data, sizes[i]);

		check_cover(data, sizes[i], pieces);
		if (sizes[i] <= PV_PIECE_BYTES_MAX)
			g_assert_cmpuint(pieces->len, ==, 1);
		else
			g_assert_cmpuint(pieces->len, >, 1);
	}
}

/* What never says where to cut is cut at the largest size. */
static void test_monotony(void)
{
	g_autofree char *data = g_malloc0(10 * PV_PIECE_BYTES_MAX + 1);
	g_autoptr(GArray) pieces = pv_pieces_split(data, 10 * PV_PIECE_BYTES_MAX + 1);

	check_cover(data, 10 * PV_PIECE_BYTES_MAX + 1, pieces);
	g_assert_cmpuint(pieces->len, ==, 11);
}

static guint common_pieces(const GArray *left, const GArray *right)
{
	guint count = 0;

	for (guint i = 0; i < left->len; i++) {
		for (guint j = 0; j < right->len; j++) {
			if (pv_digest_equal(&g_array_index(left, PvPiece, i).sha256,
					    &g_array_index(right, PvPiece, j).sha256)) {
				count++;
				break;
			}
		}
	}
	return count;
}

static void test_insertion(void)
{
	g_autofree char *before = noise(2000000);
	g_autoptr(GString) after = g_string_new(before);
	g_autoptr(GArray) left = pv_pieces_split(before, 2000000);
	g_autoptr(GArray) right = NULL;

	g_string_insert(after, 1234567, "one more tag");
	right = pv_pieces_split(after->str, after->len);
	check_cover(after->str, after->len, right);
	g_assert_cmpuint(left->len, >, 60);
	g_assert_cmpuint(left->len, <, 160);
	g_assert_cmpuint(common_pieces(left, right), >=, left->len - 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/pieces/bounds", test_bounds);
	g_test_add_func("/store/pieces/monotony", test_monotony);
	g_test_add_func("/store/pieces/insertion", test_insertion);
	return g_test_run();
}

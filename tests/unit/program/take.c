/* SPDX-License-Identifier: Apache-2.0 */

/* The limits of taking a repository over; what is taken is tested with real servers in
 * tests/interop/adopt*.bats. */

#include "program/adopt/take.h"

#include <string.h>

#include "../tuf/simulator.h"
#include "base/error.h"
#include "base/limits.h"

/* Root 3 with the two before it. */
static Simulator *three_roots(void)
{
	Simulator *simulator = simulator_new();

	for (guint i = 0; i < 2; i++) {
		simulator->root.version++;
		simulator_publish_root(simulator, NULL);
	}
	simulator_publish(simulator);
	return simulator;
}

/* White space behind a file is no part of what is signed. */
static void pad(Simulator *simulator, const char *name, gsize size)
{
	GBytes *file = g_hash_table_lookup(simulator->files, name);
	gsize length;
	const char *data = g_bytes_get_data(file, &length);
	char *padded = g_malloc(size);

	memset(padded, ' ', size);
	memcpy(padded, data, MIN(length, size));
	g_hash_table_insert(simulator->files, g_strdup(name), g_bytes_new_take(padded, size));
}

/* The sum counts: neither root alone is over the limit. */
static void test_former_roots(void)
{
	g_autoptr(Simulator) simulator = three_roots();
	const PvTufRemote remote = simulator_remote(simulator);
	gsize half = PV_FORMER_ROOTS_BYTES_MAX / 2;

	pad(simulator, "1.root", half);
	for (gsize size = half - 1; size <= half + 1; size++) {
		g_auto(PvTaken) taken = { 0 };
		g_autoptr(GError) error = NULL;
		gboolean done;

		pad(simulator, "2.root", size);
		done = pv_take_repository(&remote, simulator->gun, NULL, NULL, &taken, &error);
		if (size <= half) {
			g_assert_no_error(error);
			g_assert_true(done);
			g_assert_cmpuint(taken.roots, ==, 3);
			g_assert_cmpuint(taken.bytes, >, half + size);
		} else {
			g_assert_false(done);
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
			g_assert_nonnull(strstr(error->message, "former roots have more than the "
								"67108864 bytes"));
			g_assert_null(taken.notes);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/program/take/former-roots", test_former_roots);
	return g_test_run();
}

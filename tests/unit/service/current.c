/* SPDX-License-Identifier: Apache-2.0 */

/* Answers kept in memory: found only under their path and in their generation, bounded in bytes. */

#include "service/current.h"

#include <string.h>

static PvReadyAnswer *answer_of(gsize size, char fill)
{
	g_autofree char *text = g_strnfill(size, fill);
	g_autoptr(GBytes) body = g_bytes_new(text, size);
	const char *headers[] = { "Last-Modified", "x", NULL };

	return pv_ready_answer_new("application/json", body, "\"tag\"", headers);
}

static void test_generation(void)
{
	g_autoptr(PvCurrent) current = pv_current_new(1 << 20);
	g_autoptr(PvReadyAnswer) answer = answer_of(100, 'a');
	g_autoptr(PvReadyAnswer) same = NULL;

	g_assert_null(pv_current_get(current, "/a", 7));
	pv_current_put(current, "/a", answer, 0); /* nothing is known: nothing is kept */
	g_assert_null(pv_current_get(current, "/a", 7));
	pv_current_put(current, "/a", answer, 7);
	same = pv_current_get(current, "/a", 7);
	g_assert_true(same == answer);
	g_assert_null(pv_current_get(current, "/b", 7));
	g_assert_null(pv_current_get(current, "/a", 8)); /* changed: gone for good */
	g_assert_null(pv_current_get(current, "/a", 7));
	pv_current_put(current, "/a", answer, 8);
	g_assert_null(pv_current_get(current, "/a", 0));
}

static void test_bound(void)
{
	gsize max = 64 * 1024;
	g_autoptr(PvCurrent) current = pv_current_new(max);
	guint kept = 0;

	for (guint i = 0; i < 1000; i++) {
		g_autofree char *path = g_strdup_printf("/%u", i);
		g_autoptr(PvReadyAnswer) answer = answer_of(1000, 'x');
		g_autoptr(PvReadyAnswer) first = NULL;

		pv_current_put(current, path, answer, 1);
		first = pv_current_get(current, "/0", 1); /* used all the time: it stays */
		g_assert_nonnull(first);
	}
	for (guint i = 0; i < 1000; i++) {
		g_autofree char *path = g_strdup_printf("/%u", i);
		g_autoptr(PvReadyAnswer) answer = pv_current_get(current, path, 1);

		kept += answer != NULL;
	}
	g_assert_cmpuint(kept, >, 10);
	g_assert_cmpuint(kept * 1000, <, max);
}

/* The largest that is kept is a quarter: one large answer must not push out all others. */
static void test_largest(void)
{
	gsize max = 1 << 20, share = max / 4;
	g_autoptr(PvReadyAnswer) empty = answer_of(0, 'x');
	gsize overhead = pv_ready_answer_size(empty);

	for (gsize slack = 0; slack < 400; slack += 1) {
		g_autoptr(PvCurrent) current = pv_current_new(max);
		g_autoptr(PvReadyAnswer) answer = answer_of(share - overhead - slack, 'x');
		g_autoptr(PvReadyAnswer) found = NULL;

		pv_current_put(current, "/large", answer, 1);
		found = pv_current_get(current, "/large", 1);
		if (slack == 0)
			g_assert_null(found);
		if (slack == 399)
			g_assert_nonnull(found);
	}
}

typedef struct {
	PvCurrent *current;
	guint seed;
} Work;

static void *hammer(void *data)
{
	Work *work = data;
	g_autoptr(GRand) random = g_rand_new_with_seed(work->seed);

	for (guint i = 0; i < 20000; i++) {
		guint number = g_rand_int_range(random, 0, 26);
		g_autofree char *path = g_strdup_printf("/%u", number);
		guint64 generation = g_rand_int_range(random, 1, 3);
		g_autoptr(PvReadyAnswer) found = pv_current_get(work->current, path, generation);
		g_autoptr(PvReadyAnswer) made = found ? NULL : answer_of(64, 'a' + number);

		if (made)
			pv_current_put(work->current, path, made, generation);
	}
	return NULL;
}

static void test_threads(void)
{
	g_autoptr(PvCurrent) current = pv_current_new(40 * 1024);
	GThread *threads[4];
	Work work[4];

	for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
		work[i] = (Work){ current, i };
		threads[i] = g_thread_new("hammer", hammer, &work[i]);
	}
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	g_assert_null(pv_current_get(current, "/none", 1));
}

static void test_if_none_match(void)
{
	static const struct {
		const char *header;
		gboolean matches;
	} cases[] = {
		{ NULL, FALSE },       { "", FALSE },      { "\"tag\"", TRUE },
		{ "W/\"tag\"", TRUE }, { "*", TRUE },      { "\"a\", \"tag\"", TRUE },
		{ "\"a\"", FALSE },    { "\"tag", FALSE }, { "tag", FALSE },
		{ "\"tag\"x", FALSE }, { ",,\t*", TRUE },  { "\"a\" \"tag\"", FALSE },
		{ "\"tag\" ,", TRUE },
	};
	g_autoptr(PvReadyAnswer) answer = answer_of(10, 'x');

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		if (pv_ready_answer_matches(answer, cases[i].header) != cases[i].matches)
			g_error("%s", cases[i].header);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/service/current/generation", test_generation);
	g_test_add_func("/service/current/bound", test_bound);
	g_test_add_func("/service/current/largest", test_largest);
	g_test_add_func("/service/current/threads", test_threads);
	g_test_add_func("/service/current/if-none-match", test_if_none_match);
	return g_test_run();
}

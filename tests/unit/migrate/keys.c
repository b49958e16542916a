/* SPDX-License-Identifier: Apache-2.0 */

/* Rows of private_keys as notary-signer 0.7.0 wrote them, and rows that are not as they should be. */

#include "migrate/keys.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/jwe.h"
#include "recorder.h"

static const char passphrase[] = "the signer passphrase";

/* What one row says; members that are NULL are NULL there. */
typedef struct {
	const char *id, *algorithm, *alias, *public, *private, *gun, *role, *last_used, *deleted;
} Row;

static Row ecdsa = {
	.id = "66a1668434338e4a52eb502308f47a61bea4be0fb2dbea235d0ff844d04f63ba",
	.algorithm = "ecdsa",
	.alias = "first",
	.private =
		"eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMjU2R0NNIiwicDJjIjo4MTkyLCJwMnMiO"
		"iJPalBlS2prbUwxS0twMnlEIn0.EWsm5e4b3rh5zf5JkR2y2ZX4RKa4DYybk6uVvoKERa1LmC56XFdCuQ."
		"WhvLgPXzmbDgIT14.-Pt-P0wBIUeA9ZunyW0Pv4UFluUOja4FACPXkxYOXMfE5AFYPs_oZYGrMOsAVDSHF"
		"Tkmud16IW-oE6RGTy2GmLgVe97Fwxs9sg5iAC5cofzOgzhmyj-dz1dg_0UOH667aaj8Spl7lQjq1HAsFtW"
		"eA5UM2tDod7EWhQ.PDkou5zVDdGnX8l6NQPwNQ",
	.gun = "registry.example/team/app",
	.role = "timestamp",
	.last_used = "2026-11-25 14:22:50",
};

static const Row ed25519 = {
	.id = "0147831acfe2ddd11b0cdd726a7ab29e4fcecdb6fb80823e08f1f6bc0f8b98e4",
	.algorithm = "ed25519",
	.alias = "first",
	.public = "0xac4d201fe654810ce97ddda0cf7cc329f36d194a1cebae2f5e49498f0e366630",
	.private =
		"eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMjU2R0NNIiwicDJjIjo4MTkyLCJwMnMiO"
		"iIwZXk1bEZFd3JLTi0zMDRGIn0.L-_4LAeTLW5wRQmeBYCnuY4j2OgZl7srrg_h3Cei08NSjsUspN8qvA."
		"bAwmFypLRVafcZEo.SgPHtVHVNeo9ZHmJCVtj6jzVKCPmzuSDb7eNs900oJmIvIuFbK_JV_WOKxNxk1nPL"
		"tyzENTAiF0GsYuC55oJzEMiz0mR9k-rNHDEU0lmDwAWDB5XMmcTv4aU0MPNKlkk."
		"HMSIeh3TNyBSKxBG_ePlFA",
	.gun = "registry.example/team/app",
	.role = "snapshot",
	.last_used = "2026-11-25 14:22:50",
};

/* --- rows as a dump ----------------------------------------------------------------------- */

static void append_value(GString *text, const char *value, const char *separator)
{
	if (!value)
		g_string_append(text, "NULL");
	else if (g_str_has_prefix(value, "0x"))
		g_string_append(text, value);
	else
		g_string_append_printf(text, "'%s'", value);
	g_string_append(text, separator);
}

static void append_row(GString *text, const Row *row, gboolean is_old)
{
	g_string_append(text, "INSERT INTO `private_keys` (`key_id`, `keywrap_alg`, "
			      "`encryption_alg`, `algorithm`, `passphrase_alias`, `public`, ");
	g_string_append(text,
			is_old ? "`private`) VALUES ("
			       : "`gun`, `role`, `last_used`, `deleted_at`, `private`) VALUES (");
	append_value(text, row->id, ", 'PBES2-HS256+A128KW', 'A256GCM', ");
	append_value(text, row->algorithm, ", ");
	append_value(text, row->alias, ", ");
	append_value(text, row->public, ", ");
	if (!is_old) {
		append_value(text, row->gun, ", ");
		append_value(text, row->role, ", ");
		append_value(text, row->last_used, ", ");
		append_value(text, row->deleted, ", ");
	}
	append_value(text, row->private, ");\n");
}

typedef struct {
	Recorder *recorder;
	GPtrArray *taken; /* char*: "GUN ROLE ID pending" */
	const char *word; /* of alias first */
	gboolean is_full;
} Lab;

static void lab_clear(Lab *lab)
{
	recorder_free(lab->recorder);
	g_ptr_array_unref(lab->taken);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lab, lab_clear)

static Lab lab_new(void)
{
	return (Lab){ .recorder = recorder_new(),
		      .taken = g_ptr_array_new_with_free_func(g_free),
		      .word = passphrase };
}

static gboolean take(void *data, const char *gun, const char *role, const PvPrivateKey *key,
		     gboolean is_pending, GError **error)
{
	Lab *lab = data;

	if (lab->is_full)
		return pv_fail(error, PV_ERROR_IO, "no space left");
	g_ptr_array_add(lab->taken, g_strdup_printf("%s %s %.8s%s", gun, role,
						    pv_public_key_id(pv_private_key_public(key)),
						    is_pending ? " pending" : ""));
	return TRUE;
}

static gboolean migrate_text(Lab *lab, const char *text, GError **error)
{
	g_autofree char *path = recorder_dump(lab->recorder, text);

	g_unsetenv("NOTARY_SIGNER_FIRST");
	if (lab->word)
		g_setenv("NOTARY_SIGNER_FIRST", lab->word, TRUE);
	return pv_migrate_signer_keys(path, &lab->recorder->listener, take, lab, error);
}

static void migrate(Lab *lab, const Row *row)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	append_row(text, row, FALSE);
	migrate_text(lab, text->str, &error);
	g_assert_no_error(error);
}

/* One row is told as @told and not taken. */
static void refuse(const Row *row, const char *told)
{
	g_auto(Lab) lab = lab_new();

	migrate(&lab, row);
	recorder_check(lab.recorder, (const char *const[]){ told, NULL });
	g_assert_cmpuint(lab.taken->len, ==, 0);
}

/* The public key of the ECDSA row, which its private one gives. */
static char *ecdsa_public(void)
{
	g_autoptr(PvSecret) word = pv_secret_new_copy(passphrase, strlen(passphrase));
	g_autoptr(GError) error = NULL;
	g_autoptr(PvSecret) der = pv_jwe_open(ecdsa.private, strlen(ecdsa.private), word, &error);
	g_autoptr(PvPrivateKey) key = NULL;
	gsize size;
	const void *bytes;

	g_assert_no_error(error);
	key = pv_private_key_new_der((const guint8 *)der->data, der->size, &error);
	g_assert_no_error(error);
	bytes = g_bytes_get_data(pv_public_key_encoded(pv_private_key_public(key)), &size);
	return recorder_hex(bytes, size);
}

/* --- tests -------------------------------------------------------------------------------- */

static void test_taken(void)
{
	g_auto(Lab) lab = lab_new();
	Row pending = ecdsa, deleted = ed25519;

	pending.last_used = NULL;
	deleted.deleted = "2026-11-25 14:22:50";
	migrate(&lab, &ecdsa);
	g_assert_null(g_getenv("NOTARY_SIGNER_FIRST"));
	migrate(&lab, &ed25519);
	migrate(&lab, &pending);
	g_assert_cmpuint(lab.recorder->progress, ==, 3);
	migrate(&lab, &deleted);
	recorder_check(lab.recorder,
		       (const char *const[]){ "registry.example/team/app timestamp 66a16684: taken",
					      "registry.example/team/app snapshot 0147831a: taken",
					      "registry.example/team/app timestamp 66a16684: taken",
					      "note: pending: made, and not used yet", NULL });
	g_assert_cmpuint(lab.taken->len, ==, 3);
	g_assert_cmpstr(lab.taken->pdata[0], ==, "registry.example/team/app timestamp 66a16684");
	g_assert_cmpstr(lab.taken->pdata[1], ==, "registry.example/team/app snapshot 0147831a");
	g_assert_cmpstr(lab.taken->pdata[2], ==,
			"registry.example/team/app timestamp 66a16684 pending");
}

/* A dry run does all but keep them; a keeper that fails ends it. */
static void test_keeper(void)
{
	g_auto(Lab) lab = lab_new();
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;

	append_row(text, &ecdsa, FALSE);
	append_row(text, &ed25519, FALSE);
	path = recorder_dump(lab.recorder, text->str);
	g_setenv("NOTARY_SIGNER_FIRST", passphrase, TRUE);
	pv_migrate_signer_keys(path, &lab.recorder->listener, NULL, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(lab.recorder->told->len, ==, 2);
	lab.is_full = TRUE;
	g_assert_false(migrate_text(&lab, text->str, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_IO);
	g_assert_cmpuint(lab.recorder->told->len, ==, 2);
}

static void test_passphrase(void)
{
	g_auto(Lab) lab = lab_new();
	Row other = ecdsa;

	lab.word = "another passphrase";
	migrate(&lab, &ecdsa);
	lab.word = NULL;
	migrate(&lab, &ecdsa);
	lab.word = passphrase;
	other.alias = "Second_1";
	migrate(&lab, &other);
	recorder_check(
		lab.recorder,
		(const char *const[]){
			"registry.example/team/app timestamp 66a16684: alias first: ",
			"registry.example/team/app timestamp 66a16684: it is encrypted under alias "
			"first; set NOTARY_SIGNER_FIRST to its passphrase",
			"registry.example/team/app timestamp 66a16684: it is encrypted under alias "
			"Second_1; set NOTARY_SIGNER_SECOND_1 to its passphrase",
			NULL });
	g_assert_cmpuint(lab.taken->len, ==, 0);
}

#define WHO "registry.example/team/app timestamp 66a16684: "

static void test_rows(void)
{
	Row row = ecdsa;

	row.private = NULL;
	refuse(&row, WHO "its row has no private key");
	row.private = "a.b.c.d.e";
	refuse(&row, WHO "alias first: ");
	row = ecdsa;
	row.public = ed25519.public;
	refuse(&row, WHO);
	row.public = NULL;
	refuse(&row, WHO "its row has no public key");
	row = ecdsa;
	row.algorithm = "dsa";
	refuse(&row, WHO);
	row.algorithm = NULL;
	refuse(&row, WHO "its row lacks key_id, algorithm or passphrase_alias");
	row = ecdsa;
	row.alias = NULL;
	refuse(&row, WHO "its row lacks key_id, algorithm or passphrase_alias");
	/* The row of one key, the private half of another; an id that is of neither. */
	row = ed25519;
	row.private = ecdsa.private;
	refuse(&row, "registry.example/team/app snapshot 0147831a: the private key of its row "
		     "belongs to another id, 66a16684");
	row = ecdsa;
	row.id = ed25519.id;
	refuse(&row, "registry.example/team/app timestamp 0147831a: the public key of its row has "
		     "another id, 66a16684");
	row.id = "66a16684";
	refuse(&row, WHO "its row lacks key_id");
	row.id = NULL;
	refuse(&row, "registry.example/team/app timestamp : its row lacks key_id");
	row = ecdsa;
	row.role = "targets";
	refuse(&row, "registry.example/team/app targets 66a16684: role targets: a server keeps");
	row.role = NULL;
	refuse(&row, "registry.example/team/app  66a16684: its row names no repository and role");
}

/* notary-signer before 0.4 did not write down whose a key is. */
static void test_old_schema(void)
{
	g_auto(Lab) lab = lab_new();
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	append_row(text, &ecdsa, TRUE);
	migrate_text(&lab, text->str, &error);
	g_assert_no_error(error);
	recorder_check(lab.recorder,
		       (const char *const[]){ "  66a16684: its row names no repository and role",
					      NULL });
	g_assert_false(
		migrate_text(&lab, "INSERT INTO `private_keys` (`key_id`) VALUES ('a');", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
}

static void test_limits(void)
{
	for (gsize size = PV_GUN_BYTES_MAX - 1; size <= PV_GUN_BYTES_MAX + 1; size++) {
		g_auto(Lab) lab = lab_new();
		g_autofree char *gun = g_strnfill(size, 'g');
		Row row = ecdsa;

		row.gun = gun;
		migrate(&lab, &row);
		g_assert_cmpuint(lab.taken->len, ==, size > PV_GUN_BYTES_MAX ? 0 : 1);
		if (size > PV_GUN_BYTES_MAX)
			recorder_check(lab.recorder,
				       (const char *const[]){
					       " timestamp 66a16684: its row names no repository",
					       NULL });
	}
	for (gsize size = PV_ROLE_NAME_BYTES_MAX - 1; size <= PV_ROLE_NAME_BYTES_MAX + 1; size++) {
		g_autofree char *role = g_strnfill(size, 'r');
		g_autofree char *told =
			size > PV_ROLE_NAME_BYTES_MAX
				? g_strdup("registry.example/team/app  66a16684: its row names no")
				: g_strdup_printf("registry.example/team/app %s 66a16684: role %s: "
						  "a server keeps keys of",
						  role, role);
		Row row = ecdsa;

		row.role = role;
		refuse(&row, told);
	}
	for (gsize size = PV_PUBLIC_KEY_BYTES_MAX - 1; size <= PV_PUBLIC_KEY_BYTES_MAX + 1;
	     size++) {
		g_autofree char *public = g_strnfill(size, 'p');
		g_auto(Lab) lab = lab_new();
		Row row = ecdsa;

		row.public = public;
		migrate(&lab, &row);
		g_assert_cmpuint(lab.recorder->told->len, ==, 1);
		g_assert_true(!!strstr(lab.recorder->told->pdata[0], "no public key") ==
			      (size > PV_PUBLIC_KEY_BYTES_MAX));
	}
}

int main(int argc, char **argv)
{
	g_autofree char *public = NULL;

	g_test_init(&argc, &argv, NULL);
	ecdsa.public = public = ecdsa_public();
	g_test_add_func("/migrate/keys/taken", test_taken);
	g_test_add_func("/migrate/keys/keeper", test_keeper);
	g_test_add_func("/migrate/keys/passphrase", test_passphrase);
	g_test_add_func("/migrate/keys/rows", test_rows);
	g_test_add_func("/migrate/keys/old-schema", test_old_schema);
	g_test_add_func("/migrate/keys/limits", test_limits);
	return g_test_run();
}

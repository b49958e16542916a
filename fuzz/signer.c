/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program/signer/answer: what comes over the signer's socket, asked of keys in a directory of their
 * own, which is removed. In the place of a key id 64 zeroes stand for that of a key which is held.
 */
#include "program/signer/answer.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "service/signer_protocol.h"

#define PLACEHOLDER "0000000000000000000000000000000000000000000000000000000000000000"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One for the whole run: to make keys is slow. */
static const PvPrivateKey *held_key(void)
{
	static PvPrivateKey *key;

	if (!key)
		key = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	g_assert_nonnull(key);
	return key;
}

/* Each second one has never been used to sign. */
static void hold_key(PvSignerKeys *keys, PvMessage *question, guint number)
{
	const char *id = pv_public_key_id(pv_private_key_public(held_key()));
	g_autofree char *gun = pv_message_text(question, 0);
	g_autofree char *role = pv_message_text(question, 1);
	gboolean good =
		gun && (g_strcmp0(role, "timestamp") == 0 || g_strcmp0(role, "snapshot") == 0);

	for (guint i = 2; good && i < question->fields->len; i++) {
		g_autofree char *text = pv_message_text(question, i);

		if (g_strcmp0(text, PLACEHOLDER) != 0)
			continue;
		pv_signer_keys_add(keys, gun, role, held_key(), number % 2, NULL);
		g_bytes_unref(question->fields->pdata[i]);
		question->fields->pdata[i] = g_bytes_new(id, strlen(id));
	}
}

/* Nothing but the `signed` object of the role that was asked for is ever signed. */
static void check_signed(const PvMessage *question, const PvMessage *answer)
{
	g_autofree char *role = pv_message_text(question, 1);
	const char *opening = g_strcmp0(role, "timestamp") == 0 ? "{\"_type\":\"Timestamp\","
								: "{\"_type\":\"Snapshot\",";
	gsize size;
	const char *content = g_bytes_get_data(pv_message_field(question, 2), &size);

	g_assert_cmpuint(question->kind, ==, PV_SIGNER_SIGN);
	g_assert_cmpuint(size, >=, strlen(opening));
	g_assert_cmpint(memcmp(content, opening, strlen(opening)), ==, 0);
	g_assert_nonnull(pv_message_field(answer, 2));
}

static void answer_all(int fd, PvSignerKeys *keys)
{
	for (guint number = 0;; number++) {
		g_autoptr(PvMessage) question =
			pv_message_receive(fd, PV_SIGNER_MESSAGE_BYTES_MAX, NULL);
		g_autoptr(PvMessage) answer = NULL;
		g_autofree char *first = NULL;

		if (!question)
			return;
		hold_key(keys, question, number);
		answer = pv_signer_answer(keys, question);
		g_assert_nonnull(answer);
		g_assert_cmpuint(answer->kind, >=, PV_SIGNER_PUBLIC);
		g_assert_cmpuint(answer->kind, <=, PV_SIGNER_FAILED);
		first = pv_message_text(answer, 0);
		g_assert_true(answer->kind != PV_SIGNER_FAILED || first != NULL);
		if (answer->kind == PV_SIGNER_SIGNED)
			check_signed(question, answer);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *directory = NULL;
	g_autoptr(PvSignerKeys) keys = NULL;
	int pair[2];

	if (size > 60000 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 0;
	directory = g_dir_make_tmp("pavise-fuzz-XXXXXX", NULL);
	g_assert_nonnull(directory);
	keys = pv_signer_keys_open(directory, pv_secret_new_copy("passphrase", 10), NULL, NULL);
	g_assert_nonnull(keys);
	g_assert_cmpint(send(pair[0], data, size, MSG_NOSIGNAL), ==, (gssize)size);
	close(pair[0]);
	answer_all(pair[1], keys);
	close(pair[1]);
	g_assert_true(pv_file_remove_tree(directory, NULL));
	return 0;
}

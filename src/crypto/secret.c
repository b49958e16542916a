/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Secrets in memory: OpenSSL's secure heap (locked, guarded, left out of core dumps, wiped on
 * free), and the ways a passphrase comes in: environment and terminal.
 */

#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"

#define HEAP_BYTES  (256 * 1024)
#define BLOCK_BYTES 32

/* Done once, before any thread: the heap that secrets and OpenSSL's private keys share. */
static void prepare_heap(void)
{
	static gsize ready;

	if (g_once_init_enter(&ready)) {
		CRYPTO_secure_malloc_init(HEAP_BYTES, BLOCK_BYTES);
		g_once_init_leave(&ready, 1);
	}
}

PvSecret *pv_secret_new(gsize size)
{
	PvSecret *secret = g_new0(PvSecret, 1);

	prepare_heap();
	secret->size = size;
	secret->data = OPENSSL_secure_zalloc(size + 1);
	if (!secret->data)
		g_error("crypto: no locked memory for a secret of %zu bytes", size);
	return secret;
}

PvSecret *pv_secret_new_copy(const void *data, gsize size)
{
	PvSecret *secret = pv_secret_new(size);

	if (size > 0)
		memcpy(secret->data, data, size);
	return secret;
}

void pv_secret_free(PvSecret *secret)
{
	if (!secret)
		return;
	OPENSSL_secure_clear_free(secret->data, secret->size + 1);
	g_free(secret);
}

gboolean pv_secret_equal(const PvSecret *a, const PvSecret *b)
{
	return a->size == b->size && CRYPTO_memcmp(a->data, b->data, a->size) == 0;
}

void pv_secret_protect_process(void)
{
	struct rlimit none = { 0, 0 };

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	prepare_heap();
}

PvSecret *pv_secret_take_environment(const char *name)
{
	const char *value = g_getenv(name);
	PvSecret *secret;

	if (!value || !*value)
		return NULL;
	secret = pv_secret_new_copy(value, strnlen(value, PV_PASSPHRASE_BYTES_MAX));
	OPENSSL_cleanse((void *)value, strlen(value));
	g_unsetenv(name);
	return secret;
}

/* One line from @fd into @line, without its newline; FALSE at the end of input. */
static gboolean read_line(int fd, PvSecret *line)
{
	gsize length = 0;

	while (length < line->size) {
		char c;
		ssize_t got = read(fd, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 && length == 0)
			return FALSE;
		if (got <= 0 || c == '\n')
			break;
		line->data[length++] = c;
	}
	line->data[length] = '\0';
	line->size = length;
	return TRUE;
}

PvSecret *pv_secret_prompt(const char *prompt, const char *instead, GError **error)
{
	g_autoptr(PvSecret) line = NULL;
	struct termios before, silent;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	gboolean got;

	if (tty < 0 || tcgetattr(tty, &before) < 0) {
		if (tty >= 0)
			close(tty);
		return pv_fail_null(error, PV_ERROR_PASSPHRASE,
				    "no terminal to ask for the %s; give it by %s", prompt,
				    instead);
	}
	line = pv_secret_new(PV_PASSPHRASE_BYTES_MAX);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	tcsetattr(tty, TCSAFLUSH, &silent);
	got = write(tty, prompt, strlen(prompt)) >= 0 && write(tty, ": ", 2) == 2 &&
	      read_line(tty, line);
	tcsetattr(tty, TCSAFLUSH, &before);
	if (write(tty, "\n", 1) < 0)
		got = FALSE;
	close(tty);
	if (!got)
		return pv_fail_null(error, PV_ERROR_PASSPHRASE, "no %s was entered", prompt);
	return g_steal_pointer(&line);
}

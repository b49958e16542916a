/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavised: the service (`pavise serve`). It holds the trust metadata and its own TLS key; signing
 * keys live in pavise-signer, which it starts and never sees into.
 */

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/account.h"
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "config.h"
#include "crypto/secret.h"
#include "program/daemon/options.h"
#include "program/daemon/signer_options.h"
#include "program/daemon/tls.h"
#include "service/http.h"
#include "service/trust_api.h"

#define PROGRAM     "pavise serve"
#define LARGE_BYTES (128 * 1024)
#define ARENAS      2

/* All that lives as long as the service, in the order in which it is made. */
typedef struct {
	PvAccount *user, *signer_user;
	PvServiceTls tls;
	PvAccess *access;
	int socket;
	PvSigner *signer;
	PvStore *store;
	PvTrustApi *api;
	PvHttpServer *server;
} Service;

static void service_clear(Service *service)
{
	pv_http_server_stop(service->server);
	pv_trust_api_free(service->api);
	pv_store_close(service->store);
	pv_signer_stop(service->signer);
	pv_access_free(service->access);
	pv_service_tls_clear(&service->tls);
	pv_account_free(service->user);
	pv_account_free(service->signer_user);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Service, service_clear)

/* The data directory belongs to one service at a time. */
static int lock_data(const char *data, GError **error)
{
	g_autofree char *path = g_build_filename(data, "lock", NULL);

	if (!pv_file_make_directory(data, 0700, error))
		return -1;
	return pv_file_lock(path, TRUE, error);
}

static void wait_for_end(const sigset_t *signals)
{
	int number;

	do {
		number = 0;
		sigwait(signals, &number);
	} while (number == SIGHUP);
}

static gboolean find_users(const PvServiceConfig *config, Service *service, GError **error)
{
	if (!config->user)
		return TRUE;
	if (getuid() != 0) {
		fprintf(stderr, "%s: not started by root: user and signer_user are passed over\n",
			PROGRAM);
		return TRUE;
	}
	service->user = pv_account_find(config->user, error);
	service->signer_user = service->user ? pv_account_find(config->signer_user, error) : NULL;
	if (!service->signer_user)
		return FALSE;
	if (service->user->uid == service->signer_user->uid)
		return pv_fail(error, PV_ERROR_USAGE,
			       "user and signer_user are both %s; the signer needs one of its own",
			       config->user);
	return TRUE;
}

/* The data directory for the one user, the keys in it (if they are here) for the other. */
static gboolean share_out(const Service *service, const char *data, const char *keys,
			  GError **error)
{
	if (keys && !pv_file_make_directory(keys, 0700, error))
		return FALSE;
	if (!service->user)
		return TRUE;
	/* The signer has to get through to its own directory; nobody can list this one. */
	if (chmod(data, 0711) != 0)
		return pv_fail(error, PV_ERROR_IO, "cannot set the mode of %s", data);
	return (!keys || pv_account_own_tree(service->signer_user, keys, NULL, error)) &&
	       pv_account_own_tree(service->user, data, "signer", error);
}

static gboolean make_access(const PvServiceConfig *config, Service *service, GError **error)
{
	g_autoptr(GPtrArray) prefixes = g_ptr_array_new();
	g_autoptr(GBytes) bundle = NULL;
	PvAccessOptions options = { 0 };

	for (guint i = 0; i < config->gun_prefixes_count; i++)
		g_ptr_array_add(prefixes, config->gun_prefixes[i]);
	g_ptr_array_add(prefixes, NULL);
	options.gun_prefixes = (const char *const *)prefixes->pdata;
	if (g_strcmp0(config->auth.type, "token") == 0) {
		if (!config->auth.rootcertbundle)
			return pv_fail(
				error, PV_ERROR_USAGE,
				"auth type token needs the options realm, service, issuer and "
				"rootcertbundle");
		bundle = pv_file_read(config->auth.rootcertbundle, PV_MIB, error);
		if (!bundle)
			return FALSE;
		options.realm = config->auth.realm;
		options.service = config->auth.service;
		options.issuer = config->auth.issuer;
		options.authorities = bundle;
	}
	service->access = pv_access_new(&options, error);
	return service->access != NULL;
}

/* All that may need root: files of the machine, a low port, other users' processes. */
static gboolean prepare(const PvServeOptions *options, const char *keys, Service *service,
			GError **error)
{
	const PvServiceConfig *config = options->config;

	if (!find_users(config, service, error) || !make_access(config, service, error))
		return FALSE;
	if (!config->tls.is_off &&
	    !pv_service_tls_load(&config->tls, config->data, options->host, &service->tls, error))
		return FALSE;
	if (!share_out(service, config->data, config->signer.address ? NULL : keys, error))
		return FALSE;
	service->socket = pv_http_server_listen(options->host, options->port, error);
	if (service->socket < 0)
		return FALSE;
	service->signer = config->signer.address
				  ? pv_signer_options_connect(&config->signer, error)
				  : pv_signer_start(&(PvSignerStart){ keys, service->signer_user,
								      config->signer.token,
								      config->signer.pin_source },
						    error);
	/* One that cannot reach its token has said why. */
	return service->signer &&
	       (!config->signer.token || pv_signer_check(service->signer, error));
}

static gboolean give_up_root(const Service *service, GError **error)
{
	int why = service->user ? pv_account_become(service->user) : 0;

	if (why != 0)
		return pv_fail_errno(error, why, "cannot become user %s", service->user->name);
	pv_secret_protect_process(); /* becoming another user undoes it */
	return TRUE;
}

static gboolean start(const PvServeOptions *options, Service *service, GError **error)
{
	const PvServiceConfig *config = options->config;
	PvStoreOptions store_options = pv_service_config_store_options(config);
	PvTrustApiOptions api_options = PV_TRUST_API_DEFAULTS;
	PvServerOptions server_options = { service->socket, service->tls.certificate,
					   service->tls.key, service->tls.client_ca };

	service->store = pv_store_open(config->store ? config->store : "sqlite", config->data,
				       &store_options, error);
	if (!service->store)
		return FALSE;
	api_options.access = service->access;
	api_options.current_max_age_s = config->caching.current_metadata;
	api_options.consistent_max_age_s = config->caching.consistent_metadata;
	service->api = pv_trust_api_new(service->store, service->signer, &api_options);
	service->server =
		pv_http_server_start(&server_options, pv_trust_api_handler(service->api), error);
	return service->server != NULL;
}

static gboolean serve(const PvServeOptions *options, GError **error)
{
	const char *data = options->config->data;
	const char *scheme = options->config->tls.is_off ? "http" : "https";
	g_autofree char *keys = g_build_filename(data, "signer", NULL);
	g_auto(Service) service = { 0 };
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);

	if (!prepare(options, keys, &service, error) || !give_up_root(&service, error) ||
	    !start(options, &service, error))
		return FALSE;
	printf(strchr(options->host, ':') ? "ready %s://[%s]:%u\n" : "ready %s://%s:%u\n", scheme,
	       options->host, pv_http_server_port(service.server));
	fflush(stdout);
	wait_for_end(&signals);
	return TRUE;
}

static void tell(const PvServeOptions *options)
{
	const PvServiceConfig *config = options->config;

	if (options->is_data_default)
		fprintf(stderr, "%s: data in ./%s\n", PROGRAM, config->data);
	for (guint i = 0; config->notices && i < config->notices->len; i++)
		fprintf(stderr, "%s: %s\n", PROGRAM, (const char *)config->notices->pdata[i]);
	if (getuid() == 0 && !config->user)
		fprintf(stderr,
			"%s: started by root without configured users: service and signer are "
			"separate processes of one user\n",
			PROGRAM);
}

/*
 * Large buffers go back to the system when they are released: left alone, the C library learns from
 * the first large upload to keep such memory for ever, once for each thread.
 */
static void keep_small(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TRIM_THRESHOLD, 2 * LARGE_BYTES);
	mallopt(M_ARENA_MAX, ARENAS);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_auto(PvServeOptions) options = { 0 };
	int lock;

	pv_secret_protect_process();
	umask(077);
	keep_small();
	if (argc > 1) { /* the command's name */
		argv[1] = (char *)PROGRAM;
		argc--;
		argv++;
	}
	if (!pv_serve_options_parse(argc, argv, &options, &error)) {
		pv_terminal_fail(PROGRAM, error);
		return 2;
	}
	tell(&options);
	lock = lock_data(options.config->data, &error);
	if (lock < 0 || !serve(&options, &error))
		return pv_terminal_fail(PROGRAM, error);
	close(lock);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/attestation.h"
#include "crypto/secret.h"

/*
 * What a kind of token can do. Drivers run in pavise-token alone, which is a process of its own
 * because a vendor's module may crash, hang or lie. They never print and never ask a person
 * themselves: they do so through PvTokenPerson, whose other end is the command that started
 * pavise-token. A driver is a const struct in one file and one row of registry.c.
 */

typedef enum { PV_ORIGIN_UNKNOWN, PV_ORIGIN_GENERATED, PV_ORIGIN_IMPORTED } PvTokenOrigin;

/* A key on a token, or a place for one. */
typedef struct {
	char *uri;    /* complete: names one token and one place: "yubikey:serial=5;slot=9c" */
	char *token;  /* the token as a person knows it: "YubiKey 5 (serial 4242424)" */
	char *serial; /* of the token, as its maker writes it; NULL if it has none */
	PvPublicKey *public; /* NULL: no key, or one that cannot be read without the PIN */
	GBytes *certificate; /* DER, NULL if there is none */
	char *role;          /* the certificate's common name or the object's label; may be NULL */
	PvTokenOrigin origin;
	PvPinPolicy pin;
	PvTouchPolicy touch;
	char *unfinished; /* a half-made place: a sentence that says what is missing and what to
				 do; NULL if all is well */
} PvTokenKey;

PvTokenKey *pv_token_key_new(void);
void pv_token_key_free(PvTokenKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTokenKey, pv_token_key_free)

typedef enum {
	PV_SECRET_PIN,
	PV_SECRET_SO_PIN, /* PKCS#11's security officer */
	PV_SECRET_PUK,
	PV_SECRET_MANAGEMENT_KEY, /* hexadecimal digits */
	PV_SECRET_NEW_PIN,
	PV_SECRET_NEW_PUK
} PvTokenSecret;

/* Why and for what a secret is asked. */
typedef struct {
	PvTokenSecret kind;
	const char *token;  /* as in PvTokenKey */
	const char *serial; /* may be NULL */
	int tries_left;     /* before the token locks itself; -1: the token does not say */
	gboolean is_retry;  /* the one given before was wrong */
} PvTokenPrompt;

/* The person at the other end. */
typedef struct {
	void *data;
	/*
	 * (transfer full): what was typed, or read from the source that was named on the command
	 * line. A source is read once; it is not asked when one try is left, nor after it was wrong
	 * (is_retry): then the answer is an error. Errors: PV_ERROR_PASSPHRASE.
	 */
	PvSecret *(*secret)(void *data, const PvTokenPrompt *prompt, GError **error);
	/* TRUE: the token waits for a finger now; FALSE: it no longer does. */
	void (*touch)(void *data, const char *token, gboolean is_awaited);
	/*
	 * For a driver: the token may wait for a finger from now until the next word, its policy is
	 * not known. Who asked is called once PV_TOKEN_QUIET_MS have passed without that word.
	 */
	void (*may_wait)(void *data, const char *token);
	void (*warn)(void *data, const char *sentence); /* "the PIN is still the factory's" */
} PvTokenPerson;

/* How a new key shall be. */
typedef struct {
	const char *role;     /* the certificate's common name: "root" */
	gint64 now_s, life_s; /* of the certificate: seconds since 1970, seconds */
	PvPinPolicy pin;      /* UNKNOWN: once */
	PvTouchPolicy touch;  /* UNKNOWN: always where the token can */
	gboolean replaces;    /* the place may hold a key already, which is lost */
	GBytes *imported;     /* PKCS#8 DER of P-256 to bring there; NULL: generated on the token */
} PvTokenRequest;

/* What a new token needs: PvTokenDriver.set_up() takes several, or'ed. */
typedef enum {
	PV_SETUP_PIN = 1, /* a new PIN; with the PUK if the PIN is blocked */
	PV_SETUP_PUK = 2,
	PV_SETUP_MANAGEMENT_KEY = 4 /* a random one, which the token keeps under the PIN */
} PvTokenSetup;

/* How far a token is from its factory. */
typedef struct {
	gboolean is_told; /* whether what follows, up to the tries, is known */
	gboolean pin_is_factory, puk_is_factory, management_key_is_factory;
	int pin_tries_left, puk_tries_left; /* -1: not told */
	gboolean keeps_management_key;      /* under the PIN */
} PvTokenStatus;

typedef struct PvTokenSession PvTokenSession; /* each driver's own */

typedef struct {
	const char *name;   /* "piv" */
	const char *about;  /* one line */
	const char *scheme; /* of its URIs: "yubikey:" */
	/*
	 * The attributes of a URI that name a place on a token, with a space between: "id object
	 * type". URIs that differ in them alone share a session.
	 */
	const char *places;
	/**
	 * open:
	 * @uri: untrusted: of @scheme; names a token, or none where one alone is present
	 * @person: outlives the session
	 *
	 * One session for a command; nothing on the token is changed, and no PIN is asked for.
	 * Errors: PV_ERROR_USAGE (the URI), PV_ERROR_NOT_FOUND (no such token: names those that are
	 * there), PV_ERROR_TOKEN (no pcscd, no module).
	 */
	PvTokenSession *(*open)(const char *uri, const PvTokenPerson *person, GError **error);
	void (*close)(PvTokenSession *session);
	/* (transfer full): PvTokenKey of each place that @uri matches and that holds something. */
	GPtrArray *(*list)(PvTokenSession *session, const char *uri, GError **error);
	/**
	 * make:
	 *
	 * Generates or imports a key and writes its certificate, signed by itself. Errors:
	 * PV_ERROR_EXISTS (occupied, and not @replaces), PV_ERROR_PASSPHRASE, PV_ERROR_UNSUPPORTED,
	 * PV_ERROR_KEY.
	 */
	PvTokenKey *(*make)(PvTokenSession *session, const char *uri, const PvTokenRequest *request,
			    GError **error);
	/**
	 * sign:
	 * @key: that must be there: another one is PV_ERROR_KEY, before any PIN is asked for
	 * @message: whole, not its hash
	 *
	 * Returns: (transfer full): as pv_private_key_sign() gives it (raw r||s of SHA-256 for P-256);
	 * checked against @key. Errors: PV_ERROR_PASSPHRASE (wrong PIN, blocked PIN),
	 * PV_ERROR_TOKEN (missed touch, removed token: each its own sentence).
	 */
	GBytes *(*sign)(PvTokenSession *session, const char *uri, const PvPublicKey *key,
			GBytes *message, GError **error);
	/**
	 * attest: NULL where tokens of this kind cannot
	 *
	 * Returns: (transfer full): GBytes, DER: the key's attestation, then the device's certificate.
	 * Errors: PV_ERROR_UNSUPPORTED (imported, or the token cannot).
	 */
	GPtrArray *(*attest)(PvTokenSession *session, const char *uri, GError **error);
	gboolean (*remove)(PvTokenSession *session, const char *uri, GError **error);
	/* The next two are NULL where tokens of this kind are set up with tools of their makers. */
	gboolean (*status)(PvTokenSession *session, PvTokenStatus *ret_status, GError **error);
	/**
	 * set_up:
	 * @what: of PvTokenSetup, or'ed
	 *
	 * Asks for the old secrets and the new ones; factory values are tried only if the person
	 * gives them, and not taken as new ones. Errors: PV_ERROR_PASSPHRASE, PV_ERROR_EXISTS (the
	 * place for the management key is taken).
	 */
	gboolean (*set_up)(PvTokenSession *session, guint what, GError **error);
} PvTokenDriver;

extern const PvTokenDriver pv_token_pkcs11, pv_token_piv;

/**
 * pv_token_driver_find:
 * @uri: untrusted
 *
 * Returns: (transfer none): the driver of its scheme. Errors: PV_ERROR_USAGE, naming the schemes.
 */
const PvTokenDriver *pv_token_driver_find(const char *uri, GError **error);

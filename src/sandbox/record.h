/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/digest.h"

/*
 * What crosses the wall between a program and its worker: records, each a type (one byte), a
 * length (four bytes, little-endian) and that many bytes. One table says which way a record goes
 * and how long it may be; the receiver holds the sender to it, whoever the sender claims to be.
 */

typedef enum {
	/* to the worker */
	PV_RECORD_READ_LAYER = 1, /* with a descriptor: u64 offset, u64 size, u8 hash, text type */
	PV_RECORD_READ_FILE,      /* with a descriptor: text path */
	/* from the worker */
	PV_RECORD_HELLO,      /* u32 measures: it is confined */
	PV_RECORD_FILE,       /* text cataloger, text path */
	PV_RECORD_PACKAGE,    /* six texts of PvFoundPackage */
	PV_RECORD_DISTRO,     /* four texts of PvFoundDistro */
	PV_RECORD_UNREADABLE, /* text path, text why */
	PV_RECORD_HIDDEN,     /* u8 how, text path */
	PV_RECORD_LINK,       /* text path, text target */
	PV_RECORD_LAYER_DONE, /* digest, digest of the tar, u64 tar size, u64 entries */
	PV_RECORD_FILE_DONE,
	PV_RECORD_FAILED, /* u32 error code, text sentence, u8 hashed, digest of the stored bytes */
	PV_RECORD_TYPES
} PvRecordType;

#define PV_RECORD_HEADER_BYTES 5

typedef struct {
	const char *name;     /* for messages */
	gboolean from_worker; /* which way it goes */
	gsize max_bytes;      /* of what follows the header */
} PvRecordInfo;

/**
 * pv_record_info:
 *
 * Returns: (transfer none) (nullable): the row of the table, NULL for an unknown type.
 */
const PvRecordInfo *pv_record_info(guint type);

/* Writing: start one, put what its row says, send the bytes. */

void pv_record_start(GByteArray *record, PvRecordType type);
void pv_record_put_u8(GByteArray *record, guint8 value);
void pv_record_put_u32(GByteArray *record, guint32 value);
void pv_record_put_u64(GByteArray *record, guint64 value);
void pv_record_put_text(GByteArray *record, const char *text);
void pv_record_put_digest(GByteArray *record, const PvDigest *digest);

/**
 * pv_record_end:
 *
 * Writes the length. Errors: PV_ERROR_LIMIT, if it is longer than its row allows.
 */
gboolean pv_record_end(GByteArray *record, GError **error);

/* Reading: what is left of one received record. */
typedef struct {
	guint type;
	const guint8 *data;
	gsize size;
} PvRecord;

/**
 * pv_record_read_header:
 * @header: PV_RECORD_HEADER_BYTES bytes
 * @from_worker: the direction these come from
 * @ret_type: (out)
 * @ret_size: (out): within the limit of that type
 *
 * Errors: PV_ERROR_SYNTAX (unknown, or the wrong direction), PV_ERROR_LIMIT.
 */
gboolean pv_record_read_header(const guint8 *header, gboolean from_worker, guint *ret_type,
			       gsize *ret_size, GError **error);

/* Each takes the next value; a missing one gives FALSE and PV_ERROR_SYNTAX. */
gboolean pv_record_get_u8(PvRecord *record, guint8 *ret_value, GError **error);
gboolean pv_record_get_u32(PvRecord *record, guint32 *ret_value, GError **error);
gboolean pv_record_get_u64(PvRecord *record, guint64 *ret_value, GError **error);
gboolean pv_record_get_digest(PvRecord *record, PvDigest *ret_digest, GError **error);

/**
 * pv_record_get_text:
 * @ret_text: (out): points into the record, ends in NUL
 */
gboolean pv_record_get_text(PvRecord *record, const char **ret_text, GError **error);

/**
 * pv_record_done:
 *
 * Errors: PV_ERROR_SYNTAX if something is left over.
 */
gboolean pv_record_done(const PvRecord *record, GError **error);

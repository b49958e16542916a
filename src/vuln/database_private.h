/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* What reading and writing the database share; not for other files. */

#define PV_DATABASE_SCHEMA        2
#define PV_DATABASE_KEY_BYTES_MAX 511       /* bytes: LMDB's own limit */
#define PV_DATABASE_ABOUT_KEY     "\0about" /* no ecosystem is empty, so it collides with none */
#define PV_DATABASE_RECORD_NAME   "record"  /* of the empty ecosystem: which records there are */

/**
 * pv_database_key:
 * @id: (nullable): NULL gives the prefix of all of a package
 * @ret_key: (out): PV_DATABASE_KEY_BYTES_MAX bytes
 *
 * Returns: the key's size, 0 if it would be too long.
 */
gsize pv_database_key(const char *ecosystem, const char *name, const char *id, guint32 number,
		      guint8 *ret_key);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Which container owns which user and group ids. Every container has a block of PV_ID_RANGE_SIZE
 * ids that no other container of this machine has, whatever store it lives in.
 */

/* Blocks come from the range that systemd's table of ids leaves unused (UIDS-GIDS.md): above the
 * ids of systemd-nspawn, below those of foreign images. */
#define PV_ID_FIRST 0x70000000u /* owns the files of layers at rest; never a container's */
#define PV_ID_LAST  0x7ffdffffu

#define PV_LEDGER_FILE "/var/lib/pavise/ids.json"

/**
 * pv_ledger_acquire:
 * @file: the ledger, PV_LEDGER_FILE but for tests; it and its directory are made if missing
 * @etc: where passwd, group, subuid and subgid lie: "/etc" but for tests
 * @container: the container's id
 * @path: its directory, absolute; it must exist, the range stays taken as long as it does
 * @ret_first: (out): the first id of the block
 *
 * Takes the next free block: not another container's, and not one in which a user, a group or a
 * range of subordinate ids lies. Blocks of containers whose directory is gone are free again; a
 * freed block is reused as late as possible, because files with its ids may be left on a volume.
 *
 * Errors: PV_ERROR_LIMIT (no block is free), PV_ERROR_EXISTS (@container has one), PV_ERROR_SYNTAX
 * (a damaged ledger: nothing is handed out), PV_ERROR_IO.
 */
gboolean pv_ledger_acquire(const char *file, const char *etc, const char *container,
			   const char *path, guint32 *ret_first, GError **error);

/**
 * pv_ledger_release:
 *
 * Gives the block of @container back; its files must be gone. None to give back is no error.
 */
gboolean pv_ledger_release(const char *file, const char *container, GError **error);

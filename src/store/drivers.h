/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"

/* One driver a file; each has its row in registry.c. */
extern const PvStoreDriver pv_store_sqlite;

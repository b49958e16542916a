/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tuf/metadata.h"

/*
 * A file's length and hashes in the one spelling in which every writer writes them,
 *
 *     {"hashes":{"sha256":"…","sha512":"…"},"length":N}
 *
 * and nothing else. A role of 10,000 targets is 10,000 of these: read by heart they cost a tenth of
 * what JSON in general does. What is spelled in another way goes the general way
 * (tuf/nodes.h), which reads the same from it.
 */

/**
 * pv_plain_meta_size:
 * @text: untrusted; @size bytes
 *
 * Returns: the size of the file's description with which @text begins; 0 if it begins otherwise.
 */
gsize pv_plain_meta_size(const char *text, gsize size);

/* FALSE if @text is not such a description from beginning to end. */
gboolean pv_plain_meta_read(const char *text, gsize size, PvFileMeta *ret_meta);

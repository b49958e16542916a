/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The walk through a tar, in steps of whatever size the bytes come: header blocks, extensions kept
 * until their entry, content handed through without a copy. Our own reader, since this is the hot
 * path of scanning and unpacking and has to refuse where others guess. POSIX.1-2017, pax.
 */

#include "oci/tar.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/tar_private.h"

typedef enum { HEADER, EXTENSION, CONTENT, CONTENT_END, PADDING, TRAILER } State;

/* Bits of what came before an entry, to refuse two of a kind. */
enum { SEEN_PAX = 1, SEEN_NAME = 2, SEEN_LINK = 4 };

struct PvTar {
	State state;
	guint8 block[PV_TAR_BLOCK_BYTES];
	gsize filled;     /* bytes in block */
	guint64 left;     /* of the extension or content */
	guint64 padding;  /* zeros after it */
	gboolean skip;    /* the content is not given out */
	gboolean zero;    /* one zero block was seen */
	guint seen;       /* extensions that wait for their entry */
	gboolean started; /* an entry was given since the last extension: forget those */
	guint64 headers, entries, offset;
	PvTarHeader header;
	PvTarPax pax;
	GByteArray *pax_text, *name_text, *link_text, *global_text;
	GByteArray *extension; /* which of these is being filled */
	char path[PV_TAR_PATH_BYTES_MAX];
	char link[PV_TAR_PATH_BYTES_MAX];
	PvTarEntry entry;
};

PvTar *pv_tar_new(void)
{
	PvTar *tar = g_new0(PvTar, 1);

	tar->pax.xattrs = g_array_new(FALSE, FALSE, sizeof(PvTarXattr));
	tar->pax_text = g_byte_array_new();
	tar->name_text = g_byte_array_new();
	tar->link_text = g_byte_array_new();
	tar->global_text = g_byte_array_new();
	return tar;
}

void pv_tar_free(PvTar *tar)
{
	if (!tar)
		return;
	g_array_unref(tar->pax.xattrs);
	g_byte_array_unref(tar->pax_text);
	g_byte_array_unref(tar->name_text);
	g_byte_array_unref(tar->link_text);
	g_byte_array_unref(tar->global_text);
	g_free(tar);
}

guint64 pv_tar_entries(const PvTar *tar)
{
	return tar->entries;
}

static void forget_extensions(PvTar *tar)
{
	GArray *xattrs = tar->pax.xattrs;

	tar->seen = 0;
	tar->started = FALSE;
	tar->pax = (PvTarPax){ .xattrs = xattrs };
	g_array_set_size(xattrs, 0);
	g_byte_array_set_size(tar->name_text, 0);
	g_byte_array_set_size(tar->link_text, 0);
}

/* After `left` bytes come zeros up to the next block. */
static void set_left(PvTar *tar, guint64 size)
{
	tar->left = size;
	tar->padding = (PV_TAR_BLOCK_BYTES - size % PV_TAR_BLOCK_BYTES) % PV_TAR_BLOCK_BYTES;
}

static gboolean start_extension(PvTar *tar, GByteArray *into, guint seen, gsize max, GError **error)
{
	if (tar->seen & seen)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "tar: two extended headers of type '%c' before one entry",
			       tar->header.type);
	if (tar->header.size > max)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "tar: an extended header of %" G_GUINT64_FORMAT
			       " bytes, at most %zu are accepted",
			       tar->header.size, max);
	tar->seen |= seen;
	tar->extension = into;
	g_byte_array_set_size(into, 0);
	set_left(tar, tar->header.size);
	tar->state = EXTENSION;
	return TRUE;
}

static gboolean end_extension(PvTar *tar, GError **error)
{
	GByteArray *text = tar->extension;
	PvTarPax ignored = { NULL };
	g_autoptr(GArray) xattrs = NULL;

	tar->state = PADDING;
	if (text == tar->pax_text)
		return pv_tar_pax_read((char *)text->data, text->len, FALSE, &tar->pax, error);
	if (text == tar->global_text) {
		xattrs = g_array_new(FALSE, FALSE, sizeof(PvTarXattr));
		ignored.xattrs = xattrs;
		return pv_tar_pax_read((char *)text->data, text->len, TRUE, &ignored, error);
	}
	if (text->len > 0 && text->data[text->len - 1] == '\0')
		text->len--;
	if (text->len == 0 || memchr(text->data, '\0', text->len))
		return pv_fail(error, PV_ERROR_SYNTAX, "tar: a long name is empty or has a NUL");
	g_byte_array_append(text, (const guint8 *)"", 1);
	return TRUE;
}

/* Of header, GNU's long text and PAX: one, or two that say the same. */
static gboolean one_text(const GByteArray *gnu, const char *pax, const char *header,
			 const char **ret_text, GError **error)
{
	const char *text = gnu->len > 0 ? (const char *)gnu->data : NULL;

	if (text && pax && strcmp(text, pax) != 0)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "tar: GNU and PAX headers give one entry two names");
	*ret_text = text ? text : pax ? pax : header;
	return TRUE;
}

static gboolean entry_type(const PvTarHeader *header, const char *name, PvTarType *ret_type,
			   GError **error)
{
	static const PvTarType types[] = { PV_TAR_FILE,      PV_TAR_HARDLINK, PV_TAR_SYMLINK,
					   PV_TAR_CHARACTER, PV_TAR_BLOCK,    PV_TAR_DIRECTORY,
					   PV_TAR_FIFO,      PV_TAR_FILE };

	if (header->type == '\0') {
		*ret_type = g_str_has_suffix(name, "/") ? PV_TAR_DIRECTORY : PV_TAR_FILE;
		return TRUE;
	}
	if (header->type < '0' || header->type > '7')
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "tar: entries of type 0x%02x are not accepted%s",
			       (guint8)header->type, header->type == 'S' ? " (sparse files)" : "");
	*ret_type = types[header->type - '0'];
	return TRUE;
}

static gboolean set_link(PvTar *tar, const char *text, GError **error)
{
	PvWhiteout whiteout;
	gboolean skip;

	tar->link[0] = '\0';
	if (tar->entry.type == PV_TAR_SYMLINK) {
		if (!*text)
			return pv_fail(error, PV_ERROR_SYNTAX, "tar: a symbolic link is empty");
		if (g_strlcpy(tar->link, text, sizeof tar->link) >= sizeof tar->link)
			return pv_fail(error, PV_ERROR_LIMIT,
				       "tar: a symbolic link is longer than %zu bytes",
				       sizeof tar->link - 1);
		return TRUE;
	}
	if (tar->entry.type != PV_TAR_HARDLINK)
		return TRUE;
	if (!pv_tar_name_clean(text, "a hard link's target", tar->link, error) ||
	    !pv_tar_name_whiteout(tar->link, &whiteout, &skip, error))
		return FALSE;
	if (!tar->link[0] || skip || whiteout != PV_WHITEOUT_NONE)
		return pv_fail(error, PV_ERROR_ESCAPE,
			       "tar: a hard link's target is not a file of the image");
	return TRUE;
}

static void set_numbers(PvTar *tar)
{
	const PvTarHeader *header = &tar->header;
	const PvTarPax *pax = &tar->pax;
	PvTarEntry *entry = &tar->entry;
	guint64 size = pax->has_size ? pax->size : header->size;

	entry->size = entry->type == PV_TAR_FILE ? size : 0;
	entry->mode = header->mode;
	entry->uid = pax->has_uid ? pax->uid : header->uid;
	entry->gid = pax->has_gid ? pax->gid : header->gid;
	entry->mtime = pax->has_mtime ? pax->mtime : header->mtime;
	entry->mtime_nanoseconds = pax->has_mtime ? pax->mtime_nanoseconds : 0;
	entry->device_major = header->device_major;
	entry->device_minor = header->device_minor;
	entry->xattrs = (const PvTarXattr *)(void *)pax->xattrs->data;
	entry->xattr_count = pax->xattrs->len;
	set_left(tar, entry->size);
}

/* The header and its extensions become an entry; aufs' own are passed over. */
static gboolean start_entry(PvTar *tar, gboolean *ret_given, GError **error)
{
	const char *name, *link;

	if (!one_text(tar->name_text, tar->pax.path, tar->header.name, &name, error) ||
	    !one_text(tar->link_text, tar->pax.link, tar->header.link, &link, error))
		return FALSE;
	tar->entry = (PvTarEntry){ .path = tar->path, .link = tar->link };
	if (!entry_type(&tar->header, name, &tar->entry.type, error) ||
	    !pv_tar_name_clean(name, "a name", tar->path, error) ||
	    !pv_tar_name_whiteout(tar->path, &tar->entry.whiteout, &tar->skip, error))
		return FALSE;
	if (tar->skip) /* its link may point anywhere, and nobody sees it */
		tar->link[0] = '\0';
	else if (tar->entry.whiteout == PV_WHITEOUT_NONE && !set_link(tar, link, error))
		return FALSE;
	if (tar->entry.whiteout != PV_WHITEOUT_NONE)
		tar->link[0] = '\0';
	if (!tar->skip && !tar->path[0] && tar->entry.whiteout != PV_WHITEOUT_OPAQUE &&
	    tar->entry.type != PV_TAR_DIRECTORY)
		return pv_fail(error, PV_ERROR_ESCAPE, "tar: the root itself is not a directory");
	set_numbers(tar);
	if (tar->left > PV_LAYER_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "tar: a file of more than %zu bytes",
			       PV_LAYER_BYTES_MAX);
	if (tar->entry.whiteout != PV_WHITEOUT_NONE) {
		tar->entry.size = 0;
		tar->skip = TRUE;
		*ret_given = TRUE;
	} else {
		*ret_given = !tar->skip;
	}
	tar->entries += *ret_given;
	tar->started = TRUE;
	tar->state = tar->entry.type == PV_TAR_FILE ? CONTENT : PADDING;
	return TRUE;
}

static gboolean block_is_zero(const guint8 *block)
{
	return block[0] == 0 && memcmp(block, block + 1, PV_TAR_BLOCK_BYTES - 1) == 0;
}

static gboolean end_header(PvTar *tar, gboolean *ret_given, GError **error)
{
	*ret_given = FALSE;
	if (tar->started)
		forget_extensions(tar);
	if (block_is_zero(tar->block)) {
		if (tar->seen)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "tar: ends after an extended header without its entry");
		tar->state = tar->zero ? TRAILER : HEADER;
		tar->zero = TRUE;
		return TRUE;
	}
	if (tar->zero)
		return pv_fail(error, PV_ERROR_SYNTAX, "tar: goes on after a block of zeros");
	if (++tar->headers > PV_TAR_ENTRIES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "tar: more than %d headers",
			       PV_TAR_ENTRIES_MAX);
	if (!pv_tar_header_read(tar->block, &tar->header, error))
		return FALSE;
	switch (tar->header.type) {
	case 'x':
		return start_extension(tar, tar->pax_text, SEEN_PAX, PV_TAR_PAX_BYTES_MAX, error);
	case 'g':
		return start_extension(tar, tar->global_text, 0, PV_TAR_PAX_BYTES_MAX, error);
	case 'L':
		return start_extension(tar, tar->name_text, SEEN_NAME, PV_TAR_PATH_BYTES_MAX + 1,
				       error);
	case 'K':
		return start_extension(tar, tar->link_text, SEEN_LINK, PV_TAR_PATH_BYTES_MAX + 1,
				       error);
	default:
		return start_entry(tar, ret_given, error);
	}
}

/* Each of these uses some bytes, or moves to the next state without. */

static gsize take(PvTar *tar, const guint8 **data, gsize *size, guint64 most)
{
	gsize taken = (gsize)MIN((guint64)*size, most);

	*data += taken;
	*size -= taken;
	tar->offset += taken;
	return taken;
}

static gboolean step_header(PvTar *tar, const guint8 **data, gsize *size, gboolean *ret_given,
			    GError **error)
{
	const guint8 *from = *data;
	gsize taken = take(tar, data, size, PV_TAR_BLOCK_BYTES - tar->filled);

	*ret_given = FALSE;
	memcpy(tar->block + tar->filled, from, taken);
	tar->filled += taken;
	if (tar->filled < PV_TAR_BLOCK_BYTES)
		return TRUE;
	tar->filled = 0;
	return end_header(tar, ret_given, error);
}

static gboolean step_extension(PvTar *tar, const guint8 **data, gsize *size, GError **error)
{
	const guint8 *from = *data;
	gsize taken = take(tar, data, size, tar->left);

	g_byte_array_append(tar->extension, from, (guint)taken);
	tar->left -= taken;
	return tar->left > 0 || end_extension(tar, error);
}

static gboolean step_content(PvTar *tar, const guint8 **data, gsize *size, PvTarEvent *event)
{
	const guint8 *from = *data;
	gsize taken = take(tar, data, size, tar->left);

	tar->left -= taken;
	if (tar->left == 0)
		tar->state = tar->skip ? PADDING : CONTENT_END;
	if (taken == 0 || tar->skip)
		return FALSE;
	*event = (PvTarEvent){ .type = PV_TAR_CONTENT, .data = from, .size = taken };
	return TRUE;
}

static gboolean step_trailer(const guint8 **data, gsize *size, GError **error)
{
	for (; *size > 0; (*data)++, (*size)--) {
		if (**data != 0)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "tar: bytes follow the end of the archive");
	}
	return TRUE;
}

static gboolean step(PvTar *tar, const guint8 **data, gsize *size, PvTarEvent *event,
		     gboolean *ret_given, GError **error)
{
	*ret_given = FALSE;
	switch (tar->state) {
	case HEADER:
		*event = (PvTarEvent){ .type = PV_TAR_ENTRY, .entry = &tar->entry };
		return step_header(tar, data, size, ret_given, error);
	case EXTENSION:
		return step_extension(tar, data, size, error);
	case CONTENT:
		*ret_given = step_content(tar, data, size, event);
		return TRUE;
	case CONTENT_END:
		*event = (PvTarEvent){ .type = PV_TAR_END };
		*ret_given = TRUE;
		tar->state = PADDING;
		return TRUE;
	case PADDING:
		tar->padding -= take(tar, data, size, tar->padding);
		if (tar->padding == 0)
			tar->state = HEADER;
		return TRUE;
	case TRAILER:
		return step_trailer(data, size, error);
	default:
		return pv_fail(error, PV_ERROR_INTERNAL, "tar: no such state");
	}
}

/* States that move on without a byte. */
static gboolean needs_nothing(const PvTar *tar)
{
	return tar->state == CONTENT_END || (tar->state == PADDING && tar->padding == 0) ||
	       ((tar->state == CONTENT || tar->state == EXTENSION) && tar->left == 0);
}

gboolean pv_tar_step(PvTar *tar, const guint8 **data, gsize *size, PvTarEvent *ret_event,
		     GError **error)
{
	PvTarEvent event = { .type = PV_TAR_MORE };
	gboolean given = FALSE;
	guint64 at = tar->offset;

	while (*size > 0 || needs_nothing(tar)) {
		if (!step(tar, data, size, &event, &given, error))
			return pv_fail_wrap(error, "at byte %" G_GUINT64_FORMAT " of the layer",
					    at - at % PV_TAR_BLOCK_BYTES);
		if (given) {
			*ret_event = event;
			return TRUE;
		}
		at = tar->offset;
	}
	*ret_event = (PvTarEvent){ .type = PV_TAR_MORE };
	return TRUE;
}

gboolean pv_tar_finish(PvTar *tar, GError **error)
{
	gboolean whole = tar->state == TRAILER || (tar->state == HEADER && tar->filled == 0);

	if (tar->started)
		forget_extensions(tar);
	if (!whole || tar->seen)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "tar: cut off after %" G_GUINT64_FORMAT " bytes", tar->offset);
	return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a card keeps without power, in a file of its own (a GKeyFile, replaced whole at each
 * change), so that it can be unplugged, killed and plugged in again.
 */

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"

#define TRIES 3

static const guint8 factory_pin[8] = { '1', '2', '3', '4', '5', '6', 0xff, 0xff };
static const guint8 factory_puk[8] = { '1', '2', '3', '4', '5', '6', '7', '8' };

guint8 rig_slot_reference(gsize index)
{
	static const guint8 first[] = { 0x9a, 0x9c, 0x9d, 0x9e };

	if (index < G_N_ELEMENTS(first))
		return first[index];
	return index == RIG_SLOTS - 1 ? 0xf9 : (guint8)(0x82 + index - G_N_ELEMENTS(first));
}

RigSlot *rig_slot(RigCard *card, guint8 reference)
{
	for (gsize i = 0; i < RIG_SLOTS; i++)
		if (rig_slot_reference(i) == reference)
			return &card->slots[i];
	return NULL;
}

void rig_slot_clear(RigSlot *slot)
{
	EVP_PKEY_free(slot->key);
	*slot = (RigSlot){ 0 };
}

void rig_pin_set_factory(RigCard *card)
{
	card->pin = (RigReference){ .max = TRIES, .left = TRIES };
	card->puk = card->pin;
	memcpy(card->pin.value, factory_pin, sizeof(factory_pin));
	memcpy(card->puk.value, factory_puk, sizeof(factory_puk));
}

gboolean rig_pin_is_factory(const RigCard *card, const RigReference *reference)
{
	const guint8 *value = reference == &card->pin ? factory_pin : factory_puk;

	return memcmp(reference->value, value, sizeof(factory_pin)) == 0;
}

/* 3DES, and AES-192 from firmware 5.7 on; the same bytes. */
static RigManagement factory_management(const RigCard *card)
{
	RigManagement management = { .algorithm = 0x03 };

	if (card->firmware >= RIG_FIRMWARE(5, 7, 0))
		management.algorithm = 0x0a;
	for (gsize i = 0; i < 24; i++)
		management.key[i] = (guint8)(i % 8 + 1);
	return management;
}

gboolean rig_management_is_factory(const RigCard *card)
{
	RigManagement factory = factory_management(card);

	return card->management.algorithm == factory.algorithm &&
	       memcmp(card->management.key, factory.key, sizeof(factory.key)) == 0;
}

/* The attestation key and its certificate survive. */
void rig_card_set_factory(RigCard *card)
{
	const gpointer attestation = GUINT_TO_POINTER(0x5fff01);
	GBytes *kept = g_hash_table_lookup(card->objects, attestation);

	if (kept)
		g_bytes_ref(kept);
	g_hash_table_remove_all(card->objects);
	if (kept)
		g_hash_table_insert(card->objects, attestation, kept);
	for (gsize i = 0; i < RIG_SLOTS; i++)
		if (rig_slot_reference(i) != 0xf9)
			rig_slot_clear(&card->slots[i]);
	rig_pin_set_factory(card);
	card->management = factory_management(card);
}

RigCard *rig_card_new(guint32 firmware, guint32 serial)
{
	RigCard *card = g_new0(RigCard, 1);

	card->firmware = firmware;
	card->serial = serial;
	card->objects = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL,
					      (GDestroyNotify)g_bytes_unref);
	card->session.chain = g_byte_array_new();
	card->session.answer = g_byte_array_new();
	rig_card_set_factory(card);
	return card;
}

void rig_card_free(RigCard *card)
{
	if (!card)
		return;
	for (gsize i = 0; i < RIG_SLOTS; i++)
		rig_slot_clear(&card->slots[i]);
	g_hash_table_unref(card->objects);
	g_byte_array_unref(card->session.chain);
	g_byte_array_unref(card->session.answer);
	g_free(card->path);
	g_free(card);
}

static void set_bytes(GKeyFile *file, const char *group, const char *name, gconstpointer data,
		      gsize size)
{
	g_autofree char *text = g_base64_encode(data, size);

	g_key_file_set_string(file, group, name, text);
}

static void save_reference(GKeyFile *file, const char *name, const RigReference *reference)
{
	set_bytes(file, name, "value", reference->value, sizeof(reference->value));
	g_key_file_set_integer(file, name, "max", reference->max);
	g_key_file_set_integer(file, name, "left", reference->left);
}

static void save_slot(GKeyFile *file, guint8 reference, const RigSlot *slot)
{
	g_autofree char *group = g_strdup_printf("slot %02x", reference);
	guint8 *der = NULL;
	int size = i2d_PrivateKey(slot->key, &der);

	g_assert(size > 0);
	set_bytes(file, group, "key", der, (gsize)size);
	OPENSSL_clear_free(der, (size_t)size);
	g_key_file_set_integer(file, group, "algorithm", slot->algorithm);
	g_key_file_set_integer(file, group, "pin", slot->pin_policy);
	g_key_file_set_integer(file, group, "touch", slot->touch_policy);
	g_key_file_set_integer(file, group, "origin", slot->origin);
}

static void save_objects(GKeyFile *file, GHashTable *objects)
{
	GHashTableIter each;
	gpointer number, content;

	g_hash_table_iter_init(&each, objects);
	while (g_hash_table_iter_next(&each, &number, &content)) {
		g_autofree char *name = g_strdup_printf("%06x", GPOINTER_TO_UINT(number));

		set_bytes(file, "objects", name, g_bytes_get_data(content, NULL),
			  g_bytes_get_size(content));
	}
}

void rig_card_save(RigCard *card)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;

	if (!card->path)
		return;
	g_key_file_set_integer(file, "card", "firmware", (int)card->firmware);
	g_key_file_set_uint64(file, "card", "serial", card->serial);
	g_key_file_set_integer(file, "card", "form-factor", card->form_factor);
	g_key_file_set_boolean(file, "card", "fips", card->fips);
	g_key_file_set_boolean(file, "card", "hides-serial", card->hides_serial);
	save_reference(file, "pin", &card->pin);
	save_reference(file, "puk", &card->puk);
	g_key_file_set_integer(file, "management", "algorithm", card->management.algorithm);
	set_bytes(file, "management", "key", card->management.key, sizeof(card->management.key));
	g_key_file_set_boolean(file, "management", "touch", card->management.needs_touch);
	for (gsize i = 0; i < RIG_SLOTS; i++)
		if (card->slots[i].key)
			save_slot(file, rig_slot_reference(i), &card->slots[i]);
	save_objects(file, card->objects);
	if (g_key_file_save_to_file(file, card->path, &error))
		return;
	/* A card that forgets how many tries were spent would make tests lie. */
	fprintf(stderr, "rig-card: %s\n", error->message);
	exit(1);
}

static void get_bytes(GKeyFile *file, const char *group, const char *name, guint8 *out, gsize size)
{
	g_autofree char *text = g_key_file_get_string(file, group, name, NULL);
	gsize found = 0;
	g_autofree guchar *bytes = text ? g_base64_decode(text, &found) : NULL;

	if (found == size)
		memcpy(out, bytes, size);
}

static void load_reference(GKeyFile *file, const char *name, RigReference *reference)
{
	get_bytes(file, name, "value", reference->value, sizeof(reference->value));
	reference->max = (guint8)g_key_file_get_integer(file, name, "max", NULL);
	reference->left = (guint8)g_key_file_get_integer(file, name, "left", NULL);
}

static void load_slot(GKeyFile *file, guint8 reference, RigSlot *slot)
{
	g_autofree char *group = g_strdup_printf("slot %02x", reference);
	g_autofree char *text = g_key_file_get_string(file, group, "key", NULL);
	g_autofree guchar *der = NULL;
	const guchar *at;
	gsize size;

	if (!text)
		return;
	at = der = g_base64_decode(text, &size);
	slot->key = d2i_AutoPrivateKey(NULL, &at, (long)size);
	slot->algorithm = (guint8)g_key_file_get_integer(file, group, "algorithm", NULL);
	slot->pin_policy = (guint8)g_key_file_get_integer(file, group, "pin", NULL);
	slot->touch_policy = (guint8)g_key_file_get_integer(file, group, "touch", NULL);
	slot->origin = (guint8)g_key_file_get_integer(file, group, "origin", NULL);
}

static void load_objects(GKeyFile *file, GHashTable *objects)
{
	g_auto(GStrv) names = g_key_file_get_keys(file, "objects", NULL, NULL);

	for (gsize i = 0; names && names[i]; i++) {
		g_autofree char *text = g_key_file_get_string(file, "objects", names[i], NULL);
		guint number = (guint)g_ascii_strtoull(names[i], NULL, 16);
		gsize size;
		guchar *bytes = g_base64_decode(text, &size);

		g_hash_table_insert(objects, GUINT_TO_POINTER(number),
				    g_bytes_new_take(bytes, size));
	}
}

RigCard *rig_card_load(const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	RigCard *card;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error))
		return NULL;
	card = rig_card_new((guint32)g_key_file_get_integer(file, "card", "firmware", NULL),
			    (guint32)g_key_file_get_uint64(file, "card", "serial", NULL));
	card->path = g_strdup(path);
	card->form_factor = (guint8)g_key_file_get_integer(file, "card", "form-factor", NULL);
	card->fips = g_key_file_get_boolean(file, "card", "fips", NULL);
	card->hides_serial = g_key_file_get_boolean(file, "card", "hides-serial", NULL);
	load_reference(file, "pin", &card->pin);
	load_reference(file, "puk", &card->puk);
	card->management.algorithm =
		(guint8)g_key_file_get_integer(file, "management", "algorithm", NULL);
	get_bytes(file, "management", "key", card->management.key, sizeof(card->management.key));
	card->management.needs_touch = g_key_file_get_boolean(file, "management", "touch", NULL);
	for (gsize i = 0; i < RIG_SLOTS; i++)
		load_slot(file, rig_slot_reference(i), &card->slots[i]);
	load_objects(file, card->objects);
	return card;
}

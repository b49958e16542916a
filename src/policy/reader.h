/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <yaml.h>

#include "base/error.h"
#include "policy/policy.h"

/* A YAML file that is read event by event, and the policy that comes of it. Of this room only. */
typedef struct {
	yaml_parser_t parser;
	yaml_event_t event; /* the present one */
	gboolean has_event;
	const char *name;
	PvPolicy *policy;
} PvReader;

/* A key of a mapping, and who reads its value. */
typedef struct {
	const char *key;
	gboolean (*read)(PvReader *reader, const char *key, void *into, GError **error);
} PvReaderField;

/* FALSE and an error for an item that a list must not have. */
typedef gboolean (*PvReaderCheck)(PvReader *reader, const char *item, void *data, GError **error);

/* Fails with NAME:LINE:COLUMN of the present event. */
gboolean pv_reader_fail(const PvReader *reader, PvErrorCode code, GError **error,
			const char *format, ...) G_GNUC_PRINTF(4, 5);

/* What the present event is, for messages: "a list". */
const char *pv_reader_found(const PvReader *reader);

/* Goes on to the next event; pv_reader_expect() fails if it is not a @type. */
gboolean pv_reader_next(PvReader *reader, GError **error);
gboolean pv_reader_expect(PvReader *reader, yaml_event_type_t type, const char *what,
			  GError **error);

/* (transfer full): the present scalar. */
char *pv_reader_scalar(PvReader *reader, GError **error);

/* (transfer full): the scalar that is next, which must not be empty. */
char *pv_reader_value(PvReader *reader, const char *key, GError **error);

/* The scalar that is next, which must be one of @words: its index. */
gboolean pv_reader_word(PvReader *reader, const char *key, const char *const *words,
			guint *ret_index, GError **error);

/* (transfer full): the list that is next, each item accepted by @check. */
GStrv pv_reader_list(PvReader *reader, const char *key, PvReaderCheck check, void *data,
		     GError **error);

/* The rest of a mapping whose start is the present event; bit i of @ret_seen: fields[i] was there. */
gboolean pv_reader_fields(PvReader *reader, const char *what, const PvReaderField *fields,
			  guint count, void *into, guint32 *ret_seen, GError **error);

/* The value of "hardware" in a rule. */
gboolean pv_reader_hardware(PvReader *reader, const char *key, void *into, GError **error);

/* The value of "profiles". */
gboolean pv_reader_profiles(PvReader *reader, const char *key, void *into, GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/* service/route: a method, a space, a path. */
#include <stdint.h>
#include <string.h>

#include "service/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *method = g_strndup((const char *)data, size);
	char *space = strchr(method, ' ');
	g_autofree char *clean = NULL;
	PvRoute route;

	if (!space)
		return 0;
	*space = '\0';
	pv_route_parse(method, space + 1, &route);
	g_assert_cmpint(route.operation, <, PV_OPERATION_COUNT);
	g_assert_cmpint(pv_operation_info(route.operation)->is_for_repository, <=, *route.gun != 0);
	/* A cleaned path is clean: a redirect never leads to another. */
	clean = pv_route_clean_path(space + 1);
	pv_route_parse(method, clean, &route);
	g_assert_cmpint(route.operation, !=, PV_OPERATION_MOVED);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "catalog/inventory.h"

/**
 * pv_purl_build:
 * @package: its type, name, version and architecture are used
 * @distro: for the namespace and the qualifier of distribution packages
 *
 * "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12"; an npm scope becomes the
 * namespace, as in "pkg:npm/%40babel/core@7.0.0".
 * Source: package-url/purl-spec, PURL-SPECIFICATION.rst and PURL-TYPES.rst.
 *
 * Returns: (transfer full): the purl.
 */
char *pv_purl_build(const PvPackage *package, const PvDistro *distro);

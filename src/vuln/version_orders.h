/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "vuln/versions.h"

/* One order a file; each has its row in versions.c. */
extern const PvVersionOrder pv_version_apk;
extern const PvVersionOrder pv_version_dpkg;
extern const PvVersionOrder pv_version_semver;

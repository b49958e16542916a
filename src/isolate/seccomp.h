/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"

/**
 * pv_seccomp_spec:
 * @architecture: of the image: "amd64", "arm64", …
 *
 * The system calls a container may make, as the OCI runtime specification's linux.seccomp: a list
 * of what is allowed; all else is EPERM. New namespaces, the kernel's keys, io_uring, BPF, tracing
 * of others, user faults, file handles, modules and mounts are not in it.
 *
 * Returns: (transfer full): the object.
 */
json_t *pv_seccomp_spec(const char *architecture);

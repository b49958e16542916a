/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The filter of processes that hold keys: a short list of what they must never do, where the
 * worker's is a list of the little it may. They need files and OpenSSL, which changes its system
 * calls between versions.
 */

#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>

#include "base/error.h"
#include "sandbox/confine.h"

gboolean pv_confine_key_holder(gboolean accepts, GError **error)
{
	static const int forbidden[] = {
		SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect),
		SCMP_SYS(bind),   SCMP_SYS(listen),     SCMP_SYS(accept),
		SCMP_SYS(execve), SCMP_SYS(execveat),   SCMP_SYS(io_uring_setup),
	};
	scmp_filter_ctx filter;
	int code = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return pv_fail_errno(error, errno, "cannot give up privileges");
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return pv_fail(error, PV_ERROR_IO, "cannot make a system call filter");
	for (gsize i = 0; code == 0 && i < G_N_ELEMENTS(forbidden); i++)
		code = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, forbidden[i], 0);
	if (code == 0 && !accepts)
		code = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(accept4), 0);
	if (code == 0)
		code = seccomp_load(filter);
	seccomp_release(filter);
	if (code != 0)
		return pv_fail_errno(error, -code, "cannot load a system call filter");
	return TRUE;
}

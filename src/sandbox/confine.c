/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The walls of a worker, from the outside in: an empty root and no network (namespaces), no rights
 * (nobody, no capabilities, no_new_privs), no paths (Landlock), no resources (rlimits), and at last
 * a short list of system calls (seccomp). Each holds alone; what one kernel lacks, another wall
 * gives. namespaces(7), landlock(7), seccomp(2), capabilities(7).
 */

#include "sandbox/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"

#define NOBODY 65534 /* id: Linux' overflow id, owner of nothing */

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1 /* it maps terabytes and makes system calls of its own */
#else
#define SANITIZED 0
#endif

/* An empty directory as root, in namespaces of our own. */
static gboolean enter_namespaces(void)
{
	int spaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
		     CLONE_NEWPID;

	if (geteuid() != 0)
		spaces |= CLONE_NEWUSER;
	if (unshare(spaces) < 0 && unshare(spaces | CLONE_NEWUSER) < 0)
		return FALSE;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
		     "size=4k,mode=0555") == 0 &&
	       chdir("/tmp") == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
	       umount2(".", MNT_DETACH) == 0 && chdir("/") == 0;
}

/* nobody, if the ids exist here (in a user namespace they may not), and no capability at all. */
static gboolean drop_rights(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	if (geteuid() == 0 || getegid() == 0) {
		(void)!setgroups(0, NULL);
		(void)!setresgid(NOBODY, NOBODY, NOBODY);
		(void)!setresuid(NOBODY, NOBODY, NOBODY);
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) == 0;
}

/* Handles every right to files that this kernel knows and allows none. */
static gboolean deny_paths(void)
{
	struct landlock_ruleset_attr rules = { 0 };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int fd;
	gboolean done;

	if (abi < 1)
		return FALSE;
	/* 13 rights in the first version, then one more each: refer, truncate, ioctl on devices */
	rules.handled_access_fs = (1ULL << 13) - 1;
	if (abi >= 2)
		rules.handled_access_fs |= 1ULL << 13;
	if (abi >= 3)
		rules.handled_access_fs |= 1ULL << 14;
	if (abi >= 5)
		rules.handled_access_fs |= 1ULL << 15;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules.handled_access_fs), 0);
	if (fd < 0)
		return FALSE;
	done = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close(fd);
	return done;
}

static gboolean limit_resources(void)
{
	static const struct {
		int resource;
		rlim_t most;
	} limits[] = {
		{ RLIMIT_AS, SANITIZED ? RLIM_INFINITY : PV_WORKER_MEMORY_BYTES_MAX },
		{ RLIMIT_CPU, PV_WORKER_SECONDS_MAX },
		{ RLIMIT_NOFILE, PV_WORKER_FILES_MAX },
		{ RLIMIT_FSIZE, 0 },
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_MSGQUEUE, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
		struct rlimit present, limit = { limits[i].most, limits[i].most };

		if (getrlimit((__rlimit_resource_t)limits[i].resource, &present) < 0)
			return FALSE;
		limit.rlim_max = limit.rlim_cur = MIN(limit.rlim_cur, present.rlim_max);
		if (setrlimit((__rlimit_resource_t)limits[i].resource, &limit) < 0)
			return FALSE;
	}
	return TRUE;
}

/* Read what was handed over, answer, compute, end. Nothing here names a file or makes one. */
static const int allowed[] = {
	SCMP_SYS(read),          SCMP_SYS(pread64),
	SCMP_SYS(readv),         SCMP_SYS(write),
	SCMP_SYS(writev),        SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),       SCMP_SYS(close),
	SCMP_SYS(lseek),         SCMP_SYS(fstat),
	SCMP_SYS(fadvise64),     SCMP_SYS(brk),
	SCMP_SYS(munmap),        SCMP_SYS(mremap),
	SCMP_SYS(madvise),       SCMP_SYS(futex),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),     SCMP_SYS(sysinfo),
	SCMP_SYS(getpid),        SCMP_SYS(gettid),
	SCMP_SYS(rt_sigreturn),  SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),  SCMP_SYS(exit),
	SCMP_SYS(exit_group),    SCMP_SYS(restart_syscall),
};

static gboolean filter_calls(void)
{
	/* a sanitizer's own calls fail; any other worker that makes a foreign call is a suspect */
	scmp_filter_ctx filter =
		seccomp_init(SANITIZED ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
	pid_t self = getpid();
	int failed = filter == NULL;

	for (guint i = 0; !failed && i < G_N_ELEMENTS(allowed); i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	/* memory, but none that is executable; abort(), but no signal to others */
	failed = failed ||
		 seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) ||
		 seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) ||
		 seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)self));
	if (!failed && SANITIZED)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sigaltstack), 0);
	failed = failed || seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return !failed;
}

gboolean pv_confine_self(guint *ret_measures, GError **error)
{
	guint measures = 0;

	if (close_range(3, ~0U, 0) == 0)
		measures |= PV_CONFINE_CLOSED;
	if (enter_namespaces())
		measures |= PV_CONFINE_NAMESPACES;
	if (drop_rights())
		measures |= PV_CONFINE_UNPRIVILEGED;
	/* after the change of ids, which forgets both */
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		measures &= ~(guint)PV_CONFINE_CLOSED;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		measures |= PV_CONFINE_NO_NEW_PRIVILEGES;
	if (deny_paths())
		measures |= PV_CONFINE_LANDLOCK;
	if (limit_resources())
		measures |= PV_CONFINE_LIMITS;
	if (filter_calls())
		measures |= PV_CONFINE_SECCOMP;
	if ((measures & PV_CONFINE_REQUIRED) != PV_CONFINE_REQUIRED)
		return pv_fail(error, PV_ERROR_IO,
			       "the worker cannot be confined: only measures 0x%x hold", measures);
	*ret_measures = measures;
	return TRUE;
}

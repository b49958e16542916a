/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A PKCS#11 module as one hopes never to meet: SoftHSM2's, but for the one thing that BAD_MODULE
 * names, which it does wrongly: "crash", "exit" or "hang" while it searches, "lie" when it signs,
 * "miscount" objects, "boundless" attributes.
 */

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GOOD_MODULE "/usr/lib/softhsm/libsofthsm2.so"

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret_list);

static CK_FUNCTION_LIST *good, bad;

static int does(const char *what)
{
	const char *bad_thing = getenv("BAD_MODULE");

	return bad_thing && strcmp(bad_thing, what) == 0;
}

static CK_RV find(CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted, CK_ULONG count)
{
	if (does("crash"))
		raise(SIGSEGV);
	if (does("exit"))
		_exit(0);
	while (does("hang"))
		pause();
	return good->C_FindObjectsInit(session, wanted, count);
}

static CK_RV find_next(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
		       CK_ULONG *count)
{
	CK_RV rv = good->C_FindObjects(session, objects, most, count);

	if (does("miscount"))
		*count = 1000000;
	return rv;
}

static CK_RV attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *wanted,
		       CK_ULONG count)
{
	if (!does("boundless"))
		return good->C_GetAttributeValue(session, object, wanted, count);
	wanted->ulValueLen = (CK_ULONG)1 << 40;
	return CKR_OK;
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG size, CK_BYTE *signature,
		  CK_ULONG *signature_size)
{
	CK_RV rv = good->C_Sign(session, data, size, signature, signature_size);

	if (does("lie") && rv == CKR_OK)
		signature[0] ^= 1;
	return rv;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret_list)
{
	void *library = dlopen(GOOD_MODULE, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get = NULL;

	if (library)
		*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (!get || get(&good) != CKR_OK)
		return CKR_GENERAL_ERROR;
	bad = *good;
	bad.C_FindObjectsInit = find;
	bad.C_FindObjects = find_next;
	bad.C_GetAttributeValue = attribute;
	bad.C_Sign = sign;
	*ret_list = &bad;
	return CKR_OK;
}

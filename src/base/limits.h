/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * All limits on what comes from outside: name, value, unit, why. Each is hit by a test at
 * limit - 1, limit and limit + 1. A limit that protects memory is checked before the allocation.
 */

#define PV_KIB ((gsize)1024)
#define PV_MIB (1024 * PV_KIB)
#define PV_GIB (1024 * PV_MIB)

/* base */
#define PV_FILE_BYTES_MAX \
	(100 * PV_MIB) /* bytes: any file read whole; Notary's own ceiling for metadata */
#define PV_JSON_DEPTH_MAX        64     /* levels: real metadata and manifests need under 12 */
#define PV_JSON_STRING_BYTES_MAX PV_MIB /* bytes: one JSON string (a PEM chain is under 64 KiB) */
#define PV_JSON_NODES_MAX        16000000 /* values in one metadata file: a million targets have 9 each */
#define PV_LINE_BYTES_MAX        (64 * PV_KIB) /* bytes: one line of a text file or protocol */
#define PV_CHILD_OUTPUT_BYTES_MAX \
	(16 * PV_MIB) /* bytes: what a child process may print for us to read */
#define PV_CHILD_LINE_BYTES_MAX (512 * PV_KIB) /* bytes: one line of a child process that reports */

/* crypto */
#define PV_KEY_FILE_BYTES_MAX    (64 * PV_KIB) /* bytes: one private key file */
#define PV_CERTIFICATE_BYTES_MAX (64 * PV_KIB) /* bytes: one PEM chain in a root key */
#define PV_PASSPHRASE_BYTES_MAX  1024          /* bytes */
#define PV_RSA_BITS_MIN          2048          /* bits: Notary's own floor */
#define PV_RSA_BITS_MAX          8192 /* bits: above this a verification is a denial of service */
#define PV_PBKDF2_ITERATIONS_MAX \
	10000000 /* count: a key file must not stall the process for minutes */

#define PV_ATTESTATION_BYTES_MAX \
	(8 * PV_KIB) /* bytes: DER of an attestation or a device: real 800 */
#define PV_ATTESTATION_FILE_BYTES_MAX \
	(4 * PV_ATTESTATION_BYTES_MAX)  /* bytes: both as PEM, 4/3 of it */
#define PV_ATTESTATION_CHAIN_MAX      4 /* certificates above a device's: root and intermediates */
#define PV_ATTESTATION_ROOTS_MAX      256 /* roots and intermediates; Yubico publishes about ten */
#define PV_ATTESTATION_FILES_MAX      256 /* files with them in a directory */
#define PV_ATTESTATION_EXTENSIONS_MAX 32  /* extensions of one certificate; real: 4 */

#define PV_JWE_BYTES_MAX      (16 * PV_KIB) /* bytes: one encrypted key of notary-signer; real: 500 */
#define PV_JWE_ITERATIONS_MIN 1000          /* count: RFC 7518's floor for PBES2 */
#define PV_JWE_ITERATIONS_MAX 100000 /* count: notary-signer has 8192; a row must not stall us */

/* token */
#define PV_APDU_COMMAND_BYTES_MAX (3 * PV_KIB) /* bytes: chained; a PIV card's objects have 3 KiB */
#define PV_APDU_ANSWER_BYTES_MAX  (16 * PV_KIB) /* bytes: one answer of a card, joined */
#define PV_TOKEN_ATTRIBUTE_BYTES_MAX \
	4096 /* bytes: one attribute of a key; explicit P-521 has 450 */
#define PV_TOKEN_TEXT_BYTES_MAX        4096 /* bytes: a URI, a name, a sentence of a token */
#define PV_TOKEN_KEYS_MAX              256  /* keys that one question is answered with */
#define PV_TOKEN_ATTESTATION_BYTES_MAX (16 * PV_KIB)  /* bytes: a certificate of an attestation */
#define PV_TOKEN_ANSWER_BYTES_MAX      (128 * PV_KIB) /* bytes: one message of pavise-token */
#define PV_TOKEN_QUESTION_BYTES_MAX \
	(PV_METADATA_BYTES_MAX + 64 * PV_KIB)   /* bytes: one message to pavise-token */
#define PV_TOKEN_RECORD_BYTES_MAX (32 * PV_KIB) /* bytes: tokens/ID.json of a trust directory */
#define PV_TOKEN_ASIDES_MAX       64 /* prompts, touches and warnings before one answer */
#define PV_TOKEN_ANSWER_MS        20000 /* milliseconds without a word from pavise-token; NFC takes 4 s */
#define PV_TOKEN_TOUCH_MS \
	90000 /* milliseconds that a touch is waited for; a key gives up after 15 s */
#define PV_TOKEN_QUIET_MS 200 /* milliseconds after which a signature must be waiting for a touch */

/* tuf */
#define PV_TIMESTAMP_BYTES_MAX   PV_MIB /* bytes: Notary client's limit for timestamp.json */
#define PV_METADATA_BYTES_MAX    (100 * PV_MIB) /* bytes: Notary client's limit for other roles */
#define PV_PUBLIC_KEY_BYTES_MAX  (256 * PV_KIB) /* bytes: Notary client's limit for *.key */
#define PV_ROLE_NAME_BYTES_MAX   255            /* bytes: Notary: shorter than 256 */
#define PV_TARGET_NAME_BYTES_MAX (4 * PV_KIB)   /* bytes: tags have 128; addhash takes any name */
#define PV_TARGETS_MAX           1000000        /* targets in one role */
#define PV_DELEGATIONS_MAX       4096 /* delegations in one role and roles in a snapshot */
#define PV_KEYS_MAX              4096 /* keys in one role's table */
#define PV_SIGNATURES_MAX        1024 /* signatures on one file */
#define PV_ROOT_ROTATIONS_MAX    1024 /* root versions followed in one update */
/* bytes: all former roots of a repository that is taken over; each has 3 KiB */
#define PV_FORMER_ROOTS_BYTES_MAX (64 * PV_MIB)
#define PV_GUN_BYTES_MAX          1024          /* bytes: a repository path */
#define PV_INDEX_BYTES_MAX        (64 * PV_MIB) /* bytes: the index of the remembered metadata */
#define PV_INDEX_FILE_BYTES_MIN   (16 * PV_KIB) /* bytes: a smaller role is read faster without */
#define PV_INDEX_MEMBER_BYTES_MAX (64 * PV_KIB) /* bytes: a target, named in the index */
#define PV_INDEX_SETTLE_MS        100 /* milliseconds: a file touched since then may be touched unseen */
#define PV_INDEX_SETTLE_COARSE_MS 3000 /* the same where files are stamped with whole seconds */

/* tuf: TUF 1.0 */
#define PV_TUF1_ROOT_BYTES_MAX PV_MIB /* bytes: a root; PV_ROOT_ROTATIONS_MAX may come in a row */
#define PV_TUF1_ROLES_MAX      262144 /* files in a snapshot; PyPI plans 16,384 hash bins */
#define PV_TUF1_PATHS_MAX      4096   /* path patterns of one delegation */
#define PV_TUF1_VISITS_MAX     256    /* delegated roles looked into for one target */

/* trust */
#define PV_CHANGE_BYTES_MAX \
	(16 * PV_MIB) /* bytes: one staged change: keys and paths of a delegation */
#define PV_CHANGES_MAX             100000       /* staged changes of one repository */
#define PV_KEY_IMPORT_BYTES_MAX    (4 * PV_MIB) /* bytes: one file of PEM blocks to import */
#define PV_CLIENT_CONFIG_BYTES_MAX PV_MIB       /* bytes: config.json of notary, config.yaml */
#define PV_PINS_MAX                4096         /* repositories, and keys of one, that are pinned */

/* oci */
#define PV_REFERENCE_BYTES_MAX \
	1024 /* bytes: host 255 + path 255 + tag 128 + digest 135 fit easily */
#define PV_MANIFEST_BYTES_MAX    (4 * PV_MIB) /* bytes: what registries accept */
#define PV_PLAN_BYTES_MAX        (64 * PV_MIB) /* bytes: all manifests of one image, held in memory */
#define PV_CONFIG_BYTES_MAX      (8 * PV_MIB)  /* bytes: an image configuration */
#define PV_LAYERS_MAX            512           /* layers in a manifest; overlay allows 500 */
#define PV_INDEX_MANIFESTS_MAX   1024          /* manifests in an index */
#define PV_INDEX_DEPTH_MAX       4             /* an index in an index in … */
#define PV_BLOB_BYTES_MAX        (64 * PV_GIB) /* bytes: one compressed layer */
#define PV_HTTP_HEADER_BYTES_MAX (64 * PV_KIB) /* bytes: one answer's header lines */
#define PV_HTTP_REDIRECTS_MAX    5             /* redirects followed for one request */

#define PV_REFERRERS_MAX      8  /* artifacts of one kind read of one image */
#define PV_REFERRER_BLOBS_MAX 32 /* blobs of such an artifact: attestations */

/* oci: the network, archives */
#define PV_HTTP_URL_BYTES_MAX       (16 * PV_KIB) /* bytes: signed redirects of object stores are long */
#define PV_HTTP_ERROR_BYTES_MAX     (64 * PV_KIB) /* bytes: kept of a failure's body */
#define PV_HTTP_CONNECT_SECONDS     10   /* seconds: until a connection stands, TLS included */
#define PV_HTTP_SLOW_BYTES_MIN      1024 /* bytes a second: below it a server counts as stalling */
#define PV_HTTP_SLOW_SECONDS        30   /* seconds below that before giving up */
#define PV_HTTP_PARALLEL            4    /* blobs at one time */
#define PV_HTTP_ATTEMPTS_MAX        5    /* times a broken-off blob is resumed without progress */
#define PV_TOKEN_BYTES_MAX          (64 * PV_KIB) /* bytes: a token service's answer */
#define PV_DOCKER_CONFIG_BYTES_MAX  PV_MIB        /* bytes: ~/.docker/config.json */
#define PV_HISTORY_ENTRIES_MAX      4096          /* history entries in a configuration */
#define PV_ARCHIVE_ENTRIES_MAX      100000 /* entries in a docker or OCI archive's outer tar */
#define PV_ARCHIVE_BYTES_MAX        (256 * PV_GIB) /* bytes: an archive spooled from standard input */
#define PV_ENGINE_MESSAGE_BYTES_MAX (64 * PV_KIB) /* bytes: one message of a Docker engine's push */
#define PV_ENGINE_STREAM_BYTES_MAX \
	(32 * PV_MIB) /* bytes: all of them; a push of 100 layers has 2 MB */

/* layer stream */
#define PV_LAYER_BYTES_MAX (256 * PV_GIB) /* bytes: one layer inflated */
#define PV_LAYER_RATIO_MAX 200 /* times: real layers stay under 20; zeros in gzip reach 1,032 */
#define PV_TAR_PATH_BYTES_MAX \
	4096 /* bytes: PATH_MAX, the NUL counted: longer names cannot be opened */
#define PV_TAR_PAX_BYTES_MAX        PV_MIB        /* bytes: one PAX header block */
#define PV_TAR_DEPTH_MAX            1024          /* components of a path */
#define PV_TAR_ENTRIES_MAX          20000000      /* entries in one layer */
#define PV_TAR_XATTRS_MAX           128           /* extended attributes of one entry */
#define PV_TAR_XATTR_NAME_BYTES_MAX 255           /* bytes: XATTR_NAME_MAX, what the kernel takes */
#define PV_TAR_XATTR_BYTES_MAX      (64 * PV_KIB) /* bytes: XATTR_SIZE_MAX, one value */
#define PV_LAYER_RATIO_FREE \
	(256 *              \
	 PV_MIB) /* bytes of tar below which the ratio does not count: a sparse file is no attack */
#define PV_ZSTD_WINDOW_LOG_MAX 27 /* log2 of bytes: 128 MiB, zstd's own default */

/* catalog */
#define PV_PACKAGE_DATABASE_BYTES_MAX \
	(256 * PV_MIB) /* bytes: a package database; Debian's largest is 40 MB */
#define PV_PACKAGE_FILE_BYTES_MAX \
	(4 * PV_MIB)                        /* bytes: one package.json, os-release, status.d file */
#define PV_PACKAGES_MAX            1000000  /* packages in one image */
#define PV_CATALOG_FILES_MAX       1000000  /* package files in one image */
#define PV_CATALOG_WORK_MAX        10000000 /* files visited to hide them: layers can repeat that */
#define PV_PACKAGE_FIELD_BYTES_MAX 4096     /* bytes: a name, a version, a purl */

/* vuln */
#define PV_OSV_RECORD_BYTES_MAX     (16 * PV_MIB) /* bytes: one OSV record; the largest seen has 5 MB */
#define PV_OSV_ID_BYTES_MAX         128 /* bytes: an advisory id; the longest seen has 40 */
#define PV_OSV_NAMES_MAX            8192 /* aliases, or upstreams, of one record; a kernel's has 900 */
#define PV_OSV_AFFECTED_MAX         65536         /* packages that one record affects */
#define PV_OSV_EVENTS_MAX           65536         /* events in a range, and ranges of a package */
#define PV_OSV_VERSIONS_MAX         262144        /* versions listed for a package */
#define PV_OSV_ENTRIES_BYTES_MAX    (64 * PV_MIB) /* bytes: what one record becomes in the database */
#define PV_OSV_RECORDS_MAX          20000000 /* records in one import; OSV.dev lists 2.1 million */
#define PV_OSV_EXPORT_BYTES_MAX     (4 * PV_GIB) /* bytes: one ecosystem's export; npm has 200 MB */
#define PV_VERSION_BYTES_MAX        1024         /* bytes: one version string */
#define PV_ECOSYSTEM_BYTES_MAX      128 /* bytes: "Red Hat:enterprise_linux:9::appstream" has 39 */
#define PV_ECOSYSTEMS_MAX           16384         /* ecosystems in one database */
#define PV_DATABASE_ABOUT_BYTES_MAX (16 * PV_MIB) /* bytes: what a database says of itself */
#define PV_DATABASE_SOURCES_MAX     4096          /* sources of one import */
#define PV_DATABASE_BYTES_MAX       (64 * PV_GIB) /* bytes: the advisory database's map */

/* policy and isolation */
#define PV_POLICY_BYTES_MAX       PV_MIB /* bytes: policy.yaml */
#define PV_POLICY_RULES_MAX       10000  /* rules in one policy */
#define PV_POLICY_ITEMS_MAX       4096   /* items of one list in a policy, and profiles */
#define PV_POLICY_VALUE_BYTES_MAX 4096   /* bytes: one value in a policy */
#define PV_ID_RANGE_SIZE          65536  /* ids: one container's user and group ids */
#define PV_UNPACK_DIRECTORY_BYTES_MAX \
	(256 * PV_MIB) /* bytes: names of a layer's directories, kept to the end for their times */
#define PV_USER_GROUPS_MAX     1024   /* supplementary groups of a container's user */
#define PV_ACCOUNTS_BYTES_MAX  PV_MIB /* bytes: an image's passwd or group */
#define PV_ARGUMENTS_MAX       4096   /* arguments, and variables, of a container's command */
#define PV_ARGUMENTS_BYTES_MAX PV_MIB /* bytes: all of them; execve(2) takes 2 MiB */
#define PV_LEDGER_ENTRIES_MAX  4093   /* ranges handed out at one time: all of them */

/* sandbox */
#define PV_WORKER_MEMORY_BYTES_MAX (1024 * PV_MIB) /* bytes: a worker's address space */
#define PV_WORKER_SECONDS_MAX      900             /* seconds of processor time for one image */

#define PV_WORKER_FILES_MAX         32 /* descriptors a worker may have: its own and the one it reads */
#define PV_WORKER_ANSWERS_BYTES_MAX (512 * PV_MIB) /* bytes: all records of one inspection */
#define PV_WORKER_ANSWER_MS \
	(PV_WORKER_SECONDS_MAX * 1000)        /* milliseconds: between two records of a worker */
#define PV_WORKER_SENTENCE_BYTES_MAX 1024     /* bytes: why something failed */
#define PV_TREE_ENTRIES_MAX          20000000 /* entries below a directory that is scanned */

/* service */
#define PV_HTTP_BODY_BYTES_MAX \
	(128 * PV_MIB) /* bytes: an upload: a large targets file and its relatives */
#define PV_HTTP_DISCARD_BYTES_MAX \
	PV_MIB                          /* bytes of an over-long chunked body read before closing */
#define PV_UPLOAD_PARTS_MAX       4096  /* parts in one upload */
#define PV_CHANGEFEED_RECORDS_MAX 10000 /* rows in one answer */
#define PV_SIGNER_MESSAGE_BYTES_MAX \
	(8 * PV_MIB)                   /* bytes: to or from the signer; a snapshot has 3 */
#define PV_SIGNER_CLIENTS_MAX       64 /* services connected to one signer at a time */
#define PV_SIGNER_NAMES_MAX         64 /* names of services that a signer is told to answer */
#define PV_SERVICE_CONFIG_BYTES_MAX (256 * PV_KIB) /* bytes: service.yaml, server-config.json */
#define PV_GUN_PREFIXES_MAX         1024           /* prefixes in a configuration */
#define PV_CACHE_AGE_SECONDS_MAX    31536000       /* seconds: a year, as Notary */
#define PV_ANSWER_CACHE_BYTES       (8 * PV_MIB) /* bytes: answers to reads, ready to be sent again */
#define PV_JWT_BYTES_MAX            (12 * PV_KIB) /* bytes: a bearer token; a long chain makes 8 KiB */
#define PV_JWT_CHAIN_MAX            8             /* certificates in a token's x5c */
#define PV_JWT_AUTHORITIES_MAX      256           /* certificates in a rootcertbundle */

/* store */
#define PV_STORE_ATTESTATIONS_MAX  4096    /* attestations kept for one GUN; it has as many keys */
#define PV_STORE_CONNECTIONS_MAX   256     /* connections to a database server */
#define PV_STORE_KEEP_VERSIONS_MAX 1000000 /* versions of a role that are kept whatever their age */

/* migrate */
#define PV_MIGRATE_FIELD_BYTES_MAX PV_METADATA_BYTES_MAX /* bytes: one value of a database */
#define PV_MIGRATE_ROWS_MAX        5000000 /* rows kept: roots, current files, the change feed */
#define PV_DUMP_BUFFER_BYTES       (64 * PV_KIB) /* bytes: read from a dump at one time */
#define PV_DUMP_COLUMNS_MAX        64            /* columns: Notary's tables have at most 13 */
#define PV_DUMP_NAME_BYTES_MAX     64 /* bytes: a column's name; MySQL's own limit, PostgreSQL: 63 */

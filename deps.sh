#!/bin/sh
# deps.sh: the only list of Debian 12 packages Pavise needs, by the job that needs them.
#
#   ./deps.sh [build|check|all]
#
# It does nothing when every package of the group is there; as root it installs the missing ones;
# otherwise it prints the one line to run and ends with status 1.
set -eu

# To compile and link.
build="gcc meson ninja-build pkg-config scdoc ca-certificates
	libglib2.0-dev libjansson-dev libyaml-dev libcyaml-dev libssl-dev libjose-dev
	libcurl4-openssl-dev libhttp-parser-dev libmicrohttpd-dev libgnutls28-dev libsqlite3-dev
	libpq-dev libmariadb-dev libisal-dev zlib1g-dev libzstd-dev libarchive-dev liblmdb-dev
	libseccomp-dev libcap-ng-dev libp11-kit-dev libpcsclite-dev"

# To run containers, and for the demonstration: a runtime, a registry, a real image.
run="crun runc docker-registry skopeo mmdebstrap jq openssl python3"

# To test: the peers, the sanitizers' and fuzzers' compiler, the test tools.
check="bats curl postgresql clang clang-format libclang-rt-14-dev llvm-14 python3 python3-cryptography
	notary sqlite3 zstd xz-utils
	busybox-static attr libcap2-bin libfaketime uidmap iproute2 procps apache2-utils bsdutils
	wrk mariadb-server docker.io containerd strace systemd
	pcscd vsmartcard-vpcd yubico-piv-tool ykcs11 opensc gnutls-bin p11-kit softhsm2
	libengine-pkcs11-openssl"

case "${1:-all}" in
build) wanted="$build" ;;
run) wanted="$build $run" ;;
check | all) wanted="$build $run $check" ;;
*)
	echo "usage: deps.sh [build|run|check|all]" >&2
	exit 2
	;;
esac

missing=
for package in $wanted; do
	case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" in
	"install ok installed") ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "deps.sh: packages are missing; run: sudo apt-get install -y --no-install-recommends$missing" >&2
	exit 1
fi
# Tests start an engine and databases of their own: what packages would start stays off.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi
echo "deps.sh: installing$missing"
apt-get update -qq
# shellcheck disable=SC2086  # a list of words is meant
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null

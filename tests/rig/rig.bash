# Virtual PIV cards behind Debian's pcscd and vpcd, for tests of hardware keys. Load it after helper.
#
#   rig_start                    pcscd in namespaces of its own; exports PCSCLITE_CSOCK_NAME
#   rig_root DIR                 a root of attestations: DIR/root.pem
#   rig_make NAME [OPTION...]    a new card in $rig/NAME.card, certified by $rig/root
#   rig_card NAME [0|1]          puts it in the first or second reader and waits until pcscd has it
#   rig_tell NAME WORD...        turns a switch of the card (tests/rig/switches.c lists them)
#   rig_remove NAME, rig_insert NAME
#   rig_apdus NAME               the commands it got since rig_forget NAME, one a line, in hex
#   rig_end NAME                 ends the card; its state stays
#   rig_one NAME                 rig_start with one new card in the first reader
#   rig_fresh NAME               makes that card what it was at first; nothing of it is counted yet
#   rig_stop                     ends all that rig_start and rig_card began
#
# All of it lives in $rig, a short path because of sockets. Nothing of the machine's own pcscd,
# readers and USB devices is seen or touched: /run, so also a bus with its polkit, is another there.

rig_program=${RIG_CARD:-$PAVISE_BIN/../../tests/rig/rig-card}
rig_port=35970 # in a network of its own
rig_reader="Yubico YubiKey OTP+FIDO+CCID"

rig_start() {
	export rig rig_pid
	rig=$(mktemp -d "${TMPDIR:-/tmp}/rig.XXXXXX")
	mkdir "$rig/reader" "$rig/drivers"
	cat >"$rig/reader/vpcd" <<-CONF
		FRIENDLYNAME "$rig_reader"
		DEVICENAME /dev/null:$rig_port
		LIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so
		CHANNELID $rig_port
	CONF
	export PCSCLITE_CSOCK_NAME=$rig/pcscd
	local user=()
	[ "$(id -u)" -eq 0 ] || user=(--user --map-root-user)
	unshare "${user[@]}" --net --mount --pid --fork --kill-child=KILL \
		bash -c 'ip link set lo up && mount -t tmpfs rig /run && mkdir /run/pcscd && exec python3 -c "$1" "$2"' \
		rig "$rig_listen" "$rig" >"$rig/pcscd.log" 2>&1 3>&- &
	rig_pid=$!
	rig_until "the readers do not open" rig_listens
}

# pcscd takes its socket from whoever starts it, as from systemd.
rig_listen='
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1] + "/pcscd")
os.chmod(sys.argv[1] + "/pcscd", 0o777)
listener.listen(16)
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), PCSCLITE_HP_DROPDIR=sys.argv[1] + "/drivers")
os.execvp("pcscd", ["pcscd", "-f", "-c", sys.argv[1] + "/reader"])
'

# rig_until WORDS COMMAND...: at most 30 s.
rig_until() {
	local i words=$1
	shift
	for i in $(seq 600); do
		"$@" && return 0
		sleep 0.05
	done
	echo "rig: $words" >&2
	tail -n 20 "$rig"/*.log >&2
	return 1
}

# In the namespaces of pcscd, so that all of it ends with them.
rig_inside() {
	local user=()
	[ "$(id -u)" -eq 0 ] || user=(--user="/proc/$rig_pid/ns/user" --preserve-credentials)
	exec nsenter "${user[@]}" --net="/proc/$rig_pid/ns/net" --pid="/proc/$rig_pid/ns/pid_for_children" "$@"
}

rig_listens() {
	grep -qiE "^ *[0-9]+: [0-9A-F]+:$(printf %04X $((rig_port + 1))) .* 0A " "/proc/$rig_pid/net/tcp" 2>/dev/null
}

rig_root() {
	mkdir -p "$1"
	"$rig_program" root "$1"
}

rig_make() {
	[ -d "$rig/root" ] || rig_root "$rig/root"
	"$rig_program" make "$rig/$1.card" --root "$rig/root" "${@:2}"
}

rig_card() {
	local number=${2:-0}
	[ -e "$rig/$1.card" ] || rig_make "$1"
	echo "$rig_reader 00 0$number" >"$rig/$1.reader"
	: >>"$rig/$1.log"
	(rig_inside "$rig_program" run "$rig/$1.card" --port $((rig_port + number)) \
		--control "$rig/$1.control" --log "$rig/$1.log") >>"$rig/$1.err" 2>&1 3>&- &
	rig_appear "$1"
	rig_forget "$1"
}

# rig_shows NAME Yes|No: whether pcscd tells its clients of the card. A question to the card itself would
# disturb a pcscd that has yet to find it gone.
rig_shows() {
	opensc-tool -l 2>/dev/null | grep -E "^[0-9]+ +$2 " | grep -qF "$(cat "$rig/$1.reader")"
}

rig_tell() {
	"$rig_program" tell "$rig/$1.control" "${@:2}"
}

rig_remove() {
	rig_tell "$1" remove
	rig_until "card $1 is still seen" rig_shows "$1" No
}

rig_insert() {
	rig_shows "$1" Yes || sleep 0.5 # pcscd looks each 0.4 s
	rig_tell "$1" insert
	rig_appear "$1"
}

# A card that is in again before pcscd looked is overlooked when a command had failed in between: then it
# is taken out for longer.
rig_appear() {
	local pause i
	for pause in 0.5 1 2 4; do
		for i in $(seq 60); do
			rig_shows "$1" Yes && return 0
			sleep 0.05
		done
		rig_tell "$1" remove || true
		sleep "$pause"
		rig_tell "$1" insert || true
	done
	rig_until "card $1 is not seen" rig_shows "$1" Yes
}

rig_forget() {
	: >"$rig/$1.log"
}

rig_apdus() {
	sed -n 's/^> //p' "$rig/$1.log"
}

# Ends the card's program, which is also a card pulled out.
rig_end() {
	rig_tell "$1" quit
	rig_until "card $1 is still seen" rig_shows "$1" No
}

rig_stop() {
	[ -n "${rig_pid:-}" ] || return 0
	# shellcheck disable=SC2046  # the namespaces' first process: all in them goes with it
	kill -KILL $(cat "/proc/$rig_pid/task/$rig_pid/children") 2>/dev/null || true
	wait "$rig_pid" 2>/dev/null || true
	rm -rf "$rig"
	unset rig_pid rig
}

rig_one() {
	rig_start
	rig_make "$1"
	cp "$rig/$1.card" "$rig/fresh"
	rig_card "$1"
}

rig_fresh() {
	cp "$rig/fresh" "$rig/$1.card"
	rig_tell "$1" load "$rig/$1.card"
	rig_insert "$1"
	rig_forget "$1"
}

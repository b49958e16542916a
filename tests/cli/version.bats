# pavise version compare: version orders for scripts.
load helper

compare() { pavise version compare --scheme "$1"; }

@test "a line of two versions gives a sign" {
	run compare dpkg <<<$'1.0 1.1\n1.0\t1.0-0\n2:1  1:9\n  1~rc1 1'
	[ "$status" -eq 0 ]
	[ "$output" = $'<\n=\n>\n<' ]
	run compare apk <<<$'1.0_rc1 1.0\n1.2.3-r10 1.2.3-r9'
	[ "$output" = $'<\n>' ]
	run compare semver <<<$'1.0.0-rc.1 1.0.0\n1.0.0+a 1.0.0+b\n1.10.0 1.9.0'
	[ "$output" = $'<\n=\n>' ]
}

@test "what is not valid gives !" {
	run compare dpkg <<<$'a 1\n1\n1 \n\n1 1-\n1.0 1.0'
	[ "$status" -eq 0 ]
	[ "$output" = $'!\n!\n!\n!\n!\n=' ]
	run compare semver <<<'1.0 1.0.0'
	[ "$output" = '!' ]
}

@test "a version has at most 1024 bytes" {
	for length in 1023 1024 1025 5000; do
		long=$(printf "%0${length}d" 7)
		printf '%s 8\n8 %s\n1 1\n' "$long" "$long" | compare dpkg >signs
		expected=$'<\n>\n='
		[ "$length" -le 1024 ] || expected=$'!\n!\n='
		[ "$(cat signs)" = "$expected" ]
	done
}

@test "a last line without an end is one" {
	run compare dpkg < <(printf '1 2\n3 2')
	[ "$output" = $'<\n>' ]
	run compare dpkg </dev/null
	[ "$status" -eq 0 ]
	[ "$output" = "" ]
}

@test "an unknown scheme is a usage error" {
	run pavise version compare --scheme roman </dev/null
	[ "$status" -eq 2 ]
	[[ "$output" == *'expected `compare --scheme SCHEME`; `pavise version --list` tells the schemes'* ]]
	run pavise version compare </dev/null
	[ "$status" -eq 2 ]
	run pavise version
	[ "$status" -eq 2 ]
	run pavise version --list
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 3 ]
}

# The judge is dpkg. Epochs, tildes, leading zeros, empty parts, long numbers.
@test "4,000 pairs are ordered as dpkg --compare-versions does" {
	python3 - >pairs <<'PYTHON'
import random
dice = random.Random(12)
def version():
    parts = "".join(dice.choice(["0", "1", "9", "10", "00", "01", "a", "z", "A", ".", "~", "+", "-",
                                 "rc", "deb12u1", "99999999999999999999"])
                    for _ in range(dice.randrange(5)))
    epoch = dice.choice(["", "", "", "0:", "1:", "00:", "2147483647:"])
    return epoch + dice.choice("0123012301230123a") + parts.rstrip("-")
def near(v):
    return dice.choice([v + "~", v + "-0", v + "0", v + "a", v.replace("0", "00", 1), "0:" + v, v[:-1] or "1", version()])
for _ in range(4000):
    one = version()
    two = near(one) if dice.random() < 0.7 else version()
    if two.count(":") > one.count(":") + 1 or two.endswith(("-", ":")):
        two = version()
    print(one, two)
PYTHON
	compare dpkg <pairs >ours
	while read -r one two; do
		if dpkg --validate-version "$one" 2>/dev/null && dpkg --validate-version "$two" 2>/dev/null; then
			if dpkg --compare-versions "$one" lt "$two"; then echo '<'
			elif dpkg --compare-versions "$one" gt "$two"; then echo '>'
			else echo '='; fi
		else
			echo '!'
		fi
	done <pairs >theirs
	[ "$(wc -l <theirs)" -eq 4000 ]
	for sign in '<' '=' '>' '!'; do
		[ "$(grep -cF "$sign" theirs)" -gt 10 ]
	done
	paste -d ' ' pairs ours theirs | awk '$3 != $4' | head
	cmp ours theirs
}

# Attestations as a YubiKey makes them: a certificate of the key with the device's policies, and the
# certificate of the device, which an authority signed.

# make_device DIR: an authority, and a device's key and certificate.
make_device() {
	mkdir -p "$1"
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/ca.key" 2>/dev/null
	openssl req -x509 -new -key "$1/ca.key" -subj '/CN=Test PIV Root CA' -days 30 -out "$1/ca.pem" 2>/dev/null
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/device.key" 2>/dev/null
	openssl pkey -in "$1/device.key" -pubout -out "$1/device.pub"
	echo 'basicConstraints=critical,CA:TRUE,pathlen:0' >"$1/device.ext"
	openssl x509 -new -force_pubkey "$1/device.pub" -subj '/CN=Yubico PIV Attestation' -days 30 \
		-extfile "$1/device.ext" -CA "$1/ca.pem" -CAkey "$1/ca.key" -out "$1/device.crt" 2>/dev/null
}

# attest DEVICE_DIR PUBLIC_KEY_PEM [TOUCH]: the attestation of the key, on standard output: firmware 5.7.1,
# PIN once, touch always (02) or as said.
attest() {
	printf '1.3.6.1.4.1.41482.3.%s\n' '3=DER:05:07:01' '7=DER:02:03:40:bb:f8' "8=DER:02:${3:-02}" '9=DER:01' >"$1/leaf.ext"
	openssl x509 -new -force_pubkey "$2" -subj '/CN=YubiKey PIV Attestation 9c' -days 30 \
		-extfile "$1/leaf.ext" -CA "$1/device.crt" -CAkey "$1/device.key" 2>/dev/null
	cat "$1/device.crt"
}

# role_key ROOT_JSON ROLE: the first key of ROLE in root.json, as PEM.
role_key() {
	python3 - "$1" "$2" <<-'PYTHON'
		import base64, json, subprocess, sys
		signed = json.load(open(sys.argv[1]))["signed"]
		key = signed["keys"][signed["roles"][sys.argv[2]]["keyids"][0]]
		public = base64.b64decode(key["keyval"]["public"])
		if key["keytype"].endswith("-x509"):
		    out = subprocess.run(["openssl", "x509", "-pubkey", "-noout"], input=public, capture_output=True, check=True)
		    sys.stdout.buffer.write(out.stdout)
		else:
		    out = subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER"], input=public, capture_output=True, check=True)
		    sys.stdout.buffer.write(out.stdout)
	PYTHON
}

# key_id PUBLIC_KEY_PEM: its canonical id (trust.md 2.2).
key_id() {
	local public
	public=$(openssl pkey -pubin -in "$1" -outform DER | base64 -w0)
	printf '{"keytype":"ecdsa","keyval":{"private":null,"public":"%s"}}' "$public" | sha256sum | cut -d' ' -f1
}

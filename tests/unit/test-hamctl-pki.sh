#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/unit/test-hamctl-pki.sh - a CA and two nodes by hamctl alone; QEMU takes
# what it made, for both ends of a connection, and OpenSSL the keys that a node
# made itself
set -euo pipefail
export LC_ALL=C

hamctl=$(realpath "${HAMCTL:-hamd/hamctl}")
scratch=$(mktemp -d)
server=
at_end() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	rm -rf "$scratch"
}
trap at_end EXIT
cd "$scratch"
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

# expect CODE TEXT COMMAND...: hamctl pki ends with it, and says so
expect() {
	local code=0 wanted=$1 text=$2
	shift 2
	said=$("$hamctl" pki "$@" 2>&1) || code=$?
	[ "$code" = "$wanted" ] || fail "pki $*: $code, not $wanted: $said"
	[[ $said == *"$text"* ]] || fail "pki $*: no '$text' in: $said"
}

expect 0 'the CA of lab, until' init lab --ca ca
expect 1 'is there already' init lab --ca ca
expect 0 'n1: until' issue n1 10.0.0.1 --ca ca --out n1
expect 2 'needs --out' issue n2 --ca ca
expect 0 '' status --dir n1 --node n1
[[ $said == *n1*36[45]* ]] || fail "not a year: $said"
expect 1 'no DNS name n2' status --dir n1 --node n2
expect 2 'not of both' status --dir n1 --ca ca

openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-subj /CN=whoever -keyout n2.key -out n2.csr 2>/dev/null
expect 0 'n2: until' issue n2 fd00::2 --ca ca --out n2 --csr n2.csr
[ ! -e n2/node.key ] || fail "a key was made for a request"
install -m 600 n2.key n2/node.key
expect 0 '' status --dir n2 --node n2

# of both kinds of end, as QEMU names them
creds() {
	local end
	mkdir "$1/creds"
	cp "$1/ca.pem" "$1/creds/ca-cert.pem"
	cp "$1/crl.pem" "$1/creds/ca-crl.pem"
	for end in client server; do
		cp "$1/node.pem" "$1/creds/$end-cert.pem"
		cp "$1/node.key" "$1/creds/$end-key.pem"
	done
}

# ask NODE: what n1's daemon serves, as that node
ask() {
	qemu-img info --image-opts \
		--object "tls-creds-x509,id=t,dir=$1/creds,endpoint=client" \
		"driver=nbd,path=$scratch/nbd,tls-creds=t,tls-hostname=n1,export=x"
}

if command -v qemu-storage-daemon >/dev/null; then
	creds n1
	creds n2
	truncate -s 1M disk
	qemu-storage-daemon \
		--object tls-creds-x509,id=t,dir=n1/creds,endpoint=server,verify-peer=on \
		--object authz-list,id=a,policy=deny,rules.0.match=O=hamd,,CN=n2,rules.0.policy=allow \
		--blockdev file,filename=disk,node-name=d \
		--nbd-server addr.type=unix,addr.path=nbd,tls-creds=t,tls-authz=a \
		--export nbd,id=e,node-name=d,name=x --pidfile pid &
	server=$!
	for _ in {1..200}; do
		[ ! -e pid ] || break
		sleep 0.05
	done
	ask n2 >out 2>&1 || fail "n2 is refused: $(cat out)"
	! ask n1 >out 2>&1 || fail "n1 is not in the list, and was let in"
fi

expect 0 'n1: until' renew n1 --ca ca --out n1
expect 0 '1 certificate revoked' revoke n2 --ca ca
expect 0 'was revoked before' revoke n2 --ca ca
expect 1 'of a node n3' revoke n3 --ca ca
expect 0 'revoked' status --ca ca
[ "$(grep -c . <<<"$said")" = 5 ] || fail "not a CA and three: $said"
"$hamctl" pki status --ca ca --json |
	python3 -c 'import json, sys
a = json.load(sys.stdin)
assert len(a["issued"]) == 3, a
assert [c["revoked"] for c in a["issued"]].count(True) == 1, a
assert a["ca"]["days"] in (3649, 3650), a' || fail "status --ca --json"
cp ca/crl.pem n2/crl.pem
expect 1 'revoked' status --dir n2 --node n2
expect 1 'n1/node.pem' status --dir nowhere/n1
[ "$failed" = 0 ]

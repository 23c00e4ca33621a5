#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-standstill.sh - a whole node stands still, is vouched for as dead,
# and wakes while its guest runs elsewhere (F13): the old QEMU stops at once, no
# write of it arrives, the frames that it sent are counted and told, its owner
# announces it again, and the node comes back as a newcomer; once within its lease
# and once after
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

mac=52:54:00:00:00:64
LEASE=30

conf() {
	small 800M replicas=1 | with_witness n3 |
		sed "s/^lease = .*/lease = ${LEASE}s/"
}
in_lab conf

if [ "$(cat "$HAMLAB/cgroup")" = - ]; then
	echo "this machine has no cgroup2 to freeze a node by"
	exit 77
fi

# group NODE: the control group of all that runs in it
group() {
	echo "$(cat "$HAMLAB/cgroup")/$1"
}

# What n3 sees of the network: a line for each frame of the guest by which a
# switch would learn where it is.
watch_frames() {
	"$lab" sh n3 python3 -u - "$mac" <<-'END'
		import socket, sys
		mac = bytes.fromhex(sys.argv[1].replace(":", ""))
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
		s.bind(("eth0", 0))
		print("ready")
		while True:
		    frame = s.recv(2048)
		    if frame[6:12] == mac and frame[12:14] == b"\x80\x35":
		        print("rarp")
	END
}

# n3 asks the guest something a hundred times a second, which it answers, also
# what has waited at its port while it stood still.
ask_guest() {
	echo ready
	exec "$lab" sh n3 ping -n -q -i 0.01 10.77.0.100
}

# wake NODE: and how long the old QEMU then goes on: until it is frozen or gone,
# and the processor time that its threads had, in ms
wake() {
	python3 - "$(group "$1")" <<-'END'
		import os, sys, time
		node = sys.argv[1]
		guest = node + "/hamd/web1"
		pid = open(guest + "/cgroup.procs").read().split()[0]
		tasks = f"/proc/{pid}/task"

		# a thread that has ended keeps what it had when it was seen last
		def look(had):
		    try:
		        for task in os.listdir(tasks):
		            with open(f"{tasks}/{task}/schedstat") as f:
		                had[task] = int(f.read().split()[0])
		    except (OSError, IndexError):
		        pass

		def stands():
		    try:
		        state = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1]
		        asked = open(guest + "/cgroup.freeze").read()
		        events = open(guest + "/cgroup.events").read()
		    except OSError:
		        return "gone"
		    if state.split()[0] in "ZX":
		        return "gone"
		    # by hamd, and not still from the node's own standstill
		    done = asked.strip() == "1" and "frozen 1" in events
		    return "frozen" if done else ""

		before = {}
		look(before)
		last = dict(before)
		start = time.monotonic()
		with open(node + "/cgroup.freeze", "w") as f:
		    f.write("0")
		while "frozen 1" in open(node + "/cgroup.events").read():
		    pass
		how = ""
		while not how:
		    if time.monotonic() > start + 30:
		        sys.exit("it goes on and on")
		    look(last)
		    how = stands()
		ran = sum(last.values()) - sum(before.values())
		print(f"{how} {(time.monotonic() - start) * 1e3:.1f} ms after it woke,"
		      f" ran {ran / 1e6:.1f} ms")
	END
}

rarps() {
	grep -c rarp "$work/frames" || :
}

more_rarps() {
	[ "$(rarps)" -gt "$1" ]
}

# Where the switch between the nodes believes the guest to be.
learned_at() {
	nsenter -t "$(cut -d' ' -f1 "$HAMLAB/root")" -n bridge fdb show br sw |
		grep -q "^$mac dev v${1#n} "
}

# The last record that the boot on $1 met with.
found_on() {
	awk '/^boot / { n = $4 } END { print n + 0 }' "$(console "$1")"
}

lease_is_over() {
	[ "$SECONDS" -gt $((asleep + LEASE)) ]
}

# round FROM TO: the guest runs on FROM, with a current copy on TO
round() {
	local from=$1 to=$2 since told
	writes_on "$from"
	since=$(last_event "$to")
	asleep=$SECONDS
	echo 1 >"$(group "$from")/cgroup.freeze"
	until_true "an operator vouches for it" \
		ctl "$to" fence confirm-off "$from"
	until_true "it runs on $to" guest_has "$to" web1 \
		"\"state\":\"running\",\"owner\":\"$to\""
	until_true "the switch has learned it" learned_at "$to"
	pid_of "$to" qemu-storage-daemon >/dev/null &&
		fail "who serves the old epoch's export on $to?"
	[ "$3" = within ] || until_true "$from's lease is over" lease_is_over
	ok "woken $3 its lease: the QEMU on $from is $(wake "$from")"
	until_true "it is told where it runs" event_has "$to" \
		'FRAMES_LEAKED.*up to [0-9]+ frames left its ports' "$since"
	told=$(rarps)
	cluster_whole
	"$audit" guests --expect "web1=$to"
	event_has "$from" 'ALARM.*it ran here after a standstill' ||
		fail "$from tells nothing: $(ctl "$from" events)"
	if [ "$3" = within ] && event_has "$from" 'ALARM.*the lease is over'; then
		ok "this machine was so slow that its lease was over, too"
	fi
	ok "$(ctl "$to" events | grep FRAMES_LEAKED | tail -n 1)"
	"$lab" logs "$to" hamd | grep -q 'web1: announced again' ||
		fail "$to has not announced it again"
	until_true "the announcements arrive" more_rarps "$told"
	until_true "the switch knows it" learned_at "$to"
	until_true "its disk is a copy again" guest_has "$to" web1 \
		"\"node\":\"$from\",\"state\":\"current\""
	writes_on "$to"
	# what the copy had taken as $from fell asleep may be acknowledged yet
	[ "$(acks "$from")" -le "$(found_on "$to")" ] ||
		fail "a write was acknowledged on $from that $to has not found"
	ok "$from is a newcomer: $(ctl "$to" guest list | tail -n 1)"
}

boot_on n1
until_true "there is a copy" guest_has n1 web1 '"node":"n2","state":"current"'
beside frames watch_frames
beside asking ask_guest
round n1 n2 within
round n2 n1 after
finish n1 web1 --reboots 2 --max-gap $((LEASE * 3000))
echo "PASS: who stood still stops first when it wakes"

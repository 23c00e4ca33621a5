# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/node.sh - one node of a lab: files, boot, daemons; sourced by
# hamlab, whose variables HAMLAB, BUILD, top, here and tools it uses
# shellcheck disable=SC2154

# When a process began, which tells it from a later one of the same number.
starttime() {
	local stat
	{ stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	echo "${20}"
}

# alive FILE: the process that the file names ("PID START") runs
alive() {
	local pid start
	read -r pid start <"$1"
	[ "$(starttime "$pid")" = "$start" ]
}

pid_in() {
	local pid _
	read -r pid _ <"$1"
	echo "$pid"
}

in_switch() {
	nsenter -t "$(pid_in "$HAMLAB/root")" -n "$@"
}

# node_number n2 -> 2
node_number() {
	local count
	count=$(cat "$HAMLAB/nodes")
	if [[ $1 =~ ^n([0-9]+)$ ]] && ((BASH_REMATCH[1] >= 1 &&
		BASH_REMATCH[1] <= count)); then
		echo "${BASH_REMATCH[1]}"
		return
	fi
	echo "hamlab: there is no node '$1', only n1 to n$count" >&2
	exit 2
}

node_is_on() {
	[ -e "$HAMLAB/n$1/pid" ] && alive "$HAMLAB/n$1/pid"
}

node_need() {
	node_is_on "$1" && return
	echo "hamlab: n$1 is off" >&2
	exit 3
}

node_cgroup() {
	local cgroup
	cgroup=$(cat "$HAMLAB/cgroup")
	if [ "$cgroup" = - ]; then echo -; else echo "$cgroup/n$1/init"; fi
}

# node_in I CMD...: in the node; node_enter does not return
node_in() {
	local i=$1
	shift
	PATH=$BUILD/hamd:$BUILD/hamd/ctl:$PATH HAMLAB_NODE=n$i \
		"$tools/labenter" "$(pid_in "$HAMLAB/n$i/pid")" \
		"$(node_cgroup "$i")" "$@"
}

node_enter() {
	local i=$1 cgroup pid
	shift
	cgroup=$(node_cgroup "$i")
	pid=$(pid_in "$HAMLAB/n$i/pid")
	PATH=$BUILD/hamd:$BUILD/hamd/ctl:$PATH HAMLAB_NODE=n$i \
		exec "$tools/labenter" "$pid" "$cgroup" "$@"
}

# node_files I N TOKEN
node_files() {
	local dir=$HAMLAB/n$1
	mkdir -p "$dir"/{stage,etc/hamd,etc/corosync,log/hamd} \
		"$dir"/lib/{corosync,hamd/images,hamd/boot}
	ln -s lib/hamd/images "$dir/images"
	corosync_conf "$2" "$3" >"$dir/etc/corosync/corosync.conf"
	cp -p "$HAMLAB/authkey" "$dir/etc/corosync/authkey"
	chmod 400 "$dir/etc/corosync/authkey"
	cp "$HAMLAB/cluster.conf" "$dir/etc/hamd/cluster.conf"
}

# A cgroup that hands controllers on may hold no processes itself.  One that ends
# meanwhile can't be moved, which is no failure.
empty_cgroup() {
	local end=$((SECONDS + 10)) stays p
	while mapfile -t stays <"$1/cgroup.procs"; [ ${#stays[@]} -gt 0 ]; do
		[ $SECONDS -lt $end ] ||
			die "processes stay in $1: ${stays[*]}"
		for p in "${stays[@]}"; do
			echo "$p" 2>/dev/null >"$1/init/cgroup.procs" || :
		done
	done
}

# Leaves the node running, linked to the switch, its address set.
node_boot() {
	local i=$1 dir=$HAMLAB/n$1 cgroup root pid hex
	cgroup=$(cat "$HAMLAB/cgroup")
	root=$(pid_in "$HAMLAB/root")
	[ "$cgroup" = - ] || {
		mkdir -p "$cgroup/n$i/init"
		cgroup=$cgroup/n$i
	}
	rm -f "$dir/booted"
	mkfifo "$dir/booted"
	"$tools/labenter" "$root" "$cgroup" \
		"$tools/labinit" detach "$dir/log/boot.log" \
		unshare -f -p -m -u -i -n -C "$here/node-boot" "n$i" "$dir" \
		"$tools/labinit" "$top" "$BUILD" "$HAMLAB"
	read -r -t 20 pid <>"$dir/booted" || pid=failed
	[ "$pid" != failed ] ||
		die "n$i does not boot: $(tail -n 3 "$dir/log/boot.log")"
	rm -f "$dir/booted"
	echo "$pid $(starttime "$pid")" >"$dir/pid"
	ln -sfn "/proc/$pid/root" "$dir/root"
	[ "$cgroup" = - ] || empty_cgroup "$cgroup"
	in_switch ip -batch - <<-END
	link add v$i type veth peer name eth0 netns $pid
	link set v$i master sw up
	END
	printf -v hex %02x "$i"
	nsenter -t "$pid" -n ip -batch - <<-END
	link add br0 address 52:54:00:77:00:$hex type bridge stp_state 0 forward_delay 0 mcast_snooping 0
	link set eth0 master br0 up
	addr add 10.77.0.$i/24 dev br0
	link set br0 up
	END
}

node_corosync() {
	node_in "$1" "$tools/labinit" detach /var/log/corosync.err corosync -f
}

# Until corosync there takes connections: hamd refuses to start before.
node_wait_corosync() {
	local i=$1 end=$((SECONDS + 15))
	until node_in "$i" corosync-cmapctl -g runtime.config.totem.token \
		>/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || die "n$i: corosync does not answer"
		sleep 0.05
	done
}

# node_wait_ring I MEMBERS DEADLINE: corosync there is quorate with that many
node_wait_ring() {
	local i=$1 want=$2 end=$3 said
	while :; do
		said=$(node_in "$i" corosync-quorumtool -s 2>&1 || :)
		if [[ $said =~ Nodes:\ +([0-9]+) ]] &&
			[ "${BASH_REMATCH[1]}" = "$want" ] &&
			[[ $said =~ Quorate:\ +Yes ]]; then
			return
		fi
		if [ "$SECONDS" -ge "$end" ]; then
			cat "$HAMLAB/n$i/log/corosync.err" >&2 || :
			tail -n 5 "$HAMLAB/n$i/log/corosync.log" >&2 || :
			die "n$i: corosync is not quorate with $want nodes"
		fi
		sleep 0.1
	done
}

# Random bytes, so that copying it is work and a wrong block shows; a cipher
# makes them ten times faster than /dev/urandom.
make_image() {
	local file=$HAMLAB/n$1/images/$2
	[[ $3 =~ ^[0-9]+[KMGT]?$ ]] || bad_usage "a size is like 512M, not $3"
	[[ $2 != */* ]] || bad_usage "an image has a name, not a path"
	(umask 077
	head -c "$3" /dev/zero | openssl enc -aes-128-ctr -nosalt \
		-K "$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')" \
		-iv 00000000000000000000000000000000 >"$file") ||
		die "cannot write $file"
}

hamd_built() {
	[ -x "$BUILD/hamd/hamd" ]
}

hamd_runs() {
	# shellcheck disable=SC2016
	node_in "$1" sh -c 'pid=$(cat /run/hamlab-hamd) &&
		[ "$(readlink "/proc/$pid/exe")" = "$1" ]' sh \
		"$BUILD/hamd/hamd" 2>/dev/null
}

hamd_start() {
	! hamd_runs "$1" || die "n$1: hamd runs already"
	rm -f "$HAMLAB/n$1/root/run/hamlab-hamd"
	# shellcheck disable=SC2016
	node_in "$1" "$tools/labinit" detach /var/log/hamd.log sh -c \
		'echo $$ >/run/hamlab-hamd && exec "$1" -f' sh "$BUILD/hamd/hamd"
}

# Started and gone again.  Its program is no proof: it may be a shell yet.
hamd_ended() {
	# shellcheck disable=SC2016
	node_in "$1" sh -c 'pid=$(cat /run/hamlab-hamd) &&
		! kill -0 "$pid"' 2>/dev/null
}

# Until its admin socket takes a connection.
hamd_wait() {
	local i=$1 end=$((SECONDS + 30)) sock
	sock=UNIX-CONNECT:/run/hamd/admin.sock
	until node_in "$i" socat -u OPEN:/dev/null "$sock" 2>/dev/null; do
		if [ "$SECONDS" -ge "$end" ] || hamd_ended "$i"; then
			tail -n 5 "$HAMLAB/n$i/log/hamd.log" >&2 || :
			die "n$i: hamd does not answer"
		fi
		sleep 0.05
	done
}

# hamd_end I TERM|KILL
hamd_end() {
	hamd_runs "$1" || die "n$1: hamd does not run"
	# shellcheck disable=SC2016
	node_in "$1" sh -c 'pid=$(cat /run/hamlab-hamd) &&
		kill "-$2" "$pid" && exec "$1" gone "$pid" 15' sh \
		"$tools/labinit" "$2" || die "n$1: hamd does not end"
}

node_status() {
	local i=$1 said quorate=no members=0 hamd=stopped
	if ! node_is_on "$i"; then
		echo "n$i off"
		return
	fi
	said=$(node_in "$i" corosync-quorumtool -s 2>&1 || :)
	[[ ! $said =~ Nodes:\ +([0-9]+) ]] || members=${BASH_REMATCH[1]}
	[[ ! $said =~ Quorate:\ +Yes ]] || quorate=yes
	! hamd_runs "$i" || hamd=running
	echo "n$i on pid $(pid_in "$HAMLAB/n$i/pid") members $members" \
		"quorate $quorate hamd $hamd"
}

# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/bmc.sh - a BMC for each node: OpenIPMI's ipmi_sim; sourced by hamlab
#
# That of nI answers IPMI 2.0 at 10.77.0.(200+I), user ham, with the password in
# /etc/hamd/secrets/nI of every node.  It lives in the lab's root, at the switch,
# so no cut between nodes reaches it, and it ends with the lab.  The power it
# tells of and switches is the lab's (bmc-power, `hamlab switch`).
# shellcheck disable=SC2154

bmc_need() {
	local tool
	for tool in ipmi_sim ipmitool; do
		command -v "$tool" >/dev/null && continue
		echo "hamlab: $tool is missing: run tests/setup.sh" >&2
		exit 77
	done
}

bmc_address() {
	echo "10.77.0.$((200 + $1))"
}

# bmc_files I N
bmc_files() {
	local dir=$HAMLAB/bmc/n$1 k secret
	mkdir -p "$dir/state"
	secret=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
	(umask 077
	echo "$secret" >"$dir/secret"
	for ((k = 1; k <= $2; k++)); do
		mkdir -p "$HAMLAB/n$k/etc/hamd/secrets"
		cp "$dir/secret" "$HAMLAB/n$k/etc/hamd/secrets/n$1"
	done
	cat >"$dir/lan.conf" <<-END
	name "n$1"
	set_working_mc 0x20
	startlan 1
	  addr $(bmc_address "$1") 623
	  priv_limit admin
	  allowed_auths_admin md5
	  guid "hamlab-n$1"
	endlan
	chassis_control "'$here/bmc-power' '$HAMLAB' $1"
	user 2 true "ham" "$secret" admin 10
	END
	)
	cat >"$dir/bmc.emu" <<-END
	mc_setbmc 0x20
	mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0 0
	mc_enable 0x20
	END
}

# Its PID as the machine has it: the lab's root keeps the machine's /proc.
bmc_run() {
	local dir=$HAMLAB/bmc/n$1
	# shellcheck disable=SC2016
	"$tools/labenter" "$(pid_in "$HAMLAB/root")" - \
		"$tools/labinit" detach "$dir/log" sh -c '
		read -r pid _ </proc/self/stat
		echo "$pid" >"$1/pid.new" && mv "$1/pid.new" "$1/pid"
		exec ipmi_sim -n -c "$1/lan.conf" -f "$1/bmc.emu" -s "$1/state"
		' sh "$dir"
}

bmc_ask() {
	in_switch ipmitool -I lanplus -C 3 -N 1 -R 1 -U ham \
		-H "$(bmc_address "$1")" -f "$HAMLAB/bmc/n$1/secret" \
		chassis power "$2"
}

bmc_start_all() {
	local n=$1 i end=$((SECONDS + 30))
	for ((i = 1; i <= n; i++)); do
		in_switch ip addr add "$(bmc_address "$i")/24" dev sw
		bmc_files "$i" "$n"
		bmc_run "$i"
	done
	for ((i = 1; i <= n; i++)); do
		until bmc_ask "$i" status >/dev/null 2>&1; do
			[ "$SECONDS" -lt "$end" ] || die "the BMC of n$i does" \
				"not answer: $(tail -n 3 "$HAMLAB/bmc/n$i/log")"
			sleep 0.05
		done
	done
}

# cmd_bmc I VERB
cmd_bmc() {
	local pid
	[ -e "$HAMLAB/bmc/n$1/pid" ] ||
		die "n$1 has no BMC: hamlab up N --bmc"
	pid=$(pid_in "$HAMLAB/bmc/n$1/pid")
	[ "$(readlink "/proc/$pid/exe")" = "$(command -v ipmi_sim)" ] ||
		die "the BMC of n$1 has ended"
	case ${2-} in
	freeze) kill -STOP "$pid" ;;
	thaw) kill -CONT "$pid" ;;
	status | on | off) bmc_ask "$1" "$2" ;;
	*) bad_usage "bmc NODE status|on|off|freeze|thaw" ;;
	esac
}

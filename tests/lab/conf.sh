# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/conf.sh - the configuration files of a lab; sourced by hamlab
# Prints only.  What the guest's options mean: tests/lab/guest/guestwork.c.

# corosync_conf N TOKEN_MS
corosync_conf() {
	local n=$1 token=$2 i
	cat <<-END
	totem {
	  version: 2
	  cluster_name: hamlab
	  transport: knet
	  crypto_cipher: aes256
	  crypto_hash: sha256
	  token: $token
	  seqno_unchanged_const: 3
	}
	quorum {
	  provider: corosync_votequorum
	  expected_votes: $n
	END
	if [ "$n" = 2 ]; then
		printf '  two_node: 1\n  wait_for_all: 1\n'
	fi
	# the root cgroup is the machine's, not the node's
	cat <<-END
	}
	system {
	  move_to_root_cgroup: no
	}
	logging {
	  to_stderr: no
	  to_syslog: no
	  to_logfile: yes
	  logfile: /var/log/corosync.log
	  timestamp: hires
	}
	nodelist {
	END
	for ((i = 1; i <= n; i++)); do
		cat <<-END
		  node {
		    ring0_addr: 10.77.0.$i
		    name: n$i
		    nodeid: $i
		  }
		END
	done
	echo "}"
}

# guest_conf K: the K-th guest, webK.  A test may hold a hand-over, and a busy
# machine does: what max_pause does about that is test-limits.sh's.
guest_conf() {
	local name=web$1 host=$((99 + $1)) mac
	printf -v mac '52:54:00:00:00:%02x' "$host"
	cat <<-END

	[guest $name]
	memory = 256M
	cpus = 1
	max_pause = 20s
	machine = pc-q35-10.0
	cpu = qemu64
	kernel = /var/lib/hamd/boot/vmlinuz
	initrd = /var/lib/hamd/boot/guest.cpio.gz
	append = console=ttyS0 quiet ip=10.77.0.$host/24 dirty=64 rate=4 wr=2

	[disk $name/root]
	path = /var/lib/hamd/images/$name-root.raw
	size = 512M

	[port $name/lan]
	bridge = br0
	mac = $mac
	address = 10.77.0.$host
	END
}

# cluster_conf NODES GUESTS
cluster_conf() {
	local i
	cat <<-END
	[cluster]
	version = 1
	accel = tcg
	lease = auto
	guest_uids = 61000-61999
	migration_bandwidth = 800M
	END
	# tests let a node die more often than any should
	echo 'quarantine_after = 0'
	for ((i = 1; i <= $1; i++)); do
		printf '\n[node n%d]\naddress.migration = 10.77.0.%d\n' "$i" "$i"
	done
	for ((i = 1; i <= $2; i++)); do
		guest_conf "$i"
	done
}

# conf_disks FILE: "PATH SIZE" of each disk that lies in the lab's folder
conf_disks() {
	awk -F ' *= *' '
		/^\[/ { path = ""; size = "" }
		/^\[/ { disk = /^\[disk / }
		disk && $1 == "path" { path = $2 }
		disk && $1 == "size" { size = $2 }
		disk && path ~ /^\/var\/lib\/hamd\/images\// && size != "" {
			print path, size
			disk = 0
		}' "$1"
}

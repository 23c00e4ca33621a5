#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-health.sh - a node that is not well loses its guests before it
# dies: they leave it live, none comes, and if that happens too often it is
# quarantined; a limit that can't be measured there is told of and changes nothing
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

check=/var/lib/hamd/look-well

conf() {
	small 60M | sed "s|^quarantine_after = .*|quarantine_after = 3|
		s|^\\[node n1\\]\$|&\\nhealth.interval = 1s\\nhealth.hold = 3s\\nhealth.command = $check|
		s|^\\[node n3\\]\$|&\\nhealth.interval = 1s\\nhealth.disk_free = 1M\\nhealth.temperature = 200|"
}
in_lab conf

# node_has NODE PATTERN: in n2's line of that node
node_has() {
	ctl n2 node list | grep -qE -e "^$1 +$2"
}

bad() {
	on n1 touch /var/lib/hamd/bad
}

well() {
	on n1 rm -f /var/lib/hamd/bad
}

# warns NODE PATTERN: a warning in its own status
warns() {
	ctl "$1" status | grep -qE -e "^WARNING: $2"
}

has_sensor() {
	[ -n "$(find /sys/class/hwmon/ -mindepth 1 -print -quit 2>/dev/null)" ]
}

# how often n3 has told that
told_times() {
	ctl n3 --json events | grep -o "\"event\":\"$1\"" | wc -l
}

# a folder of images that is not there, and no sensor: no value, no bad sign
images=/var/lib/hamd/images
on n3 mv "$images" "$images.away"
until_true "n3 warns" warns n3 \
	"health: disk_free cannot be measured: $images: No such file"
if has_sensor; then
	ok "this machine has sensors"
else
	until_true "n3 warns of sensors, too" warns n3 \
		'health: temperature cannot be measured: no sensor in /sys/class/hwmon'
fi
gaps=$(told_times HEALTH_UNMEASURED)
on n3 mv "$images.away" "$images"
until_true "it is measured again" event_has n3 \
	'HEALTH_MEASURED.*disk_free is measured again'
warns n3 'health: disk_free' && fail "n3 warns still: $(ctl n3 status)"
node_has n3 online || fail "a missing value counts: $(ctl n2 node list)"
[ "$(told_times HEALTH_UNMEASURED) $(told_times HEALTH_MEASURED)" = "$gaps 1" ] ||
	fail "not told once: $(ctl n3 events)"
ok "$(ctl n3 events | grep HEALTH_ | cut -d' ' -f3- | paste -sd'|')"

# a command that is not there says nothing good
until_true "n1 is unhealthy" node_has n1 'unhealthy .*look-well'
expect_rc 1 ctl n2 guest start web1 --node n1
said_has 'n1 is unhealthy'
on n1 sh -c "cat >$check && chmod 755 $check" <<-'END'
	#!/bin/sh
	[ ! -e /var/lib/hamd/bad ] || { echo "fan 2 stands still"; exit 1; }
END
until_true "n1 is well" node_has n1 online
ok "a command that is missing"

boot_on n1
bad
until_true "n1 is unhealthy" node_has n1 'unhealthy .*fan 2 stands still'
until_true "web1 has left" guest_has n3 web1 \
	'"state":"running","owner":"n[23]".*"ok":true'
on n1 test -e "$check" || fail "n1 is gone: that was no health check"
now=$(ctl n2 --json guest show web1 | grep -o '"owner":"n[23]"' |
	grep -o 'n[23]')
writes_on "$now"
expect_rc 1 ctl n2 guest migrate web1 n1
said_has 'n1 is unhealthy \(command: fan 2 stands still\)'
expect_rc 0 ctl n3 status
said_has 'WARNING: n1 is unhealthy, command: fan 2 stands still'
expect_rc 1 ctl n2 node undrain n1
said_has 'before it is well again'
ok "a guest leaves: $(ctl n3 events | grep MIGRATION_DONE | tail -n 1)"

# its hamd is killed meanwhile: what is bad is bad still
"$lab" hamd n1 kill
"$lab" hamd n1 start
cluster_whole
node_has n1 unhealthy || fail "forgotten: $(ctl n2 node list)"
well
until_true "n1 is well" node_has n1 online
guest_has n3 web1 "\"state\":\"running\",\"owner\":\"$now\"" ||
	fail "it was moved back: $(ctl n3 guest show web1)"
ok "well again"

# three times within the hour, by this life of hamd
for i in 1 2 3; do
	bad
	until_true "n1 is unhealthy" node_has n1 unhealthy
	well
	[ "$i" = 3 ] || until_true "n1 is well" node_has n1 online
done
until_true "n1 is quarantined, and well" node_has n1 \
	'quarantined +.*unhealthy 3 times within 60 min'
expect_rc 1 ctl n2 guest migrate web1 n1
said_has 'n1 is quarantined'
ok "quarantined"

ctl n2 node undrain n1
until_true "n1 is as ever" node_has n1 online
ctl n2 guest migrate web1 n1
finish n1
echo "PASS: guests leave a node that is not well"

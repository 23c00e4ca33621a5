#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-history.sh - a migration that went well and one that was called
# off are in the history of all nodes, with who asked, and outlive hamd
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 20M

# entry NODE ID: its row there
entry() {
	ctl "$1" history | grep "^$2 "
}

in_history() {
	entry "$1" web1-1 | grep -q 'live *web1 *n1 -> n2 *done' &&
		entry "$1" web1-2 | grep -q 'live *web1 *n2 -> n1 *failed'
}

everywhere() {
	local node
	for node in $(every_node); do
		until_true "both are in the history of $node" in_history "$node"
		[ "$(ctl "$node" history | wc -l)" = 3 ] ||
			fail "more in the history of $node than there was"
	done
}

boot_on n1
expect_rc 0 ctl n3 guest migrate web1 n2
runs_on n2
begin n1
until_true "data flows" copying
expect_rc 0 ctl n1 guest cancel web1
ended 6
everywhere
ok "the same on all nodes: $(entry n1 web1-1)"

for node in $(every_node); do
	expect_rc 0 ctl "$node" explain web1-1
	said_has 'Ordered by uid 0, pid [0-9]+ on n3: migrate to n2' \
		'^Copying took ' '^Handing over took ' 'stood still for ' \
		'in [0-9]+ pass'
	expect_rc 0 ctl "$node" explain web1-2
	said_has 'on n3: migrate to n1' 'asked: uid 0, pid [0-9]+ on n1: cancel' \
		'^Copying was cut short' 'failed after .*: cancelled by an'
done
ok "explained by each: $(grep asked: <<<"$said" | tail -n 1)"

ctl n1 history --export csv >"$work/csv"
ctl n2 history --export json >"$work/json"
ctl n3 explain web1-2 --svg /run/plot.svg
python3 - "$work/csv" "$work/json" "$(root n3)/run/plot.svg" <<'END'
import csv, json, sys, xml.etree.ElementTree as ET
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
with open(sys.argv[2], encoding="utf-8") as file:
    entries = json.load(file)
ids = ["web1-2", "web1-1"]
assert [row["id"] for row in rows] == ids, rows
assert [entry["id"] for entry in entries] == ids, entries
assert float(rows[1]["stopped_ms"]) > 0 and rows[0]["stopped_ms"] == "", rows
assert len(list(ET.parse(sys.argv[3]).iter(
    "{http://www.w3.org/2000/svg}polyline"))) == 3
END
ok "exports can be read"

for node in $(every_node); do
	"$lab" hamd "$node" restart
	cluster_whole
done
everywhere
ctl n2 explain web1-1 | grep -q '^Ordered by uid 0' || fail "explain n2"
ok "and after hamd was started anew"

# one of a newer hamd is left as it is, which is told, and hamd goes on
"$lab" hamd n3 stop
# inside: SQLite resolves links by itself, and would miss the node's folder
on n3 python3 -c 'import sqlite3
sqlite3.connect("/var/lib/hamd/history.db").execute("PRAGMA user_version=9")'
"$lab" hamd n3 start
cluster_whole
until_true "status warns of it" status_has n3 \
	'no history of migrations is kept here: .*has format 9'
expect_rc 1 ctl n3 history
said_has 'has format 9'
event_has n3 '"ALARM".*has format 9' || fail "it is not told"
ok "a newer one is refused: $said"

"$lab" hamd n3 stop
printf 'no database' >"$(root n3)/var/lib/hamd/history.db"
rm -f "$(root n3)"/var/lib/hamd/history.db-*
"$lab" hamd n3 start
cluster_whole
until_true "it says so" event_has n3 'history of migrations begins anew'
[ "$(ctl n3 history | wc -l)" = 1 ] || fail "n3 still has a history"
[ -e "$(root n3)/var/lib/hamd/history.db.damaged" ] || fail "nothing aside"
ok "a damaged one is put aside"

finish n2 web1
echo "PASS: migrations are in the history of all nodes"

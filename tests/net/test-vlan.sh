#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/net/test-vlan.sh [BUILD_DIR] - ports of a bridge that filters by VLAN
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
BUILD=${1:-${BUILD:-$here/../../build}}
modules=(llc stp bridge garp mrp 8021q tun veth)
tools=("$BUILD/tests/net/port_tool" "$BUILD/tests/net/probe_tool")
programs=(bash ip bridge grep sed)
files=()
extra=()
megabytes=384
seconds=150
steps=vlan_steps.sh
# shellcheck source=tests/net/machine.sh
. "$here/machine.sh"

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/sim/mutants.py - switch off one guard of the core, and be found out

mutants.py [--seconds N] [--jobs N] [--quick] [--list | --texts] [NAME...]

Each mutant is a copy of hamd/core/ with a text replaced; the simulator is
built on it and must find a broken rule within 60 s of one processor, by chance
or told a story (STORIES).  A mutant that lives is a guard that nothing tests,
or no guard at all: exit 1; so is one that only crashes the simulator.  A seed
that breaks a rule on the core as it is finds no mutant, and is exit 1.  A text
that is not found exactly once is an error (2): the core has changed, the mutant
must follow; --texts looks at that alone.  --quick: those that are found within
some seconds.  Needs cc and pkg-config; refuses to touch the tree itself.
"""

import argparse
import collections
import concurrent.futures
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER = TOP / "tests" / "sim" / "stories"

# name: [(file, text, replacement), ...]
MUTANTS = {
    "commit-before-effect": [(
        "evaluate.c",
        "ham_pos_compare(local->changed_at, core->committed) > 0 ||", "")],
    "death-before-promotion": [
        ("record_check.c",
         "if (!guest->owner_dead)\n\t\treturn \"its owner",
         "if (!guest->phase)\n\t\treturn \"its owner"),
        ("evaluate.c", "if (guest->owner_dead)\n\t\tham_death_promote",
         "if (guest->owner_dead || !ham_is_joined(core, guest->owner))\n"
         "\t\tham_death_promote")],
    "promotion-is-no-outcome": [(
        "record.c", "guest->epoch += 3;\n\tguest->phase = HAM_GUEST_STARTED;\n"
        "\tguest->owner = op->node;\n\tguest->dst",
        "guest->epoch++;\n\tguest->phase = HAM_GUEST_STARTED;\n"
        "\tguest->owner = op->node;\n\tguest->dst")],
    "start-is-no-outcome": [(
        "record.c", "guest->epoch += guest->epoch ? 3 : 1;",
        "guest->epoch++;")],
    "count-whom-it-names": [(
        "exchange.c",
        "!(newcomers & ham_bit(core->self)) ||\n"
        "\t\t    (msg->members & ham_members(core) & ~newcomers)) {",
        "!(newcomers & ham_bit(core->self))) {")],
    "ghost-filter": [(
        "view.c", "core->group_mask & core->totem_mask", "core->group_mask")],
    "turn-comes": [(
        "evaluate.c", "launch_queued(core);\n\tham_queue_mind(core);",
        "launch_queued(core);")],
    "position-order": [(
        "exchange.c", "ham_pos_compare(e->pos, core->exchange[best].pos) > 0",
        "ham_pos_compare(e->pos, core->exchange[best].pos) < 0")],
    "tentative-tail": [(
        "exchange.c",
        "const char *refusal = ham_msg_adopt_guests(msg, &core->record);",
        "const char *refusal = core->record.n_guests > msg->n_guests\n"
        "\t\t? (core->record.pos = msg->pos, NULL)\n"
        "\t\t: ham_msg_adopt_guests(msg, &core->record);")],
    "closed-before-stored": [(
        "replicate.c", "ham_any_hold(core) ||", "")],
    "stored-after-fsync": [(
        "replicate.c",
        "ham_command_verdict(core, msg->proposal, &msg->op, refusal);\n"
        "\tham_view_recheck(core);",
        "ham_command_verdict(core, msg->proposal, &msg->op, refusal);\n"
        "\tcore->durable = core->record.pos;\n"
        "\tham_tell_stored(core, false);\n"
        "\tham_view_recheck(core);")],
    "launched-when-stored": [(
        "evaluate.c",
        "if (ham_pos_compare(core->durable, local->changed_at) < 0)\n"
        "\t\treturn;\n\tif (!guest->wanted",
        "if (!guest->wanted")],
    "undisturbed": [(
        "doubt.c",
        "return ham_ring_equal(local->cutover_ring, core->totem) &&",
        "return")],
    "majority": [(
        "view.c", "? 1 : core->config.n_nodes / 2 + 1;",
        "? 1 : core->config.n_nodes / 2;")],
    "yielded-is-yielded": [(
        "doubt.c", "case HAM_L_S_HALTED:\n\t\treturn HAM_STANDING_HOLDS;",
        "case HAM_L_S_HALTED:\n\tcase HAM_L_S_YIELDED:\n"
        "\t\treturn HAM_STANDING_HOLDS;"), (
        "doubt.c", "case HAM_L_S_EMPTY:\n\tcase HAM_L_S_YIELDED:\n",
        "case HAM_L_S_EMPTY:\n"), (
        "evaluate.c", "case HAM_L_S_YIELDED:\n\t\tevaluate_yielded(core, "
        "local, guest);\n\t\tbreak;\n\tcase HAM_L_S_HALTED:",
        "case HAM_L_S_YIELDED:\n\tcase HAM_L_S_HALTED:")],
    "outdated-ends-the-migration": [(
        "record.c",
        "if (guest->phase == HAM_GUEST_MIGRATING && guest->dst == op->node)\n"
        "\t\tstay(guest, op->reason);", "")],
    "outdated-before-writes-go-on": [(
        "copies.c",
        "ham_guest_is_current(guest, slot->node) ||\n"
        "\t\t    ham_guest_is_syncing(guest, slot->node))\n"
        "\t\t\tcontinue;",
        "((ham_guest_is_current(guest, slot->node) ||\n"
        "\t\t    ham_guest_is_syncing(guest, slot->node)) &&\n"
        "\t\t     !slot->failed))\n\t\t\tcontinue;")],
    "equal-before-it-counts": [(
        "copies.c", "if (slot && !slot->filling && !slot->failed &&\n"
         "\t\t    !slot->dropping)",
        "if (slot && !slot->failed)")],
    "resized-or-nobody-knows": [(
        "resize.c", "if (event->value == 1)", "if (!event->flag)")],
    "resized-by-this-order": [(
        "resize.c", "if (local->resized == resize_key(guest)) {",
        "if (local->resized) {")],
    "moves-to-a-copy-that-counts": [(
        "record.c",
        "bool equal = to && op->node == to &&\n"
        "\t\t     (guest->common || (op->txn == HAM_ENDED_EQUAL &&\n"
        "\t\t\t\t\tham_guest_is_current(guest, to)));",
        "bool equal = to != 0;")],
    "cold-is-never-resumed": [(
        "evaluate.c", "if (guest->epoch == local->epoch && guest->cold) {",
        "if (false) {")],
    "one-size-on-all": [(
        "record.c", "\tguest->grow_size = op->txn;\n"
        "\toutdate_others(guest, guest->owner, 0, 0);",
        "\tguest->grow_size = op->txn;")],
    "clean-or-given-up": [
        ("copies.c", "if (!guest->clean) {", "if (guest->phase == 77) {"),
        ("applied.c", "if (guest->clean && ham_guest_is_current(",
         "if (ham_guest_is_current(")],
    "start-from-a-current-copy": [(
        "record.c",
        "return ham_guest_is_current(guest, node) &&\n"
        "\t       (guest->shared == shared || guest->owner == node);",
        "return shared == guest->shared || common || node;")],
    "promote-a-current-copy": [
        ("record_check.c",
         "return ham_guest_may_own(guest, op->node)\n"
         "\t\t       ? NULL\n"
         "\t\t       : \"that node holds no current copy of its disks\";\n}",
         "return NULL;\n}"),
        ("record.c",
         "outdate_others(guest, op->node, 0, 0);\n"
         "\tsettle(guest, op->node);\n}\n\n"
         "/* As if that copy were the newest",
         "outdate_others(guest, op->node, 0, 0);\n"
         "\treplica_begin(guest, op->node, HAM_REPLICA_CURRENT);\n"
         "}\n\n/* As if that copy were the newest"),
        ("plan.c", "return ham_guest_may_own(item->guest, node);",
         "return true;")],
    "force-of-a-whole-copy": [(
        "record.c",
        "return r->state == HAM_REPLICA_CURRENT ||\n"
        "\t       (r->state == HAM_REPLICA_OUTDATED &&",
        "return r->state == HAM_REPLICA_SYNCING ||\n"
        "\t       (r->state == HAM_REPLICA_OUTDATED &&")],
    "force-needs-a-proof": [
        ("record_check.c",
         "!(guest->owner_dead && (is_live(guest) || guest->dst_dead)))",
         "!is_live(guest))"),
        ("command.c",
         "(forced && guest->owner_dead &&\n"
         "\t     (guest->phase != HAM_GUEST_IN_DOUBT || guest->dst_dead)))",
         "forced)")],
    "restored-only-if-it-never-ran": [(
        "record.c",
        "bool named = guest->failover && op->txn == HAM_ENDED_UNRUN;",
        "bool named = guest->failover;")],
    "nothing-restored-after-a-copy": [(
        "record.c", "return kind == HAM_OP_MIGRATE || kind == HAM_OP_SYNC ||",
        "return kind == HAM_OP_MIGRATE || kind == 77 ||")],
    "lease-from-what-was-heard": [(
        "lease.c",
        "core->lease_until_us = heard + core->config.lease_us;",
        "core->lease_until_us = core->now_us + core->config.lease_us;"), (
        "lease.c",
        "if (heard == 0 || heard + core->config.lease_us <= "
        "core->lease_until_us)", "if (msg_is_none(core))"), (
        "lease.c", "static void\nrenew(ham_core *core)\n{",
        "static bool\nmsg_is_none(const ham_core *core)\n{\n"
        "\treturn core->now_us == 0;\n}\n\n"
        "static void\nrenew(ham_core *core)\n{")],
    "time-to-wait": [(
        "death.c", "t.lease_us + 2 * t.longest_us", "t.longest_us / 4")],
    "wait-from-the-last-to-see-it": [(
        "death.c", "since = MAX(since, core->exchange[k].valid "
        "? core->exchange[k].away_us[i] : core->joined_us);",
        "since = since && since < core->exchange[k].away_us[i] ? since "
        ": core->exchange[k].away_us[i];")],
    "newcomer-waits": [(
        "death.c", ": core->joined_us);", ": since);")],
    "word-of-this-ring": [(
        "command.c", "!ham_ring_equal(p->ring, core->totem);", "!p->token;")],
    "proof-of-this-ring": [(
        "death.c", "peer->off = false;\n\t\tpeer->proposed_us = peer->due_us",
        "peer->proposed_us = peer->due_us")],
    "two-newest": [(
        "two.c", "core->boot == core->config.boot", "core->boot != 0")],
    "two-proof": [(
        "two.c", "ham_two_is_newest(core) &&\n\t       core->peers[ham_two_other(core)].off;",
        "ham_two_is_newest(core);")],
    "whole-disk": [
        ("doubt.c",
         "if (dest_here && guest->owner_dead && dest == HAM_STANDING_DISK)",
         "if (dest_here && guest->owner_dead)"),
        ("death.c", "local->standing_dst == HAM_STANDING_DISK;",
         "local->standing_dst != HAM_STANDING_HOLDS;")],
    "no-write-behind-the-gate": [(
        "source.c", "if (local->stage == HAM_L_S_GATE) {\n\t\t/* CUTOVER",
        "if (!core) {\n\t\t/* CUTOVER")],
    "heard-each-other": [(
        "exchange.c", "e->promise != term || e->heard != heard))",
        "e->promise != term || heard == 0))"), (
        "exchange.c", "msg->members != ham_members(core) ||", "")],
    "group-it-names": [(
        "exchange.c", "msg->members != ham_members(core) ||", "")],
    "alone-before-a-cold-start": [(
        "evaluate.c",
        "if (!ham_copies_ready(core, local, guest))\n\t\treturn;", "")],
    "yield-voids-holds": [(
        "core.c", "local->standing_src = HAM_STANDING_LACKS;", "")],
    "majority-with-a-store": [(
        "exchange.c", "if (with_store >= ham_majority(core))",
        "if (with_store >= 1)")],
    "no-gap-in-the-order": [(
        "replicate.c", "if (msg->pos.count != core->record.pos.count + 1) {",
        "if (msg->pos.count == 0) {")],
    "stale-owner-ended": [(
        "local.c", "if (keeps_owner(core, local, guest)) return;",
        "if (guest || keeps_owner(core, local, guest))\n\t\t\treturn;")],
    "stale-source-ended": [(
        "local.c", "if (!keeps_source(core, local, guest))",
        "if (!guest && !keeps_source(core, local, guest))")],
    "running-is-repeated": [(
        "evaluate.c", "if (guest->dst != core->config.self)\n\t\t\treturn;",
        "return;")],
    "all-have-spoken": [(
        "doubt.c",
        "if ((source_here && local->standing_src == HAM_STANDING_UNKNOWN) ||\n"
        "\t    (dest_here && local->standing_dst == HAM_STANDING_UNKNOWN))",
        "if (!op.kind)")],
    "dest-runs-on-yield": [(
        "dest.c", "ham_handover_msg(core, local, HAM_MSG_TAKE, NULL);\n"
        "\t\treturn true;",
        "ham_handover_msg(core, local, HAM_MSG_TAKE, NULL);\n"
        "\t\tham_dest_run(core, local);\n\t\treturn true;")],
    "resume-after-outcome": [(
        "source.c",
        "ham_stage(core, local, event->flag ? HAM_L_S_HALTED : HAM_L_S_EMPTY);",
        "ham_stage(core, local, event->flag ? HAM_L_S_HALTED : HAM_L_S_EMPTY);"
        "\n\tif (event->flag) {\n"
        "\t\tham_stage(core, local, HAM_L_S_RESUME);\n"
        "\t\tham_fx_guest(core, local, HAM_DO_RESUME);\n\t}")],
    "declared-dead-and-back": [
        ("local.c", "return !guest->owner_dead;", "return true;"),
        ("local.c",
         "return (guest->epoch == local->epoch && !guest->owner_dead) ||",
         "return guest->epoch == local->epoch ||")],
    "epoch-check": [(
        "local.c", "if (guest->owner == self && guest->epoch == local->epoch)\n"
        "\t\treturn !guest->owner_dead;",
        "if (guest->owner == self)\n\t\treturn true;"), (
        "local.c",
        "return (guest->epoch == local->epoch && !guest->owner_dead) ||\n"
        "\t\t       guest->epoch == local->epoch + 2;",
        "return true;")],
}

# Guards with another one behind them: alone they are not found, and not run
# unless they are named.
BEHIND = {
    # a message of another ring: terms, transactions and standings of this ring
    # stand behind it
    "view-check": [
        ("core.c", "if (!ham_ring_equal(msg.ring, core->totem)) {",
         "if (msg.ring.rep == 0) {"),
        ("replicate.c", "if (core->phase != HAM_VIEW_JOINED ||\n"
         "\t    msg->pos.term != core->base.term)\n",
         "if (core->phase != HAM_VIEW_JOINED)\n"),
        ("replicate.c", "if (core->phase != HAM_VIEW_JOINED ||\n"
         "\t    msg->pos.term != core->base.term ||",
         "if (core->phase != HAM_VIEW_JOINED ||")],
    # CUTOVER is committed without D or S among those that stored it: every
    # later view has it all the same, from one of the majority, and S and D do
    # nothing without a view.  What is lost is that D was alive a moment before
    # the pause
    "cutover-stored-by-both": [(
        "evaluate.c", "both_stored(core, guest, local->changed_at)",
        "both_stored(core, guest, (struct ham_pos){0, 0})")],
    # a view that begins on the old ring's word for quorum: a state needs a
    # majority of stores (choose_source), a decision a majority that is joined
    # and one that has stored (ham_is_active, ham_recount)
    "quorum-of-this-ring": [(
        "view.c",
        "ham_ring_equal(core->quorum, core->totem) &&\n"
        "\t       ham_popcount(ham_members(core)) >= ham_majority(core) &&",
        "core->config.n_nodes > 0 &&")],
    # D's QEMU ran and died before OUTCOME, and D calls its image lost: S boots,
    # whose disk hung in the slot from D's first write on, and no OUTDATED is
    # taken while in doubt; a D that has lost its hamd as well says the same
    "ran-is-remembered": [(
        "doubt.c", "if (local->ran)\n", "if (!local)\n")],
    # a copy of the dead source that D's cold start leaves current: D does not
    # boot before it has had OUTDATED of every other current copy committed
    "cold-start-outdates-the-source": [(
        "record.c", "else if (guest->owner_dead)", "else if (!guest)")],
    # a RECORD that its leader has said again: each operation fits once only, by
    # epoch, phase or transaction, and is refused the second time (200 s of the
    # search, and every story)
    "no-number-twice": [(
        "replicate.c", "msg->pos.count <= core->record.pos.count)",
        "msg->pos.count == 0)"), (
        "replicate.c", "if (msg->pos.count != core->record.pos.count + 1) {",
        "if (msg->pos.count > core->record.pos.count + 1) {")],
    # TAKE and ABORT: whoever obeys the second says so (ABORTED, YIELD), and
    # nobody runs without the other's word
    "first-in-order": [
        ("core.c", "if (local->abort_seen || sender != guest->dst ||",
         "if (sender != guest->dst ||"),
        ("core.c", "if (local->take_seen || sender != guest->owner)",
         "if (sender != guest->owner)"),
        ("core.c", "if (standing == HAM_STANDING_HOLDS && local->take_seen)",
         "if (!guest)"),
        ("dest.c", "if (local->take_seen || local->stage < HAM_L_D_PREPARE",
         "if (local->stage < HAM_L_D_PREPARE")],
}


# What needs too much to come together for a minute of chance: a story has it
# (tests/sim/stories/guard-NAME), holds on the core as it is, and breaks a rule
# on the mutant.  Where a QEMU runs that the record forbids, somebody has said
# what was not so, and chance makes nobody say that.
STORIES = {name: f"guard-{name}" for name in (
    "promotion-is-no-outcome", "closed-before-stored",
    "outdated-before-writes-go-on", "lease-from-what-was-heard",
    "wait-from-the-last-to-see-it", "newcomer-waits", "word-of-this-ring",
    "heard-each-other", "majority-with-a-store", "no-gap-in-the-order",
    "all-have-spoken", "declared-dead-and-back", "ghost-filter",
    "launched-when-stored",
)}
# the same false word of an operator
STORIES["stale-owner-ended"] = STORIES["declared-dead-and-back"]
STORIES["epoch-check"] = STORIES["declared-dead-and-back"]
STORIES |= {
    "group-it-names": "found-adopt-beside-a-newcomer",
    "alone-before-a-cold-start": "found-started-cold-beside-a-current-copy",
    "yield-voids-holds": "found-newcomer-leads-after-yield",
    "force-of-a-whole-copy": "F32-half-a-copy-is-not-forced",
    "force-needs-a-proof": "guard-force-needs-a-proof",
    "start-is-no-outcome": "found-start-taken-for-an-outcome",
    "count-whom-it-names": "found-two-leaders-in-one-view",
}

# Whose harm is a crash, and why; no other crash counts.
CRASHES = {}

# A world of its own: smaller ones are faster.
OPTIONS = {
    "two-newest": ["--nodes", "2"],
    "two-proof": ["--nodes", "2"],
}

# What a minute of the search always finds; the rest is for --long.
QUICK = [
    "death-before-promotion", "position-order", "undisturbed", "majority",
    "outdated-ends-the-migration", "start-from-a-current-copy",
    "promote-a-current-copy", "time-to-wait", "turn-comes",
]


def replace(folder, edits):
    for name, old, new in edits:
        path = folder / name
        text = path.read_text()
        # the indentation is clang-format's and may move
        pattern = re.compile(r"\s+".join(
            re.escape(word) for word in old.split()))
        if len(pattern.findall(text)) != 1:
            raise ValueError(f"{name}: not once in it: {old!r}")
        path.write_text(pattern.sub(lambda _: new, text))


def check_texts(mutants):
    wrong = 0
    for name, edits in mutants.items():
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            core = pathlib.Path(folder) / "core"
            shutil.copytree(TOP / "hamd" / "core", core)
            try:
                replace(core, edits)
            except ValueError as error:
                print(f"mutants.py: {name}: {error}", file=sys.stderr)
                wrong += 1
    for name in STORIES.keys() | OPTIONS.keys() | CRASHES.keys() | set(QUICK):
        if name not in MUTANTS:
            print(f"mutants.py: no such mutant: {name}", file=sys.stderr)
            wrong += 1
    for name in STORIES.values():
        if not (FOLDER / name / "story").is_file():
            print(f"mutants.py: no such story: {name}", file=sys.stderr)
            wrong += 1
    print(f"{len(mutants)} mutants, {wrong} that do not fit the core")
    return 2 if wrong else 0


def flags(option):
    return subprocess.run(["pkg-config", option, "glib-2.0"], check=True,
                          capture_output=True, text=True).stdout.split()


def build(work, edits):
    shutil.copytree(TOP / "hamd" / "core", work / "hamd" / "core")
    shutil.copytree(TOP / "tests" / "sim", work / "tests" / "sim",
                    ignore=shutil.ignore_patterns("stories"))
    replace(work / "hamd" / "core", edits)
    sources = sorted(work.glob("hamd/core/*.c")) + \
        sorted(work.glob("tests/sim/*.c"))
    subprocess.run(
        ["cc", "-O2", "-std=gnu11", "-D_GNU_SOURCE", "-w", f"-I{work}",
         *flags("--cflags"), *map(str, sources), "-o", str(work / "ham-sim"),
         *flags("--libs")], check=True)
    return work / "ham-sim"


RULE = re.compile(r"(?:story:\d+|seed \d+): (.*)")
ITSELF = {}  # seeds that were tried on the core as it is: what broke, or None


def ended_badly(name, got):
    """ham-sim itself failed: that alone shows no broken rule."""
    text = f"ham-sim ended with {got.returncode}: {got.stderr[-200:].strip()}"
    if got.returncode < 0 and name in CRASHES:
        return "found", f"{text} ({CRASHES[name]})"
    return "CRASHED", text


def told(name, sim, core):
    """What its story comes to on the mutant; the core as it is must hold."""
    story = ["--story", FOLDER / STORIES[name] / "story"]
    holds = subprocess.run([core, *story], capture_output=True, timeout=600)
    got = subprocess.run([sim, *story], capture_output=True, text=True,
                         timeout=600)
    rule = RULE.search(got.stderr)
    if holds.returncode != 0:
        return "LIVES", f"{STORIES[name]} does not hold on the core as it is"
    if got.returncode not in (0, 1):
        return ended_badly(name, got)
    if rule and re.match("I[1-6]: |end: ", rule.group(1)):
        return "story", f"{STORIES[name]}: {rule.group(1)}"
    return "LIVES", f"{STORIES[name]} breaks no rule: {got.stderr.strip()}"


def is_of_the_core(core, seed, options):
    """A seed that breaks a rule without any mutant is no find, but news."""
    run = ("--seed", seed, *options)
    if run not in ITSELF:
        got = subprocess.run([core, *run], capture_output=True, text=True,
                             timeout=600)
        ITSELF[run] = got.stdout.splitlines()[0] if got.returncode else None
    return ITSELF[run] is not None


def searched(name, sim, core, seconds):
    options = OPTIONS.get(name, [])
    first = 1
    while seconds > 0:
        got = subprocess.run(
            [sim, "--seeds", "100000000", "--stop", "--first", str(first),
             "--seconds", str(seconds), *options],
            capture_output=True, text=True, timeout=seconds * 20 + 60)
        if got.returncode not in (0, 1):
            return ended_badly(name, got)
        if got.returncode == 0:
            break
        lines = got.stdout.splitlines()
        seed = lines[0].split()[1].rstrip(":")
        if not is_of_the_core(core, seed, options):
            return "found", lines[0]
        first = int(seed) + 1
        seconds -= math.ceil(float(re.search(r"([\d.]+) s,",
                                             lines[-1]).group(1)))
    return "LIVES", "nothing was broken"


def hunt(name, seconds, core):
    """A word: found, story, LIVES or CRASHED; what happened; how long it took.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        sim = build(pathlib.Path(folder), {**MUTANTS, **BEHIND}[name])
        begin = time.monotonic()
        if name in STORIES:
            word, text = told(name, sim, core)
        else:
            word, text = searched(name, sim, core, seconds)
        return word, text, time.monotonic() - begin


def hunt_all(names, jobs, seconds):
    count = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder, \
            concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        core = build(pathlib.Path(folder), [])
        hunts = {name: pool.submit(hunt, name, seconds, core)
                 for name in names}
        for name, job in hunts.items():
            word, text, took = job.result()
            count[word] += 1
            print(f"{word} {name} {took:.1f} s: {text}", flush=True)
    print(f"{len(names)} mutants, {count['found']} found by chance, "
          f"{count['story']} by a story, {count['CRASHED']} crashed, "
          f"{count['LIVES']} live")
    broken = [text for text in ITSELF.values() if text]
    for text in broken:
        print(f"the core as it is breaks a rule: {text}")
    return count["LIVES"] + count["CRASHED"] + len(broken) > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    names = args.names or list(MUTANTS)
    every = {**MUTANTS, **BEHIND}
    unknown = [name for name in names if name not in every]
    if unknown:
        print(f"mutants.py: no such mutant: {', '.join(unknown)}",
              file=sys.stderr)
        return 2
    if args.quick:
        names = [name for name in names if name in QUICK]
    if args.texts:
        return check_texts(every)
    if args.list:
        print("\n".join(names))
        return 0
    try:
        return hunt_all(names, args.jobs, args.seconds)
    except ValueError as error:
        print(f"mutants.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

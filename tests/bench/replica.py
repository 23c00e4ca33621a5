#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What replicas cost a guest; replica.sh runs it in a lab of its own.

Figures are medians.  Under hamd and without it the same guest does the same
writes (bench= of tests/lab/guest).  The parts are the modules replica_*.py, in
the order of PARTS.  It refuses to print a figure of a run that failed.
"""
import argparse
import sys

sys.dont_write_bytecode = True
import replica_copies  # noqa: E402
import replica_loss  # noqa: E402
import replica_migration  # noqa: E402
import replica_verify  # noqa: E402
import replica_writes  # noqa: E402
from benchlib import BenchError, hamd_log  # noqa: E402

PARTS = {
    "writes": replica_writes.bench,
    "migration": replica_migration.bench,
    "loss": replica_loss.bench,
    "resync": replica_copies.bench_resync,
    "verify": replica_verify.bench,
    "sparse": replica_copies.bench_sparse,
}


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--only", choices=PARTS, action="append")
    ap.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    opt = ap.parse_args()
    if opt.rounds < 1:
        ap.error("--rounds must be at least 1")
    if opt.check:
        return 0
    try:
        for part, bench in PARTS.items():
            if not opt.only or part in opt.only:
                bench(opt)
    except BenchError as e:
        print(f"replica.py: {e}", *hamd_log().splitlines()[-15:],
              sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

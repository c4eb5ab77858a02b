#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a campaign with SIGKILL at random moments, goes on with it, and compares the databases.

    bench/hunt/kill.py build/mmcheck [--kills 20] [--seed 1] [--jobs 2] [-- HUNT OPTIONS]

First the campaign is run to its end, undisturbed. Then it is started with an empty database, killed
after a random time and started again, until it was killed so often and has come to its end. Then
all tables must be the same, and so must what it prints of its findings. Where a campaign ends
before it was killed often enough, it begins anew. Exits with 1 if anything differs.
"""
import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

# It finds something, so that there are findings to be lost or written twice.
CAMPAIGN = ["--design", "linux-6.1", "--operations", "3",
            "--calls", "store,load,munmap,dontneed,fsync,reclaim"]


def run(command, seconds=None):
    """The output, or None if it was killed after so many seconds."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return None
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}")
    return output


def content(path):
    """All that the database holds, table by table."""
    database = sqlite3.connect(path)
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    tables = {name: sorted(map(repr, database.execute(f'SELECT * FROM "{name}"')))
              for (name,) in names.fetchall()}
    database.close()
    return tables


def findings(output):
    lines = [json.loads(line) for line in output.splitlines()]
    return [line for line in lines if line["schema"].startswith("mmcheck.hunt.finding")]


def remove(path):
    for suffix in ("", "-journal", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.remove(path + suffix)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mmcheck")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("campaign", nargs="*", default=CAMPAIGN)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole, pieces = os.path.join(folder, "whole"), os.path.join(folder, "pieces")
        command = [options.mmcheck, "hunt", "--json", "-j", str(options.jobs), *options.campaign,
                   "--database"]
        started = time.monotonic()
        expected_output = run(command + [whole])
        seconds = time.monotonic() - started
        expected = content(whole)
        rows = {name: len(table) for name, table in expected.items()}
        print(f"undisturbed: {seconds:.1f} s; rows {rows}")
        kills = ends = wrong = since_start = 0
        while kills < options.kills or since_start > 0:
            # Short pieces, so that there are several before the end.
            limit = draw.uniform(0.01, seconds / 3) if kills < options.kills else None
            output = run(command + [pieces], limit)
            if output is None:
                kills += 1
                since_start += 1
                continue
            ends += 1
            same = content(pieces) == expected and findings(output) == findings(expected_output)
            if not same:
                wrong += 1
                print(f"differs after {kills} kills, {since_start} of them in this campaign")
            since_start = 0
            remove(pieces)
    print(f"{kills} kills, {ends} campaigns came to their end, {wrong} with another database")
    return 1 if wrong or not ends else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a search with SIGKILL at random moments, resumes it, and compares the totals.

    bench/resume/kill.py build/mmcheck [--kills 100] [--seed 1] [--jobs 1] [--scenario NAME]
                         [--design NAME]

First the search is run to its end, undisturbed. Then it is started, killed after a random time and
resumed, again and again; whenever it comes to its end, the totals must be those of the first run,
and it begins anew, until it was killed often enough. Exits with 1 if any differ.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time


def totals(text):
    """What must be the same, of the line of JSON that a finished run prints."""
    verdict = json.loads(text.strip().splitlines()[-1])
    keys = ("verdict", "rule", "executions", "complete", "vacuous")
    return {key: verdict.get(key) for key in keys}


def run_until(command, seconds):
    """The output, or None if the run was killed after so many seconds."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        output, _ = process.communicate(timeout=seconds)
        if process.returncode not in (0, 1):
            sys.exit(f"{' '.join(command)}: exit code {process.returncode}")
        return output
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mmcheck")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--scenario", default="dontneed+store+writeback-evict")
    parser.add_argument("--design", default="flush-every-page")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    search = [options.mmcheck, "check", options.scenario, "--design", options.design,
              "-j", str(options.jobs), "--first", "--json"]
    started = time.monotonic()
    expected = totals(run_until(search, None))
    seconds = time.monotonic() - started
    print(f"undisturbed: {seconds:.1f} s, {expected}")
    kills = finished = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "checkpoint")
        resumed = search + ["--checkpoint", file, "--resume"]
        while kills < options.kills or os.path.exists(file):
            wait = draw.uniform(0.01, seconds) if kills < options.kills else None
            output = run_until(resumed, wait)
            if output is None:
                kills += 1
                continue
            finished += 1
            if totals(output) != expected:
                wrong += 1
                print(f"after {kills} kills: {totals(output)}")
            os.remove(file)
    print(f"{kills} kills, {finished} runs came to their end, {wrong} with other totals")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

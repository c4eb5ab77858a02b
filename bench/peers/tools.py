# SPDX-License-Identifier: Apache-2.0
"""How each checker is run on a task, and what its output says."""

import json
import os
import re
import shlex
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent / "programs"

# What the numbers of a program are called in the sources of programs/.
PARAMETERS = {"trivial": (), "fib_bench": ("N",), "lastzero": ("N",), "race": ("NW", "NC")}


@dataclass(frozen=True)
class Task:
    program: str
    numbers: tuple = ()
    buggy: bool = False

    def title(self):
        return " ".join([self.program, *map(str, self.numbers)] + ["buggy"] * self.buggy)

    def file_name(self):
        return self.title().replace(" ", "_")

    def defines(self):
        names = PARAMETERS[self.program]
        return [f"-D{n}={v}" for n, v in zip(names, self.numbers)] + ["-DBUGGY"] * self.buggy


@dataclass
class Run:
    """One process, with the children that it waited for."""

    output: str
    status: int  # of exit; negative: the signal that ended it
    wall: float
    user: float
    rss_kb: int
    timed_out: bool = False


@dataclass
class Answer:
    """What a checker says. SPIN stores states and counts those, the others count executions."""

    executions: int
    blocked: int
    violated: bool
    complete: bool = True
    rss_kb: int = 0  # where the checker knows better than the system
    more: dict = None


class Failed(Exception):
    """A checker that could not be run, or whose output was not understood."""


def run(command, folder, timeout):
    with open(Path(folder) / "output", "w+b") as output:
        begin = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], cwd=folder, stdout=output,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        killed = threading.Event()
        timer = threading.Timer(timeout, lambda: (killed.set(), process.kill()))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Run(text, process.returncode, wall, usage.ru_utime, usage.ru_maxrss, killed.is_set())


def number(pattern, text, otherwise=None):
    match = re.search(pattern, text)
    if match:
        return int(match.group(1))
    if otherwise is None:
        raise Failed(f"no `{pattern}` in the output:\n{text[-2000:]}")
    return otherwise


class Tool:
    name = ""
    counts = "executions"
    needs = ()  # options that name a program: all are needed
    version_option = "--version"

    def __init__(self, options):
        self.paths = {name: getattr(options, name) for name in self.needs}

    def missing(self):
        """Why it cannot be run; empty if it can."""
        for name, path in self.paths.items():
            if path is None:
                return f"--{name} is not given"
            if not (Path(path).is_file() and os.access(path, os.X_OK)):
                return f"--{name} {path}: not a program"
        return ""

    def version(self):
        path = self.paths[self.needs[0]]
        result = subprocess.run([path, self.version_option], capture_output=True, check=False)
        text = (result.stdout + result.stderr).decode(errors="replace")
        match = re.search(r"\d+\.\d+(?:\.\d+)?", text)
        return match.group(0) if match else "?"

    def must(self, command, folder, timeout):
        made = run(command, folder, timeout)
        if made.status != 0:
            raise Failed(f"{command[0]} ends with {made.status}:\n{made.output[-2000:]}")
        return made.wall

    def prepare(self, task, folder, timeout):
        """Makes what command() runs. Returns the seconds that it took: they are not in any row."""
        return 0.0

    def command(self, task, folder):
        raise NotImplementedError

    def parse(self, text):
        raise NotImplementedError


class Mmcheck(Tool):
    name = "mmcheck"
    needs = ("classic",)

    def version(self):
        return "this build"

    def command(self, task, folder):
        return [self.paths["classic"], task.program, *task.numbers] + ["--buggy"] * task.buggy

    def parse(self, text):
        try:
            result = json.loads(text)
        except ValueError as error:
            raise Failed(f"{error}:\n{text[-2000:]}") from error
        return Answer(result["executions"], result["blocked"], result["found_at"] is not None,
                      result["complete"], result["rss_kb"],
                      {"steps": result["steps"]})


class GenMC(Tool):
    """Version 0.11 is faster with clang's -O1 than without it; with -O2 it misjudges the race."""

    name = "genmc"
    needs = ("genmc",)

    def __init__(self, options):
        super().__init__(options)
        self.options = shlex.split(options.genmc_options)

    def command(self, task, folder):
        return [self.paths["genmc"], "--sc", "--disable-estimation", *self.options, "--", "-O1",
                *task.defines(), PROGRAMS / f"{task.program}.c"]

    def parse(self, text):
        return Answer(number(r"complete executions explored: (\d+)", text),
                      number(r"blocked executions seen: (\d+)", text, 0),
                      "Verification unsuccessful" in text)


class Nidhugg(Tool):
    """Reads what clang makes of the program; with -O2 it is up to four times as fast as without."""

    name = "nidhugg"
    needs = ("nidhugg", "clang")

    def __init__(self, options):
        super().__init__(options)
        self.options = shlex.split(options.nidhugg_options)

    def bitcode(self, task, folder):
        return Path(folder) / f"{task.file_name()}.ll"

    def prepare(self, task, folder, timeout):
        return self.must([self.paths["clang"], "-S", "-emit-llvm", "-O2", *task.defines(), "-o",
                          self.bitcode(task, folder), PROGRAMS / f"{task.program}.c"],
                         folder, timeout)

    def command(self, task, folder):
        return [self.paths["nidhugg"], "--sc", *self.options, self.bitcode(task, folder)]

    def parse(self, text):
        return Answer(number(r"Trace count: (\d+)", text),
                      number(r"Sleepset-blocked trace count: (\d+)", text, 0),
                      "Error detected" in text)


class Spin(Tool):
    name = "spin"
    counts = "states"
    needs = ("spin", "cc")
    version_option = "-V"

    def prepare(self, task, folder, timeout):
        source = PROGRAMS / f"{task.program}.pml"
        seconds = self.must([self.paths["spin"], *task.defines(), "-a", source], folder, timeout)
        pan = Path(folder) / task.file_name()
        return seconds + self.must([self.paths["cc"], "-O2", "-DSAFETY", "-o", pan, "pan.c"],
                                   folder, timeout)

    def command(self, task, folder):
        return [Path(folder) / task.file_name(), "-m100000"]

    def parse(self, text):
        return Answer(number(r"(\d+) states, stored", text), 0,
                      number(r"errors: (\d+)", text) != 0, "search depth too small" not in text,
                      0, {"transitions": number(r"(\d+) transitions", text)})


ALL = (Mmcheck, GenMC, Nidhugg, Spin)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Forces orders on real kernels, and prints what the model says of each and what the kernels did.

The table of docs/reference/kernels.md. The kernels must have been fetched (`mmcheck kernel fetch
6.1`). Exits with 1 if the model and a kernel disagree in some round.

    bench/lab/orders.py build/mmcheck [--times 10] [--kernels 6.1 6.12] [--only huge]
"""

import argparse
import collections
import json
import subprocess
import sys

# A scenario, an order (none: that of the counterexample), and what it is about. {rmap} is the
# function that removes the rmap of a huge entry.
ORDERS = [
    ("munmap+store+msync", None, ""),
    ("dontneed+store+msync", None, ""),
    ("dontneed+store+writeback-evict", None, ""),
    ("munmap+store+writeback-evict", None, ""),
    ("mapfixed+store+msync", None, ""),
    ("batch-overflow+store+msync", None, ""),
    ("dontneed+store+msync", "P0 P2 P1", "the zap is over"),
    ("dontneed+store+msync", "P0@flush_tlb_mm_range ~P1 P2",
     "the store comes before the page is cleaned"),
    ("dontneed+store+msync", "P0@flush_tlb_mm_range ~P1", "nobody cleans in the window"),
    ("dontneed+store+msync", "P0@flush_tlb_mm_range+ P2 P1", "the TLBs are flushed"),
    ("dontneed+store+msync", "P0@flush_tlb_mm_range P2 P0@flush_tlb_mm_range+ P1",
     "the cleaner between, the TLBs flushed then"),
    ("dontneed+store+msync", "P0 ~P1", "a stale entry after the flush"),
    ("dontneed+store+msync", "P2@flush_tlb_mm_range ~P1 P0",
     "a zap while the cleaner has the page-table lock"),
    ("dontneed+store+msync", "P2@folio_mkclean+ P1 P0",
     "a store while the cleaner has the page lock"),
    ("dontneed+store+msync", "P2@folio_clear_dirty_for_io P1 P0",
     "a store before the cleaner looks for entries"),
    ("munmap+store+msync", "P2@flush_tlb_mm_range+ P1 P0",
     "the same with munmap, the cleaner has flushed"),
    ("mprotect+store+msync", "P0@flush_tlb_mm_range P2 ~P1",
     "mprotect: cleaning takes the stale entry away"),
    ("mprotect+store+msync", "P0@flush_tlb_mm_range ~P1 P2", "mprotect: stored to, then cleaned"),
    ("mprotect+store+msync", "P0@flush_tlb_mm_range+ P1 P2", "mprotect: the TLBs are flushed"),
    ("mremap+store+msync", "P0@flush_tlb_mm_range P2 ~P1", "mremap flushes under the lock"),
    ("docs/findings/reclaim.litmus", "P0@try_to_unmap_flush P2 ~P1",
     "cleaned, then stored to, in the window"),
    ("docs/findings/reclaim.litmus", "P0@try_to_unmap_flush ~P1 P2", "stored to, then cleaned"),
    ("docs/findings/reclaim.litmus", "P0@try_to_unmap_flush+ P2 P1", "the TLBs are flushed"),
    ("docs/findings/reclaim.litmus", "P0@try_to_unmap_flush+ P2 ~P1",
     "a stale entry after the flush"),
    ("claim-20", None, ""),
    ("docs/findings/huge.litmus", None, ""),
    ("docs/findings/huge-by-pages.litmus", None, "the same folio, small entries"),
    ("docs/findings/huge.litmus", "P0@flush_tlb_mm_range ~P1 P2", "stored to, then cleaned"),
    ("docs/findings/huge.litmus", "P0@flush_tlb_mm_range+ P2 P1", "the TLBs are flushed"),
    ("docs/findings/huge.litmus", "P0@{rmap}+ P2 ~P1", "cleaned before the zap makes it dirty"),
    ("docs/findings/huge.litmus", "P0@{rmap} P2 ~P1", "the rmap is still there"),
]
RMAP_OF_HUGE = {"6.1": "page_remove_rmap", "6.12": "folio_remove_rmap_pmd"}


def replay(mmcheck, kernel, scenario, order, times):
    words = [mmcheck, "replay", "--on-kernel", kernel, "--json", "--times", str(times)]
    if order is not None:
        words += ["--order", order.format(rmap=RMAP_OF_HUGE.get(kernel, "folio_remove_rmap_pmd"))]
    # A busy machine may fail (4): that says nothing about the kernel.
    for _ in range(3):
        result = subprocess.run(words + [scenario], capture_output=True, text=True, check=False)
        if result.returncode in (0, 1):
            return json.loads(result.stdout)
        print(f"{kernel} {scenario}: {result.stderr.strip()}", file=sys.stderr)
        if result.returncode != 4:
            break
    sys.exit(result.returncode)


def blocked(threads, ends):
    names = [thread for thread, end in zip(threads, ends) if end == "blocked"]
    return ", {} blocked".format(" and ".join(names)) if names else ""


def said_by_model(run):
    model = run["model"]
    if "ends" not in model:
        return "nothing"
    if not model["ends"]:
        return "impossible"
    threads = [segment["thread"] for segment in run["segments"]]
    texts = {("LOST" if end["lost"] else "KEPT") + blocked(threads, end["segments"])
             for end in model["ends"]}
    return "; or ".join(sorted(texts))


def said_by_kernel(run):
    threads = [segment["thread"] for segment in run["segments"]]
    counts = collections.Counter()
    for one in run["rounds"]:
        ends = [segment["outcome"] for segment in one["segments"]]
        if "faulted" in ends:
            counts["refused"] += 1
        elif not one["in_order"]:
            counts["not in order"] += 1
        else:
            counts[("**LOST**" if one["lost"] else "KEPT"), blocked(threads, ends)] += 1
    nr = len(run["rounds"])
    return "; ".join(f"{what} {count}/{nr}" if isinstance(what, str) else
                     f"{what[0]} {count}/{nr}{what[1]}" for what, count in sorted(
                         counts.items(), key=lambda item: -item[1]))


def name_of(scenario):
    if not scenario.endswith(".litmus"):
        return f"`{scenario}`"
    name = scenario.rsplit("/", 1)[1]
    return f"[{name.removesuffix('.litmus')}](../findings/{name})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mmcheck")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--kernels", nargs="+", default=["6.1", "6.12"])
    parser.add_argument("--only", default="", help="scenarios with this in their names")
    options = parser.parse_args()
    print("| scenario | order |" + "".join(
        f" the model of {kernel} | {kernel} |" for kernel in options.kernels))
    print("| --- | --- |" + " --- | --- |" * len(options.kernels))
    disagreed = again = rounds = 0
    for scenario, order, remark in ORDERS:
        if options.only not in scenario:
            continue
        row = f"| {name_of(scenario)} | "
        row += "of the counterexample" if order is None else f"`{order.format(rmap='RMAP')}`"
        row += f": {remark} |" if remark else " |"
        for kernel in options.kernels:
            run = replay(options.mmcheck, kernel, scenario, order, options.times)
            disagreed += run["agree"] is False
            again += sum(one["made_again"] for one in run["rounds"] if one["in_order"])
            rounds += len(run["rounds"])
            row += f" {said_by_model(run)} | {said_by_kernel(run)} |"
            if run["agree"] is False:
                row += " <- DISAGREE"
        print(row, flush=True)
    print(f"\n{rounds} rounds, {again} made again before; disagreement in {disagreed} rows")
    return 1 if disagreed else 0


if __name__ == "__main__":
    sys.exit(main())

// SPDX-License-Identifier: Apache-2.0
// fork(2): a child that has the parent's private pages, write-protected in both, until one of them
// writes. linux kernel/fork.c, mm/memory.c
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// Gives the child the parent's VMAs, and the entries that faults could not make: those of
/// anonymous pages. linux v6.12 kernel/fork.c: dup_mmap
void dup_mmap(thread& task, mm_struct& child, mm_struct& parent);

/// fork(2): the child is born, and its threads may run.
void sys_fork(thread& task, mm_struct& child);

/// The first step of a thread of a child: its CPU loads the address space. Returns false if the
/// child is never born.
bool ret_from_fork(thread& task);

/// The thread that was to call fork() has ended. Does nothing if it has.
void never_forks(thread& task, mm_struct& child);

/// Whether the two are one process, or the second descends from the first; if it does, `heir` is
/// the ancestor of the second that is a child of the first.
bool descends(const mm_struct& from, const mm_struct& mm, const mm_struct** heir);

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
// A scenario as read from a file: the C dialect of the Linux kernel memory model's litmus tests,
// extended by processes, files, mappings and system calls. Pure data. Names are resolved to
// indices, constants are folded, and the many spellings of an access are lowered to a few
// operations, so that what runs a scenario needs no tables of names. docs/scenarios.md describes
// the dialect. Litmus tests, which litmus.h reads, come to the same: threads on ordinary memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace mmcheck::workload {

/// The word that a mapping declared `dirty` holds in each page before the threads start.
inline constexpr std::int64_t kPopulateDirtyValue = 1;

/// Bits of Operation::Mmap's protection and flags, with Linux's values.
inline constexpr std::int64_t kProtRead = 1;
inline constexpr std::int64_t kProtWrite = 2;
inline constexpr std::int64_t kMapShared = 1;
inline constexpr std::int64_t kMapPrivate = 2;
inline constexpr std::int64_t kMapFixed = 0x10;
inline constexpr std::int64_t kMapAnonymous = 0x20;

/// Operation::Mremap's flags, of which the first two must be given; advice of madvise(). Linux's
/// values.
inline constexpr std::int64_t kMremapMayMove = 1;
inline constexpr std::int64_t kMremapFixed = 2;
inline constexpr std::int64_t kMremapDontunmap = 4;
inline constexpr std::int64_t kMadvDontneed = 4;
inline constexpr std::int64_t kMadvFree = 8;

/// Bits of Operation::GetUserPagesFast's flags, with Linux's values.
inline constexpr std::int64_t kFollWrite = 1;

/// In litmus tests the address of a variable is a value. These are far from any number that a test
/// computes, so that an access through what is no address is found.
constexpr std::int64_t address_of_variable(unsigned index) {
  constexpr std::int64_t kFirst = 0x4d00'0000'0000;
  constexpr std::int64_t kDistance = 64;
  return kFirst + kDistance * static_cast<std::int64_t>(index);
}

/// What a call does. ADDRESS is an expression of kind Variable or Page (in litmus tests: or one
/// whose value is the address of a variable), RANGE a Page and a Number
/// of bytes that lies within the mapping, VALUE any expression with a value, N a Number.
enum class Operation : std::uint8_t {
  // Memory. `Expr::order` says how it is ordered. *x, READ_ONCE, xchg, atomic_inc ... come to
  // these.
  Load,             ///< (ADDRESS): the value
  Store,            ///< (ADDRESS, VALUE)
  Exchange,         ///< (ADDRESS, VALUE): the old value
  CompareExchange,  ///< (ADDRESS, VALUE old, VALUE new): the value found
  FetchAdd,         ///< (ADDRESS, VALUE): the old value
  AddReturn,        ///< (ADDRESS, VALUE): the new value
  Barrier,          ///< (): smp_mb, smp_rmb, smp_wmb, barrier ...; Expr::name tells which
  SpinLock,         ///< (Variable)
  SpinUnlock,       ///< (Variable)
  // Of litmus tests. RCU is without operands, SRCU with its Variable.
  SpinTrylock,     ///< (Variable): 1 if it was taken
  SpinIsLocked,    ///< (Variable)
  RcuReadLock,     ///< () or (Variable): 0
  RcuReadUnlock,   ///< () or (Variable, VALUE)
  SynchronizeRcu,  ///< () or (Variable)
  // System calls: threads of a process.
  Mmap,         ///< (RANGE, N prot, N flags, File or Number -1, N offset): 0; always MAP_FIXED
  Munmap,       ///< (RANGE): 0
  Mlock,        ///< (RANGE): 0; a whole mapping
  Munlock,      ///< (RANGE): 0; a whole mapping
  Mprotect,     ///< (RANGE, N prot): 0
  Mremap,       ///< (RANGE, N flags, Page): always MREMAP_FIXED, and as many pages as before
  Madvise,      ///< (RANGE): 0; MADV_DONTNEED
  MadviseFree,  ///< (RANGE): 0; MADV_FREE
  Msync,        ///< (RANGE): 0; MS_SYNC
  ExitGroup,    ///< (N status)
  Fork,         ///< (N process): a child of the thread's, which is born
  // What system calls do with pages of the process. A PAGE is what such a call has returned: a
  // number that stands for a page, or 0, with which nothing is done.
  GetUserPagesFast,  ///< (Page, N flags): PAGE
  PinUserPagesFast,  ///< (Page, N flags): PAGE
  PutPage,           ///< (PAGE)
  UnpinUserPage,     ///< (PAGE)
  SetPageDirty,      ///< (PAGE)
  SetPageDirtyLock,  ///< (PAGE)
  MemcpyToPage,      ///< (PAGE, VALUE)
  MemcpyFromPage,    ///< (PAGE): its word, or 0
  // What befalls a thread of a process: its CPU runs something else for a while.
  Schedule,  ///< (): a kernel thread
  Yield,     ///< (): a thread of a process that the scenario does not name
  // System calls on files: threads of a process, with or without a mapping of the file.
  Fdatasync,     ///< (File): 0
  Fsync,         ///< (File): 0
  PosixFadvise,  ///< (File, N offset, N length): 0; POSIX_FADV_DONTNEED is the only advice
  Pread,         ///< (File, N offset): the word of that page
  Pwrite,        ///< (File, N offset, VALUE): 0
  Ftruncate,     ///< (File, N length): 0; the length is 0
  // What the kernel does of its own accord: kernel threads. FOLIOS is a File (all of its pages) or
  // a
  // Page (the page that is mapped there when the threads start).
  Writeback,            ///< (File)
  ShrinkFolioList,      ///< (FOLIOS): the number of pages freed
  ShrinkActiveList,     ///< (FOLIOS): the number of pages that have lost their buffers
  FolioReferenced,      ///< (FOLIOS): the number of entries found accessed
  OomKillProcess,       ///< (N process): kills it and reaps its private memory
  MemCgroupMoveCharge,  ///< (Page)
  MemCgroupMoveParent,  ///< (Page)
  RmapWalkAnon,         ///< (Page): the number of entries found that map it
  FolioGetAnonVma,      ///< (Page): the same, with a reference to the anon_vma in between
  MigrateVma,           ///< (Page): 0; migrates nothing in the end
  SplitFolio,           ///< (Page): 1 if it could
  AllocPage,            ///< (Page): PAGE, if the page that was mapped there is free
  OfflinePages,         ///< (Page): 1 if that page was free, and is offline now
  ArchRemoveMemory,     ///< (Page): if that page is offline, its struct page goes
};

/// How an access is ordered.
enum class Order : std::uint8_t { Plain, Once, Relaxed, Acquire, Release, Full };

enum class Operator : std::uint8_t {
  // one operand
  Negate,      ///< -
  Complement,  ///< ~
  Not,         ///< !
  // two operands
  Add,
  Subtract,
  Multiply,
  BitAnd,
  BitOr,
  BitXor,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  And,  ///< && short-circuits
  Or,   ///< || short-circuits
};

/// As it is written, in scenarios and in C.
const char* spelling(Operator oper);

enum class ExprKind : std::uint8_t {
  Number,    ///< value
  Register,  ///< thread, index: a local variable, as position in ThreadDecl::registers
  Variable,  ///< index into Scenario::variables; an ADDRESS in threads, its value in conditions
  Page,      ///< process, index of the mapping in it, page within the mapping; an ADDRESS
  File,      ///< index into Scenario::files
  Apply,     ///< oper(operands...), one or two
  Call,      ///< operation(operands...)
};

struct Expr {
  ExprKind kind = ExprKind::Number;
  Operation operation = Operation::Load;
  Order order = Order::Plain;
  Operator oper = Operator::Add;
  std::int64_t value = 0;
  unsigned thread = 0;
  unsigned process = 0;
  unsigned index = 0;
  unsigned page = 0;
  std::string name;  ///< as written, for reports: "r0", "READ_ONCE", "munmap", "x"
  std::vector<Expr> operands;
  SourcePlace place;
};

enum class StatementKind : std::uint8_t {
  Assign,    ///< register `target` = `expr`
  Evaluate,  ///< `expr`, a call whose result is not used
  If,        ///< `expr`, `then_body`, `else_body`
};

struct Statement {
  StatementKind kind = StatementKind::Evaluate;
  unsigned target = 0;  ///< position in ThreadDecl::registers
  Expr expr;
  std::vector<Statement> then_body;
  std::vector<Statement> else_body;
  std::string text;  ///< as written, on one line, without the semicolon: "munmap(x, 4096)"
  SourcePlace place;
};

struct FileDecl {
  std::string name;
  unsigned nr_pages = 1;     ///< each holds 0, on the disk only
  bool large_folio = false;  ///< what is in the page cache at the start is one folio of all pages
  SourcePlace place;
};

enum class MappingKind : std::uint8_t { Shared, Private, Anonymous };

/// State of a mapping's pages before the threads start.
enum class Populate : std::uint8_t {
  None,   ///< no page-table entry
  Read,   ///< present, as after a read fault: not writable where the kernel would not make it so
  Dirty,  ///< present, writable, dirty, as after a store of kPopulateDirtyValue
};

struct MappingDecl {
  std::string name;
  MappingKind kind = MappingKind::Shared;
  unsigned file = 0;        ///< index into Scenario::files; not used if Anonymous
  unsigned first_page = 0;  ///< of the file
  unsigned nr_pages = 1;
  Populate populate = Populate::None;
  bool large_folio = false;  ///< anonymous: its pages are one folio
  bool huge = false;         ///< one entry of the level above maps all of it
  SourcePlace place;
};

struct ProcessDecl {
  std::string name;
  /// Index of the process that it is forked from, and whose mappings it then has; `mappings` are
  /// the same, with nothing populated.
  std::optional<unsigned> parent;
  std::vector<MappingDecl> mappings;
  SourcePlace place;
};

enum class VariableKind : std::uint8_t { Word, Spinlock, Srcu };

/// A word that the threads share and that is no part of any mapping, as in ordinary litmus tests.
struct VariableDecl {
  std::string name;
  VariableKind kind = VariableKind::Word;
  std::int64_t initial = 0;
  SourcePlace place;
};

struct ThreadDecl {
  std::string name;                    ///< "P0"; its number is its position
  std::optional<unsigned> process;     ///< index; nothing: a kernel thread (kswapd, a flusher)
  std::string title;                   ///< what the column is headed: "munmap"; may be empty
  std::vector<std::string> registers;  ///< all start as 0
  std::vector<Statement> body;
  SourcePlace place;
};

enum class Expected : std::uint8_t { Held, Violated };

struct Expectation {
  std::string design;  ///< "*" stands for all designs that are not named
  Expected expected = Expected::Held;
  std::string rule;  ///< "R-WRITE", where violated
  SourcePlace place;
};

enum class Quantifier : std::uint8_t { Exists, NotExists, Forall };

/// A condition on final states, as in herd. `expr` is made of Apply, Register, Variable and Number.
/// Of a filter, `quantifier` means nothing.
struct Condition {
  Quantifier quantifier = Quantifier::Exists;
  Expr expr;
  std::string text;  ///< as written, on one line: "0:r0=1 /\ 1:r1=0"
  SourcePlace place;
};

struct Scenario {
  std::string name;
  std::string path;
  std::string comment;  ///< the comments before the initial section, without their marks
  std::vector<FileDecl> files;
  std::vector<VariableDecl> variables;
  std::vector<ProcessDecl> processes;
  std::vector<ThreadDecl> threads;
  std::optional<unsigned> gather_batch_max;    ///< pages in one batch of mmu_gather, also the first
  std::optional<unsigned> gather_batches_max;  ///< batches besides the first
  bool vma_locks = false;  ///< faults try the VMA's lock first, in designs that have one
  std::optional<unsigned> gather_tables;  ///< 0: no memory for batches of page tables
  std::optional<Condition> condition;
  std::optional<Condition> filter;  ///< of litmus tests: other final states do not count
  std::vector<Expr> locations;      ///< Register or Variable: what herd shows besides
  std::vector<Expectation> expectations;
};

/// Parses `text`. `path` is for messages only. Throws InputError with file, line, column and what
/// was expected there. Names are resolved and arities checked: what is returned can be run.
Scenario parse_scenario(const std::string& text, const std::string& path);

/// Reads and parses a file. Throws InputError also if it cannot be read.
Scenario load_scenario(const std::string& path);

}  // namespace mmcheck::workload

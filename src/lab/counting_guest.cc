// SPDX-License-Identifier: Apache-2.0
#include "lab/counting_guest.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "lab/guest_source.h"

namespace mmcheck::lab {
namespace {

// Two functions of the kernel are traced: flush_tlb_mm_range(), once for each flush, and
// flush_tlb_func(), once on each CPU that is told of it. The tracepoint tlb_flush would not do: it
// is silent where a flush finds that the TLB is lazy. Times are numbers that all CPUs count
// together, so that lines are in order.
constexpr std::string_view kJob = R"c(
#include <sys/resource.h>

/* A file of so many pages is mapped again and again, as in the model. */
enum { FILE_PAGES = 1024 };
/* That a thread may have a CPU without a pause. */
enum { SECONDS_MAX = 60 };
/* Where nothing else is near: page tables there hold nothing else, and go with the pages. */
#define AREA ((char*)0x1000000000ul)

static void send(const char* text) {
  for (; *text; text++) outb(*text, 0xe9);
}

static void send_trace(void) {
  static char line[512];
  FILE* file = fopen("/trace/trace", "r");
  if (!file) fail("trace");
  while (fgets(line, sizeof line, file))
    if (*line != '#') send(line);
  fclose(file);
}

/* Interrupts by which TLBs were flushed, as the kernel itself counts them, on all CPUs. */
static unsigned long shootdowns(void) {
  static char line[4096];
  unsigned long sum = 0, number;
  FILE* file = fopen("/proc/interrupts", "r");
  if (!file) fail("interrupts");
  while (fgets(line, sizeof line, file)) {
    char* at = strstr(line, "TLB:");
    if (!at) continue;
    at += 4;
    for (int length; sscanf(at, "%lu%n", &number, &length) == 1; at += length) sum += number;
  }
  fclose(file);
  return sum;
}

static char *shared_end, *area_end; /* behind the shared pages; behind all */

static void map_area(int pages, int flags, int fd) {
  size_t bytes = (size_t)pages * PAGE;
  flags |= MAP_FIXED_NOREPLACE;
  if (mmap(area_end, bytes, PROT_READ | PROT_WRITE, flags, fd, 0) == MAP_FAILED) fail("mmap");
  area_end += bytes;
}

static void dirty(char* end) {
  for (char* page = AREA; page < end; page += PAGE) *(volatile char*)page = 1;
}

static void map_all(const struct work* work) {
  int file_pages = work->pages < FILE_PAGES ? work->pages : FILE_PAGES;
  int fd = open("/mnt/f", O_RDWR | O_CREAT, 0666);
  if (fd < 0 || ftruncate(fd, (off_t)file_pages * PAGE)) fail("/mnt/f");
  area_end = AREA;
  for (int left = work->pages; left > 0; left -= file_pages)
    map_area(left < file_pages ? left : file_pages, MAP_SHARED, fd);
  shared_end = area_end;
  if (work->forks) map_area(work->pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  dirty(area_end);
}

/* In the model each thread has a CPU to itself. Where something else wants it, the kernel stops
   half-way through a table, and flushes; or the TLB is lazy when a flush comes. Until the work is
   done nobody may wait for anything: the kernel's own threads do not run. */
static void have_cpu(int cpu) {
  struct sched_param first = {.sched_priority = 1};
  pin(cpu);
  if (sched_setscheduler(0, SCHED_FIFO, &first)) fail("sched_setscheduler");
}

static void* spin(void* cpu) {
  have_cpu((int)(long)cpu);
  for (char* page = AREA; page < area_end; page += PAGE) (void)*(volatile char*)page;
  __atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
  while (!shared->over) __asm__ volatile("pause" ::: "memory");
  return NULL;
}

static void fork_and_exit(void) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    dirty(shared_end);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void mark_trace(const char* text) { write_file("/trace/trace_marker", text); }

/* Only the work is between the two marks, and between the two counts. */
static void perform(int number, const struct work* work) {
  static char text[64];
  shared->ready = shared->over = 0;
  map_all(work);
  pthread_t thread;
  for (long cpu = 1; cpu < work->cpus; cpu++)
    if (pthread_create(&thread, NULL, spin, (void*)cpu)) fail("thread");
  have_cpu(0);
  while (shared->ready < (uint64_t)work->cpus - 1) usleep(1000);
  /* Twice, as what it writes to for the first time since fork() is copied, with a flush. */
  unsigned long before = shootdowns();
  before = shootdowns();
  mark_trace("begin");
  if (work->forks)
    fork_and_exit();
  else if (munmap(AREA, area_end - AREA))
    fail("munmap");
  mark_trace("end");
  snprintf(text, sizeof text, "run %d %lu\n", number, shootdowns() - before);
  shared->over = 1;
  send(text);
  send_trace();
  close(open("/trace/trace", O_WRONLY | O_TRUNC));
}

static void start_tracing(void) {
  mkdir("/trace", 0755);
  if (mount("trace", "/trace", "tracefs", 0, NULL)) fail("tracefs");
  write_file("/trace/trace_clock", "counter");
  write_file("/trace/set_ftrace_filter", "flush_tlb_mm_range");
  write_file("/trace/set_ftrace_filter", "flush_tlb_func");
  write_file("/trace/current_tracer", "function");
  write_file("/trace/events/syscalls/sys_enter_munmap/enable", "1");
  write_file("/trace/events/syscalls/sys_exit_munmap/enable", "1");
  write_file("/trace/events/syscalls/sys_enter_clone/enable", "1");
  write_file("/trace/events/syscalls/sys_exit_clone/enable", "1");
  write_file("/trace/events/syscalls/sys_enter_exit_group/enable", "1");
  close(open("/trace/trace", O_WRONLY | O_TRUNC));
}

/* A process is born on the CPU of its parent, and a CPU on which it was takes part in some of its
   flushes even when it has nothing to do. So all is done on the first one. */
void job(void) {
  pin(0);
  /* have_cpu() is true until the work is done, and not for a second only; but not for ever. */
  struct rlimit limit = {.rlim_cur = SECONDS_MAX * 1000000, .rlim_max = SECONDS_MAX * 1000000};
  write_file("/proc/sys/kernel/sched_rt_runtime_us", "-1");
  if (setrlimit(RLIMIT_RTTIME, &limit)) fail("setrlimit");
  if (ioperm(0xe9, 1, 1)) fail("ioperm");
  start_tracing();
  for (int i = 0; i < WORKS * TIMES; i++) {
    if (fork() == 0) {
      perform(i / TIMES, &works[i / TIMES]);
      _exit(0);
    }
    int status = 0;
    if (wait(&status) < 0 || status != 0) fail("a run");
  }
  send("end\n");
}
)c";

}  // namespace

std::string counting_guest_source(std::span<const CountedWork> works, unsigned times) {
  unsigned cpus = 1;
  std::string text;
  for (const CountedWork& work : works) {
    cpus = std::max(cpus, work.cpus);
    text += fmt::format("  {{{}, {}, {}}},\n", work.kind == CountedWork::Kind::ForkExit ? 1 : 0,
                        work.pages, work.cpus);
  }
  return job_guest_source(fmt::format("\nenum {{ WORKS = {}, TIMES = {} }};\n"
                                      "static const struct work {{\n  int forks, pages, cpus;\n}} "
                                      "works[] = {{\n{}}};\n",
                                      works.size(), times, text) +
                              std::string(kJob),
                          cpus);
}

}  // namespace mmcheck::lab

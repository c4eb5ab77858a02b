// SPDX-License-Identifier: Apache-2.0
#include "lab/guest_frame.h"

namespace mmcheck::lab {

const std::string_view kGuestBegin = R"c(#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS_MAX = 8, FILES_MAX = 4, PAGES_MAX = 16, REGISTERS_MAX = 32, PAGE = 4096 };

/* Both sides know this layout. */
struct words {
  volatile uint64_t state, ready, over;
  volatile uint64_t allowed[THREADS_MAX], made[THREADS_MAX], fault[THREADS_MAX];
  volatile uint64_t stored[FILES_MAX][PAGES_MAX], seen[FILES_MAX][PAGES_MAX];
  volatile uint64_t nr_stores[FILES_MAX][PAGES_MAX];
  volatile uint64_t registers[THREADS_MAX][REGISTERS_MAX];
  char failure[128];
};
enum { NONE, READY, JUDGED, FAILED };
#define shared ((struct words*)SHARED)

/* Some guests have a job of their own, and no scenario. Nobody watches over them. */
void job(void) __attribute__((weak));

/* The controller stops here whoever has something to tell: by its CPU it knows who it is. */
__attribute__((noinline, used, aligned(16))) void mark(void) {
  __asm__ volatile("nop" ::: "memory");
}

static void give_up(const char* what, const char* why) {
  snprintf(shared->failure, sizeof shared->failure, "%s: %s", what, why);
  if (job) {
    printf("mmcheck: failed: %s\n", shared->failure);
    reboot(RB_POWER_OFF);
  }
  shared->state = FAILED;
  mark();
  for (;;) pause();
}
static void fail(const char* what) { give_up(what, strerror(errno)); }

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) fail("sched_setaffinity");
}

/* An access that is refused ends its thread, as in the model. */
static __thread sigjmp_buf refused;
static __thread int thread_number;
static void on_fault(int number, siginfo_t* info, void* context) {
  (void)number;
  (void)context;
  shared->fault[thread_number] = (uint64_t)info->si_addr;
  siglongjmp(refused, 1);
}

/* A thread spins where it waits: one that sleeps would give its CPU, and its TLB, to another. */
static void begin(int thread, int statement) {
  while (shared->allowed[thread] <= (uint64_t)statement) __asm__ volatile("pause" ::: "memory");
}
static void end(int thread, int statement) {
  shared->made[thread] = statement + 1;
  if (shared->allowed[thread] == (uint64_t)statement + 1) mark();
}

static void stored(int file, int page, uint64_t value) {
  shared->stored[file][page] = value;
  shared->nr_stores[file][page]++;
}

/* Of the mapping that begins there: how much is mapped by entries of the level above. */
static long huge_kilobytes(uint64_t mapping) {
  static char line[512];
  uint64_t first, end;
  long kilobytes = 0;
  int here = 0;
  FILE* file = fopen("/proc/self/smaps", "r");
  if (!file) fail("smaps");
  while (fgets(line, sizeof line, file)) {
    if (sscanf(line, "%lx-%lx ", &first, &end) == 2) here = first == mapping;
    if (here) sscanf(line, "FilePmdMapped: %ld kB", &kilobytes);
  }
  fclose(file);
  return kilobytes;
}

/* Whether a page is part of a compound one: the page that is mapped at this address. */
static int is_in_large_folio(uint64_t address) {
  uint64_t entry = 0, flags = 0;
  int pages = open("/proc/self/pagemap", O_RDONLY), all = open("/proc/kpageflags", O_RDONLY);
  if (pread(pages, &entry, 8, address / PAGE * 8) != 8) fail("pagemap");
  if (pread(all, &flags, 8, (entry & ((1ul << 55) - 1)) * 8) != 8) fail("kpageflags");
  close(pages);
  close(all);
  return (flags & (1ul << 15 | 1ul << 16)) != 0; /* KPF_COMPOUND_HEAD, KPF_COMPOUND_TAIL */
}
)c";

const std::string_view kGuestEnd = R"c(
static const char* path_of(int file) {
  static char path[16];
  snprintf(path, sizeof path, "/mnt/%c", 'a' + file);
  return path;
}

static void make_files(void) {
  static char zeros[PAGE];
  for (int file = 0; file < FILES; file++) {
    int fd = open(path_of(file), O_RDWR | O_CREAT | O_TRUNC, 0666);
    if (fd < 0) fail("open");
    for (long at = 0; at < bytes_of_file[file]; at += PAGE)
      if (write(fd, zeros, PAGE) != PAGE) fail("write");
    if (fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)) fail("fsync");
    close(fd);
  }
}

/* All that had the files mapped is gone: what is not on the disk by now, the kernel has lost. */
static void judge(void) {
  static char buffer[PAGE] __attribute__((aligned(4096)));
  for (int file = 0; file < FILES; file++) {
    int fd = open(path_of(file), O_RDWR);
    if (fd < 0 || fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)) fail("write back");
    close(fd);
    fd = open(path_of(file), O_RDONLY | O_DIRECT);
    for (int page = 0; page < pages_of_file[file]; page++) {
      if (pread(fd, buffer, PAGE, (off_t)page * PAGE) < 0) fail("pread");
      memcpy((void*)&shared->seen[file][page], buffer, 8);
    }
    close(fd);
  }
}

static void* run_thread(void* argument) {
  thread_number = (int)(long)argument;
  pin(thread_number);
  warm_up(thread_number);
  __atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
  if (sigsetjmp(refused, 1) == 0) body(thread_number);
  shared->made[thread_number] = statements_of[thread_number];
  shared->allowed[thread_number] = statements_of[thread_number];
  if (shared->fault[thread_number] != 0) mark();
  while (!shared->over) usleep(1000);
  return NULL;
}

/* A folio that has just been read is in a batch of its CPU, where reclaim does not find it. Moving
   no pages empties the batches of all CPUs. */
static void drain_lru_batches(void) {
  int node = 0;
  syscall(SYS_move_pages, 0, 0ul, NULL, &node, NULL, 2 /* MPOL_MF_MOVE */);
}

static void run_process(int process) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  make_mappings(process);
  drain_lru_batches();
  pthread_t threads[THREADS_MAX];
  for (int thread = 0; thread < THREADS; thread++)
    if (process_of[thread] == process)
      if (pthread_create(&threads[thread], NULL, run_thread, (void*)(long)thread)) fail("thread");
  while (!shared->over) usleep(1000);
  _exit(0);
}

static int all_made(void) {
  for (int thread = 0; thread < THREADS; thread++)
    if (shared->made[thread] < (uint64_t)statements_of[thread]) return 0;
  return 1;
}

static void run_round(void) {
  memset((void*)shared, 0, sizeof(struct words));
  make_files();
  for (int process = 0; process < PROCESSES; process++)
    if (fork() == 0) run_process(process);
  while (shared->ready < THREADS) usleep(1000);
  usleep(20000);
  shared->state = READY;
  mark();
  while (!all_made()) usleep(1000);
  shared->over = 1;
  while (wait(NULL) > 0) continue;
  judge();
  shared->state = JUDGED;
  mark();
}

/* Symbols leave by a port that costs an instruction a byte: the serial line is much slower. */
static void send_symbols(void) {
  static char line[512];
  FILE* file = fopen("/proc/kallsyms", "r");
  if (!file || ioperm(0xe9, 1, 1)) fail("kallsyms");
  while (fgets(line, sizeof line, file))
    for (char* c = line; *c; c++) outb(*c, 0xe9);
  fclose(file);
}

static void write_file(const char* path, const char* text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) fail(path);
  close(fd);
}

static int has_job(const char* job) {
  static char line[4096];
  int fd = open("/proc/cmdline", O_RDONLY);
  if (fd < 0 || read(fd, line, sizeof line - 1) < 0) fail("cmdline");
  close(fd);
  return strstr(line, job) != NULL;
}

int main(void) {
  if (mmap(shared, sizeof(struct words), PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0) == MAP_FAILED)
    fail("mmap");
  mount("dev", "/dev", "devtmpfs", 0, NULL);
  int console = open("/dev/console", O_RDWR);
  dup2(console, 1);
  dup2(console, 2);
  setvbuf(stdout, NULL, _IONBF, 0);
  pin(CPUS - 1);
  if (mount("proc", "/proc", "proc", 0, NULL)) fail("proc");
  write_file("/proc/sys/kernel/kptr_restrict", "0");
  printf("mmcheck: booted\n");
  if (has_job("mmcheck=symbols")) {
    send_symbols();
    printf("mmcheck: symbols sent\n");
    reboot(RB_POWER_OFF);
  }
  /* The disk is written when the scenario says so, and at no other time. */
  write_file("/proc/sys/vm/dirty_writeback_centisecs", "0");
  mount_disk();
  printf("mmcheck: mounted\n");
  if (job) {
    job();
    reboot(RB_POWER_OFF);
  }
  for (;;) run_round();
}
)c";

}  // namespace mmcheck::lab

// SPDX-License-Identifier: Apache-2.0
// What /proc says of memory that is mapped and locked.
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t entry(int fd, char* at) {
  uint64_t found = 0;
  assert(pread(fd, &found, sizeof found, (uintptr_t)at / 4096 * sizeof found) == sizeof found);
  return found;
}

int main(void) {
  char* pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pages[4096] = 1;
  int fd = open("/proc/self/pagemap", O_RDONLY);
  assert(fd >= 0 && entry(fd, pages) >> 63 == 0 && entry(fd, pages + 4096) >> 63 == 1);
  assert(close(fd) == 0);
  assert(mlockall(MCL_CURRENT) == 0);
  FILE* smaps = fopen("/proc/self/smaps", "r");
  char line[200];
  unsigned long begin = 0, end = 0, size = 0, rss = 0, low, high;
  int locked = 0;
  while (fgets(line, sizeof line, smaps)) {
    if (sscanf(line, "%lx-%lx", &low, &high) == 2) begin = low, end = high;
    if (begin != (unsigned long)pages) continue;
    sscanf(line, "Size: %lu", &size);
    sscanf(line, "Rss: %lu", &rss);
    if (strncmp(line, "VmFlags:", 8) == 0) locked = strstr(line, " lo") != NULL;
  }
  assert(feof(smaps) && fclose(smaps) == 0);
  assert(end == begin + 8192 && size == 8 && rss == 8 && locked);
  assert(munlockall() == 0);
  assert(fopen("/proc/self/no_such_file", "r") == NULL);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Memory that may be written is not made executable, where the process has asked for that; its
// children inherit it.
#include <assert.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int status = 0;
  char* page = mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert(prctl(65, 1L, 0L, 0L, 0L) == 0 && prctl(66, 0L, 0L, 0L, 0L) == 1);
  assert(prctl(65, 0L, 0L, 0L, 0L) == -1 && errno == EPERM);
  int child = fork();
  if (child == 0) {
    assert(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
    assert(mprotect(page, 4096, PROT_READ) == 0);
    assert(syscall(SYS_mprotect, page, 4096L, (long)PROT_EXEC) == -1 && errno == EACCES);
    assert(mmap(0, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    _exit(1);
  }
  assert(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 1);
  assert(syscall(9999) == -1 && errno == ENOSYS);
  return 0;
}

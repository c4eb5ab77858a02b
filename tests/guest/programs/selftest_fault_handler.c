// SPDX-License-Identifier: Apache-2.0
// A handler jumps out of a fault, out of memset() too; and one that mends the fault returns.
#include <assert.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

static sigjmp_buf env;
static char* page;

static void jump(int sig) { siglongjmp(env, sig); }
static void mend(int sig, siginfo_t* info, void* context) {
  assert(sig == SIGSEGV && info->si_addr == page);
  assert(mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0);
}

int main(void) {
  page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  signal(SIGSEGV, jump);
  for (int round = 0; round < 3; ++round) {
    int got = sigsetjmp(env, 1);
    if (got == 0) {
      if (round == 0) *page = 1;
      if (round != 0) memset(page, 1, 8);
      assert(0);
    }
    assert(got == SIGSEGV);
  }
  assert(*page == 0);
  struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO};
  assert(sigaction(SIGSEGV, &action, 0) == 0);
  *page = 2;
  assert(*page == 2);
  return 0;
}

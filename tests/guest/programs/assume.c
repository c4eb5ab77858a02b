// sc: held 1    tso: held 1
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

void __VERIFIER_assume(bool);

static atomic_int x;

static void *set(void *unused) {
  atomic_store(&x, 1);
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, set, 0);
  __VERIFIER_assume(atomic_load(&x) == 1);
  pthread_join(thread, 0);
  assert(x == 1);
}

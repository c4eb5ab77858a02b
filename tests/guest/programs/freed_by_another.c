// sc: R-RACE    tso: R-RACE
// To free memory is to store to it.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic(int *) shared;

static void *drop(void *unused) {
  free(atomic_exchange(&shared, 0));
  return unused;
}

int main(void) {
  pthread_t thread;
  int *p = calloc(1, sizeof *p);
  atomic_store(&shared, p);
  pthread_create(&thread, 0, drop, 0);
  int *mine = atomic_load(&shared);
  if (mine) *(volatile int *)mine = 1;
  pthread_join(thread, 0);
}

// SPDX-License-Identifier: Apache-2.0
// Two threads N times i += j and j += i, a third reads both. -DN=5.
// For model checkers of C11 with pthreads; the same program as bench_classic has.
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#ifndef N
#define N 5
#endif

static atomic_int i = 1, j = 1;

static void* add_to_i(void* unused) {
  (void)unused;
  for (int k = 0; k < N; k++) {
    int sum = atomic_load(&i);
    sum += atomic_load(&j);
    atomic_store(&i, sum);
  }
  return NULL;
}

static void* add_to_j(void* unused) {
  (void)unused;
  for (int k = 0; k < N; k++) {
    int sum = atomic_load(&j);
    sum += atomic_load(&i);
    atomic_store(&j, sum);
  }
  return NULL;
}

static void* look(void* unused) {
  (void)unused;
  (void)atomic_load(&i);
  (void)atomic_load(&j);
  return NULL;
}

int main(void) {
  pthread_t t[3];
  pthread_create(&t[0], NULL, add_to_i, NULL);
  pthread_create(&t[1], NULL, add_to_j, NULL);
  pthread_create(&t[2], NULL, look, NULL);
  return 0;
}

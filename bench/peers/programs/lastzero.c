// SPDX-License-Identifier: Apache-2.0
// Abdulla et al., JACM 2017: one thread looks for the last zero, thread j copies a[j-1] + 1 to
// a[j]. -DN=15. For model checkers of C11 with pthreads; the same program as bench_classic has.
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#ifndef N
#define N 15
#endif

static atomic_int a[N + 1];

static void* find_last_zero(void* unused) {
  (void)unused;
  for (int i = N; atomic_load(&a[i]) != 0; i--) {
  }
  return NULL;
}

static void* copy(void* arg) {
  long j = (long)arg;
  atomic_store(&a[j], atomic_load(&a[j - 1]) + 1);
  return NULL;
}

int main(void) {
  pthread_t t[N + 1];
  pthread_create(&t[0], NULL, find_last_zero, NULL);
  for (long j = 1; j <= N; j++) pthread_create(&t[j], NULL, copy, (void*)j);
  return 0;
}

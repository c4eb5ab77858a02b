// sc: R-ASSERT
// What was stored just before an assumption fails is seen by others.
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

void __VERIFIER_assume(bool);

static volatile int x, y;

static void *one(void *unused) {
  int r = y;
  x = 1;
  __VERIFIER_assume(r);
  assert(0);
  return unused;
}

static void *other(void *unused) {
  if (x == 0) y = 1;
  return unused;
}

int main(void) {
  pthread_t a, b;
  pthread_create(&a, 0, one, 0);
  pthread_create(&b, 0, other, 0);
  pthread_join(a, 0);
  pthread_join(b, 0);
}

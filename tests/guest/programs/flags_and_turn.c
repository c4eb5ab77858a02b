// sc: held 4    tso: held 4
// Peterson's lock. Words of several sizes lie in the same eight bytes.
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

void __VERIFIER_assume(bool);

static atomic_bool left_wants, right_wants;
static atomic_int turn;
static int inside;

static void *left(void *unused) {
  atomic_store(&left_wants, 1);
  atomic_store(&turn, 1);
  __VERIFIER_assume(!atomic_load(&right_wants) || atomic_load(&turn) != 1);
  inside++;
  atomic_store(&left_wants, 0);
  return unused;
}

static void *right(void *unused) {
  atomic_store(&right_wants, 1);
  atomic_store(&turn, 0);
  __VERIFIER_assume(!atomic_load(&left_wants) || atomic_load(&turn) != 0);
  inside++;
  atomic_store(&right_wants, 0);
  return unused;
}

int main(void) {
  pthread_t l, r;
  pthread_create(&l, 0, left, 0);
  pthread_create(&r, 0, right, 0);
  pthread_join(l, 0);
  pthread_join(r, 0);
}

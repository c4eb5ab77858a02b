// sc: held 1
// The compiler stores parameters without telling anybody.
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

static void *add(void *argument) {
  int expected = 5;
  atomic_compare_exchange_strong((atomic_int *)argument, &expected, 6);
  return argument;
}

static void count_to(_Atomic int n) {
  pthread_t thread;
  pthread_create(&thread, 0, add, &n);
  pthread_join(thread, 0);
  assert(atomic_fetch_add(&n, 1) == 6);
  assert(n == 7);
}

int main(void) { count_to(5); }

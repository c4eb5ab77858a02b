// sc: held 2    tso: held 2
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

static void *add(void *argument) {
  atomic_fetch_add((atomic_int *)argument, 1);
  return argument;
}

int main(void) {
  pthread_t a, b;
  atomic_int count = 0;
  pthread_create(&a, 0, add, &count);
  pthread_create(&b, 0, add, &count);
  pthread_join(a, 0);
  pthread_join(b, 0);
  assert(count == 2);
}

// sc: held 1    tso: held 1
// Who waits for a thread that calls exit() does not go on.
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

static void *leave(void *unused) {
  exit(0);
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, leave, 0);
  pthread_join(thread, 0);
  assert(0);
}

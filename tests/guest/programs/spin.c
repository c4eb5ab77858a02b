// sc: held 1    tso: held 1
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_int go;
static int message;

static void *send(void *unused) {
  message = 1;
  atomic_store(&go, 1);
  return unused;
}

int main(void) {
  pthread_t sender;
  pthread_create(&sender, 0, send, 0);
  while (!atomic_load(&go)) {
  }
  assert(message == 1);
  pthread_join(sender, 0);
}

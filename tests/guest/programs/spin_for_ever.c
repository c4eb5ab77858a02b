// sc: R-LIVE    tso: R-LIVE
#include <pthread.h>
#include <stdatomic.h>

static atomic_int go;

static void *send(void *unused) {
  atomic_store(&go, 1);
  atomic_store(&go, 0);
  return unused;
}

int main(void) {
  pthread_t sender;
  pthread_create(&sender, 0, send, 0);
  while (!atomic_load(&go)) {
  }
  pthread_join(sender, 0);
}

// sc: held 1    tso: held 1
// Bytes beside each other are nobody else's business; a word that covers them is.
#include <assert.h>
#include <pthread.h>

static struct {
  char a, b;
  short c;
} bytes;

static void *store(void *unused) {
  bytes.a = 1;
  bytes.c = 3;
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, store, 0);
  bytes.b = 2;
  pthread_join(thread, 0);
  assert(bytes.a == 1 && bytes.b == 2 && bytes.c == 3);
}

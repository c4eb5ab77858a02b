// sc: R-SIGNAL    tso: R-SIGNAL
// The first execution shows both what is shared and the wild pointer.
#include <pthread.h>

static int x;
static int* volatile wild = (int*)0x123456789000;

static void* stores(void* unused) {
  x = 1;
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, stores, 0);
  pthread_join(thread, 0);
  x = 2;
  return *wild;
}

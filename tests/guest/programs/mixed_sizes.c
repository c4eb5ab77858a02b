// sc: held 3
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

static union {
  _Atomic unsigned word;
  _Atomic unsigned char bytes[4];
} lock;

static void *store(void *unused) {
  atomic_store(&lock.bytes[1], 1);
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, store, 0);
  const unsigned before = atomic_fetch_add(&lock.word, 1);
  const unsigned after = atomic_load(&lock.word);
  assert((before == 0 || before == 0x100) && (after == 1 || after == 0x101));
  pthread_join(thread, 0);
  assert(atomic_load(&lock.word) == 0x101);
}

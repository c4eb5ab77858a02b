// sc: held 6    tso: held 6
// memset() and memcpy() in programs whose steps are taken back.
#include <assert.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char text[24];

static void *fill(void *argument) {
  char mine[24];
  memset(mine, (int)(long)argument, sizeof mine);
  pthread_mutex_lock(&lock);
  memcpy(text, mine, sizeof text);
  assert(memcmp(text, mine, sizeof text) == 0);
  pthread_mutex_unlock(&lock);
  return argument;
}

int main(void) {
  pthread_t threads[3];
  for (long i = 0; i < 3; i++) pthread_create(&threads[i], 0, fill, (void *)(i + 1));
  for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
  assert(text[0] == text[23]);
}

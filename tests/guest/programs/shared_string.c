// sc: R-RACE    tso: R-RACE
#include <pthread.h>
#include <string.h>

static char text[] = "a";

static void *store(void *unused) {
  text[0] = 'b';
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, store, 0);
  const int same = strcmp(text, "a") == 0;
  pthread_join(thread, 0);
  return same ? 0 : 0;
}

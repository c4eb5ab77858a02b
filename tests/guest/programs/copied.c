// sc: R-RACE    tso: R-RACE
// What the C library does to memory is seen as well.
#include <pthread.h>
#include <string.h>

static char text[16];

static void *write_text(void *unused) {
  strcpy(text, "hello");
  return unused;
}

int main(void) {
  pthread_t thread;
  char copy[16];
  pthread_create(&thread, 0, write_text, 0);
  memcpy(copy, text, sizeof copy);
  pthread_join(thread, 0);
}

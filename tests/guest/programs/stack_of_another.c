// sc: held 3    tso: held 3
// A variable on main()'s stack, which main() and a thread store to in turns, and steps are taken back.
#include <assert.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *add(void *argument) {
  pthread_mutex_lock(&lock);
  *(int *)argument += 10;
  pthread_mutex_unlock(&lock);
  return argument;
}

int main(void) {
  pthread_t thread;
  int count = 3;
  pthread_create(&thread, 0, add, &count);
  for (int i = 0; i < 2; i++) {
    pthread_mutex_lock(&lock);
    count++;
    pthread_mutex_unlock(&lock);
  }
  pthread_join(thread, 0);
  assert(count == 15);
}

// sc: held 2    tso: held 2
#include <assert.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int full;

static void *put(void *unused) {
  pthread_mutex_lock(&lock);
  full = 1;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, put, 0);
  pthread_mutex_lock(&lock);
  while (!full) pthread_cond_wait(&changed, &lock);
  assert(full);
  pthread_mutex_unlock(&lock);
  pthread_join(thread, 0);
}

// sc: held 32    tso: held 32
// Barriers, semaphores, readers-writer locks, pthread_once().
#include <assert.h>
#include <pthread.h>
#include <semaphore.h>

static pthread_barrier_t barrier;
static sem_t done;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int times, value;

static void begin(void) { times++; }

static void *work(void *unused) {
  pthread_once(&once, begin);
  pthread_barrier_wait(&barrier);
  pthread_rwlock_wrlock(&lock);
  value++;
  pthread_rwlock_unlock(&lock);
  sem_post(&done);
  return unused;
}

int main(void) {
  pthread_t threads[2];
  pthread_barrier_init(&barrier, 0, 2);
  sem_init(&done, 0, 0);
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], 0, work, 0);
  for (int i = 0; i < 2; i++) sem_wait(&done);
  pthread_rwlock_rdlock(&lock);
  assert(value == 2);
  pthread_rwlock_unlock(&lock);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
  assert(times == 1);
}

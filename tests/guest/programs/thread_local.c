// sc: held 1    tso: held 1
#include <assert.h>
#include <pthread.h>

static _Thread_local int mine = 7;
static pthread_key_t key;

static void *work(void *argument) {
  assert(mine == 7);
  mine = (int)(long)argument;
  pthread_setspecific(key, argument);
  assert(mine == (long)pthread_getspecific(key));
  return argument;
}

int main(void) {
  pthread_t a, b;
  void *result;
  pthread_key_create(&key, 0);
  pthread_create(&a, 0, work, (void *)1);
  pthread_create(&b, 0, work, (void *)2);
  pthread_join(a, &result);
  assert(result == (void *)1);
  pthread_join(b, &result);
  assert(result == (void *)2 && mine == 7);
}

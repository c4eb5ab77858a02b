// sc: R-MEMORY    tso: R-MEMORY
#include <pthread.h>
#include <stdlib.h>

int main(void) {
  pthread_mutex_t *lock = calloc(1, sizeof *lock);
  pthread_mutex_lock(lock);
  free(lock);
  pthread_mutex_unlock(lock);
}

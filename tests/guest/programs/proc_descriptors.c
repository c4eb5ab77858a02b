// linux-6.12: R-ASSERT
// Descriptors of files of /proc are given in an order, which is not always the threads'.
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>

static int first;
static int second;

static void *open_maps(void *to) {
  *(int *)to = open("/proc/self/maps", O_RDONLY);
  return 0;
}

int main(void) {
  pthread_t a, b;
  pthread_create(&a, 0, open_maps, &first);
  pthread_create(&b, 0, open_maps, &second);
  pthread_join(a, 0);
  pthread_join(b, 0);
  assert(first < second);
}
